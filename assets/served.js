// The served page until the reactive one takes over. Both come from the same functions, so an element of the
// served block has a twin at the same place of the reactive page. What someone does in the block meanwhile is
// kept: presses and sent forms are repeated on the twins, once and in order; what was typed, chosen, unfolded,
// opened, scrolled and focused goes over as it is. The block goes in the frame in which the page says that it
// is ready (data-ready="true").
(() => {
  const LATE_MS = 1500;
  const LATEST_MS = 8000;
  // A key and what it does belong together; longer than this nobody presses one.
  const PRESS_MS = 2000;
  const block = () => document.getElementById("served");
  const reactive = () => document.querySelector("body > [data-ready]");
  const inBlock = (node) => node instanceof Element && node.closest("#served") !== null;
  const kept = [];
  const sent = new Set();
  const scrolled = new Set();
  const over = new AbortController();
  const listen = (type, listener) => addEventListener(type, listener, { capture: true, signal: over.signal });

  // The twin of an element: below the nearest ancestor with an id, else below the whole page, by the same steps.
  const places = (node) => [...node.children].filter((one) => one.tagName !== "NOSCRIPT");
  const twin = (node) => {
    const steps = [];
    let from = reactive();
    for (let at = node; at !== block().firstElementChild; at = at.parentElement) {
      const same = at.id && [...document.querySelectorAll(`#${CSS.escape(at.id)}`)].find((one) => !inBlock(one));
      if (same) {
        from = same;
        break;
      }
      if (!at.parentElement) return null;
      steps.unshift(places(at.parentElement).indexOf(at));
    }
    const found = steps.reduce((above, step) => above && places(above)[step], from);
    if (alike(node, found)) return found;
    const others = [...reactive().getElementsByTagName(node.tagName)].filter((one) => alike(node, one));
    return others.length === 1 ? others[0] : null;
  };
  const MARKS = ["name", "href", "data-testid", "data-value", "data-slug", "data-sku"];
  const alike = (one, other) =>
    other?.tagName === one.tagName && MARKS.every((mark) => one.getAttribute(mark) === other.getAttribute(mark));

  // Kept: what only the reactive page can do. Links, forms with an address, <details> and dialogs work by themselves.
  const keep = (node, repeat) => {
    kept.push([node, repeat]);
    // Until then it looks as busy as the reactive page makes it.
    if (node.hasAttribute("aria-busy") || node.type === "submit") node.setAttribute("aria-busy", "true");
  };
  const worksByItself = (button) =>
    button.type === "reset" ||
    (button.type === "submit" && button.form) ||
    ((button.dataset.opens || button.dataset.closes) && document.readyState !== "loading");
  const clicked = (event) => {
    if (!inBlock(event.target)) return;
    const link = event.target.closest("a[href^='#']");
    // The browser would go to the twin, which isn't shown yet.
    const place = link && block().querySelector(`#${CSS.escape(link.hash.slice(1))}`);
    if (place && !("skip" in link.dataset)) {
      event.preventDefault();
      place.scrollIntoView();
    }
    const button = event.target.closest("button");
    if (!button || worksByItself(button) || button.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    if (button.getAttribute("aria-busy") !== "true") keep(button, (found) => found.click());
  };
  const submitted = (event) => {
    const form = event.target;
    if (!inBlock(form) || form.hasAttribute("action")) return;
    event.preventDefault();
    if (sent.has(form)) return;
    sent.add(form);
    keep(event.submitter ?? form, (found) => {
      const twinForm = found.form ?? found;
      twinForm.requestSubmit(found === twinForm ? undefined : found);
    });
  };
  listen("click", clicked);
  listen("submit", submitted);
  listen("scroll", (event) => inBlock(event.target) && scrolled.add(event.target));

  // The router scrolls to the top when it starts. Whoever reads this page has scrolled it since.
  const { scrollTo } = window;
  window.scrollTo = () => {};
  const scrollPage = (top) => document.documentElement.scrollTo({ top, behavior: "instant" });

  // Nothing is taken from under a finger, nor from the middle of a word.
  let isDown = false;
  let typedAt = 0;
  let presses = 0;
  let composing = false;
  const isFree = () => !composing && !isDown && (!typedAt || performance.now() - typedAt > PRESS_MS);
  const release = () => {
    isDown = false;
    typedAt = 0;
    look();
  };
  // Unless the next press has begun meanwhile, whose own end counts.
  const releaseIn = (pauseMs) => {
    const ended = presses;
    setTimeout(() => ended === presses && release(), pauseMs);
  };
  // A touch becomes a click only some moments after the finger has left.
  const letGo = () => releaseIn(100);
  const down = () => {
    presses++;
    isDown = true;
  };
  listen("pointerdown", down);
  // It was lifted where this page doesn't see it.
  listen("pointermove", ({ buttons }) => isDown && !buttons && letGo());
  listen("keydown", () => {
    presses++;
    typedAt = performance.now();
  });
  for (const end of ["pointerup", "pointercancel", "keyup"]) listen(end, letGo);
  listen("click", () => releaseIn(0));
  listen("compositionstart", () => (composing = true));
  listen("compositionend", () => {
    composing = false;
    letGo();
  });

  // What was done before this script had come (web/served.py).
  const early = { pointerdown: down, pointerup: () => (isDown = false), click: clicked, submit: submitted };
  for (const type in early) removeEventListener(type, window.keepEarly, true);
  for (const event of window.early ?? []) early[event.type](event);

  // --- Taking over ---

  const setValue = (field, value, event) => {
    // Past React's own setter, so that it sees a change when the event arrives.
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, value);
    field.dispatchEvent(new Event(event, { bubbles: true }));
  };
  const isTyped = (field) => ["TEXTAREA", "INPUT"].includes(field.tagName) && !["checkbox", "radio", "hidden"].includes(field.type);
  const fields = () => [...block().querySelectorAll("input, select, textarea")].map((node) => [node, twin(node)]);
  const carryFields = (pairs) => {
    for (const [node, found] of pairs) {
      if (!found) continue;
      if (node.type === "checkbox" || node.type === "radio") {
        if (node.checked !== node.defaultChecked && node.checked && !found.checked) found.click();
        else if (node.type === "checkbox" && node.checked !== node.defaultChecked && found.checked) found.click();
      } else if (node.tagName === "SELECT") {
        const before = [...node.options].find((option) => option.defaultSelected) ?? node.options[0];
        if (node.value !== before?.value && node.value !== found.value) setValue(found, node.value, "change");
      } else if (isTyped(node) && node.value !== node.defaultValue && node.value !== found.value) {
        setValue(found, node.value, "input");
      }
    }
  };
  const takeOver = async () => {
    const served = block();
    const top = scrollY;
    const active = document.activeElement;
    const focused = inBlock(active) ? twin(active) : null;
    const selection = isTyped(active) ? [active.selectionStart, active.selectionEnd, active.selectionDirection] : [null];
    const pairs = fields();
    const unfolded = [...served.querySelectorAll("details")].map((node) => [twin(node), node.open]);
    const opened = [...served.querySelectorAll("dialog:modal")].map((node) => {
      const opener = served.querySelector(`[data-opens="${node.id}"]`);
      return [node, twin(node), opener && twin(opener)];
    });
    const strips = [...scrolled].filter((node) => node.isConnected).map((node) => [twin(node), node.scrollLeft, node.scrollTop]);
    const repeats = kept.map(([node, repeat]) => [twin(node), repeat]);

    for (const [node] of opened) node.close();
    for (const node of document.querySelectorAll("style[data-served]")) node.remove();
    served.remove();
    for (const [found, isOpen] of unfolded) if (found && found.open !== isOpen) found.open = isOpen;
    for (const [, found, opener] of opened) {
      opener?.focus({ preventScroll: true });
      if (!found?.isConnected || found.open) continue;
      found.style.transition = "none";
      found.showModal();
      requestAnimationFrame(() => requestAnimationFrame(() => found.style.removeProperty("transition")));
    }
    for (const [found, left, down] of strips) found?.scrollTo({ left, top: down, behavior: "instant" });
    focused?.focus({ preventScroll: true });
    window.scrollTo = scrollTo;
    if (scrollY !== top) scrollPage(top);
    carryFields(pairs);
    if (selection[0] !== null) focused?.setSelectionRange?.(...selection);
    document.dispatchEvent(new Event("takeover"));
    for (const [found, repeat] of repeats) {
      // React draws what one press changed before it hears of the next.
      await new Promise((done) => setTimeout(done));
      if (found) repeat(found);
    }
  };

  const look = () => {
    const page = reactive();
    if (page && page !== watched) {
      watched = page;
      watcher.observe(page, { attributes: true, attributeFilter: ["data-ready"] });
    }
    if (page?.dataset.ready !== "true" || !block()) return;
    if (!isFree()) {
      setTimeout(look, PRESS_MS);
      return;
    }
    watcher.disconnect();
    over.abort();
    takeOver();
  };
  let watched = null;
  const watcher = new MutationObserver(look);

  // --- What may go wrong meanwhile ---

  // Without a connection this page stays: it says so, and what works all the same.
  const sayLate = () => {
    const served = block();
    if (!served || served.dataset.late) return;
    served.dataset.late = "true";
    for (const node of served.querySelectorAll("[data-late-notice]")) node.hidden = false;
  };
  setTimeout(sayLate, LATEST_MS);

  const loaded = () => {
    setTimeout(sayLate, LATE_MS);
    // The reactive page's own script looked for the place before the block was there.
    const [navigation] = performance.getEntriesByType("navigation");
    if (block() && navigation?.type !== "navigate") {
      const tops = JSON.parse(sessionStorage.getItem("react-router-scroll-positions") ?? "{}");
      const top = tops[history.state?.key ?? "default"];
      if (top && !scrollY) scrollPage(top);
    }
    for (const strip of block()?.querySelectorAll("[data-at]:not([data-at='0'])") ?? []) {
      strip.scrollTo({ left: strip.dataset.at * strip.clientWidth, behavior: "instant" });
    }
    watcher.observe(document.body, { childList: true });
    look();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", loaded);
  else loaded();
})();
