// What pages need of the browser itself, by delegation and data attributes only: dialogs, the keys of the
// search box, the time of a toast and of a hold, the buy bar of a phone. No page depends on it to be read.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  // The page that is seen: the served one, until the reactive one has taken over (assets/served.js).
  const seen = (selector) => $(selector, $("#served") ?? document);

  // Dialogs ---------------------------------------------------------------------------------------
  const open = (dialog) => {
    if (!dialog || dialog.matches(":modal")) return;
    // The page behind doesn't scroll meanwhile; it keeps the width that its scrollbar took.
    const root = document.documentElement;
    root.style.setProperty("--scrollbar", `${innerWidth - root.clientWidth}px`);
    dialog.showModal();
  };
  const shut = (dialog) => dialog?.open && dialog.close();
  const follow = (dialog) => (dialog.dataset.open === "true" ? open(dialog) : shut(dialog));
  addEventListener("click", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    const opener = target.closest("[data-opens]");
    if (opener) open(seen(`#${opener.dataset.opens}`));
    if (target.closest("[data-closes]")) shut(target.closest("dialog"));
    if (target.closest("dialog a[href]") && !event.ctrlKey && !event.metaKey) {
      const dialog = target.closest("dialog");
      if (!target.closest("[data-stays]")) shut(dialog);
    }
    if (target instanceof HTMLDialogElement && target.open && target.matches(":modal")) {
      const box = target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right &&
        event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) shut(target);
    }
    const skip = target.closest("[data-skip]");
    if (skip) {
      event.preventDefault();
      seen("#main")?.focus();
    }
  });
  addEventListener("close", (event) => {
    const dialog = event.target;
    // A State still says open: the person closed it, so the State has to know.
    if (dialog instanceof HTMLDialogElement && dialog.dataset.open === "true") {
      $("[data-closed]", dialog)?.click();
    }
  }, true);

  // Search as you type ----------------------------------------------------------------------------
  const box = () => seen("#search");
  const rows = () => $$("#suggestions [role=option]").filter((row) => row.checkVisibility());
  const chosen = () => $("#suggestions [aria-selected=true]");
  const choose = (row) => {
    chosen()?.setAttribute("aria-selected", "false");
    const input = box();
    if (!row) return input.removeAttribute("aria-activedescendant");
    row.setAttribute("aria-selected", "true");
    row.id ||= `suggestion-${rows().indexOf(row)}`;
    input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  };
  const showing = () => {
    const input = box();
    const shown = rows().length > 0 && document.activeElement === input && !input.form.hasAttribute("data-closed");
    input?.setAttribute("aria-expanded", String(shown));
    return shown;
  };
  addEventListener("keydown", (event) => {
    const input = box();
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
      if (!typing && input) {
        event.preventDefault();
        input.focus();
        input.select();
      }
    }
    if (event.key === " " && event.target.matches?.("a[role=checkbox]")) {
      event.preventDefault();
      event.target.click();
    }
    if (event.target !== input || !input) return;
    if (event.key === "Escape") {
      if (showing()) event.preventDefault();
      input.form.setAttribute("data-closed", "");
      choose(null);
      showing();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      input.form.removeAttribute("data-closed");
      if (!showing()) return;
      event.preventDefault();
      const all = [null, ...rows()];
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
    } else if (event.key === "Enter" && chosen() && showing()) {
      event.preventDefault();
      chosen().click();
    } else if (event.key === "Enter") {
      input.form.setAttribute("data-closed", "");
      showing();
    }
  });
  addEventListener("input", (event) => {
    if (event.target !== box()) return;
    event.target.form.removeAttribute("data-closed");
    choose(null);
  });
  // What a page was searched for stands in the box, also where it was chosen from the suggestions.
  let query = "";
  const fillBox = () => {
    const input = box();
    const shown = input?.dataset.query ?? query;
    if (shown === query) return;
    query = shown;
    input.value = shown;
  };

  // A filter is marked as it is tapped, and painted, before the page begins to work on it.
  let passing = null;
  addEventListener("click", (event) => {
    const row = event.target.closest?.("a[role=checkbox]");
    if (!row || row === passing) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // Tapped twice, it is meant once: its address is the old one until the answer is there.
    if (row.dataset.marked === row.href) return;
    row.dataset.marked = row.href;
    setTimeout(() => delete row.dataset.marked, 1000);
    row.setAttribute("aria-checked", String(row.getAttribute("aria-checked") !== "true"));
    requestAnimationFrame(() => setTimeout(() => {
      passing = row;
      row.click();
      passing = null;
    }));
  }, true);

  // A form is sent with the variant that was chosen last, even before the server has answered the choice: until
  // then, whatever else React draws writes the one before into the field again. The answer makes a new field.
  let unanswered = null;
  addEventListener("click", (event) => {
    const choice = event.target;
    if (!(choice instanceof HTMLInputElement && choice.dataset.sku)) return;
    const field = choice.form?.elements.namedItem("sku");
    if (!(field instanceof HTMLInputElement)) return;
    field.value = choice.dataset.sku;
    unanswered = { form: choice.form, sku: choice.dataset.sku, field };
  }, true);
  addEventListener("submit", ({ target }) => {
    if (target !== unanswered?.form) return;
    const { sku, field: before } = unanswered;
    const field = target.elements.namedItem("sku");
    const isAnswered = field !== before && field.value === sku;
    // On another page by now, in the same form.
    const isOffered = target.querySelector(`[data-sku="${CSS.escape(sku)}"]`);
    if (isAnswered || !isOffered) unanswered = null;
    else field.value = sku;
  }, true);
  addEventListener("reset", (event) => {
    if (!event.target.matches("form[role=search]")) return;
    event.target.setAttribute("data-closed", "");
    box().focus();
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.("#suggestions a");
    if (!link) return;
    const form = link.closest("form");
    form.setAttribute("data-closed", "");
    document.activeElement?.blur();
  });
  addEventListener("focusin", (event) => {
    if (event.target === box()) showing();
  });

  // Toasts: away after their time, unless someone points at them or has the focus inside -------------
  const toasts = new WeakSet();
  const watchToast = (toast) => {
    if (toasts.has(toast)) return;
    toasts.add(toast);
    let left = Number(toast.dataset.toast);
    let before = performance.now();
    const tick = () => {
      if (!toast.isConnected) return;
      const now = performance.now();
      if (!toast.matches(":hover, :focus-within")) left -= now - before;
      before = now;
      if (left <= 0) $("[data-dismisses]", toast)?.click();
      else setTimeout(tick, 250);
    };
    tick();
  };

  // A bar that shows while what it stands for is out of view -----------------------------------------
  const watched = new WeakSet();
  const watchBar = (bar) => {
    const subject = document.getElementById(bar.dataset.watches);
    if (!subject || watched.has(subject)) return;
    watched.add(subject);
    new IntersectionObserver(([entry]) => {
      bar.dataset.shown = String(!entry.isIntersecting);
    }).observe(subject);
  };

  // A hold: counted down to the end that the shop named, by the shop's clock ---------------------------
  const holds = new WeakMap();
  const countHold = (timer) => {
    const { holdEnds, holdAsOf } = timer.dataset;
    const ends = Date.parse(holdEnds);
    let count = holds.get(timer);
    if (count?.asOf !== holdAsOf) {
      count = { asOf: holdAsOf, ahead: Date.now() - Date.parse(holdAsOf), ticking: count?.ticking };
      count.before = ends - Date.parse(holdAsOf);
      holds.set(timer, count);
    }
    const left = Math.max(0, ends - Date.now() + count.ahead);
    const seconds = Math.ceil(left / 1000);
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    // The text of the node, not a new node: nothing else is looked at because of it.
    const clock = $("[data-hold-clock]", timer).firstChild;
    if (clock.nodeValue !== text) clock.nodeValue = text;
    const says = $("[data-hold-says]");
    for (const [at, words] of [[300_000, says?.dataset.five], [60_000, says?.dataset.one]]) {
      if (says && count.before > at && left <= at) says.textContent = words;
    }
    if (left === 0 && count.before > 0) $("[data-hold-over]")?.click();
    count.before = left;
    if (count.ticking) return;
    count.ticking = true;
    const tick = setInterval(() => (timer.isConnected ? countHold(timer) : clearInterval(tick)), 250);
  };

  // The focus never gets lost ------------------------------------------------------------------------
  // On another page it starts at the heading, which says where one is. Where what had it goes away, the
  // nearest that is still there gets it; after a toast, what had it before.
  const shown = (node) => node?.isConnected && node.checkVisibility();
  const give = (node) => {
    if (!node.matches("a[href], button, input, select, textarea, summary, [tabindex]")) node.tabIndex = -1;
    node.focus({ preventScroll: true });
  };
  const heading = () => seen("#main h1") ?? seen("#main");
  let held = [];
  let heldBefore = null;
  addEventListener("focusin", ({ target }) => {
    if (held[0]?.closest("main, dialog")) heldBefore = held[0];
    held = [];
    for (let at = target; at && at !== document.body; at = at.parentElement) held.push(at);
  });
  const keepFocus = () => {
    if (document.activeElement !== document.body || !held.length || shown(held[0])) return;
    const near = held.find((node) => node.matches("main *, dialog *") && shown(node));
    const next = near ?? (shown(heldBefore) ? heldBefore : heading());
    held = [];
    if (next) give(next);
  };

  // Another address: the served head and what was open belonged to the one before.
  let path = location.pathname;
  let address = path + location.search;
  let arriving = false;
  for (const act of ["pointerdown", "keydown"]) addEventListener(act, () => (arriving = false), true);
  // React adopts a title or meta that equals its own; what it adopted is its to remove.
  const removeServed = (selector) => {
    for (const node of $$(selector)) {
      if (!Object.keys(node).some((key) => key.startsWith("__react"))) node.remove();
    }
  };
  document.addEventListener("takeover", () => {
    if ($$("title").length > 1) removeServed("title[data-served]");
  });
  // While a page loads, the title stays that of the page before, or the served one: it changes once. Then it is
  // what React has drawn, which it may have no reason to draw again.
  let title = document.title;
  const drawnTitle = () => {
    for (const node of $$("title")) {
      const key = Object.keys(node).find((name) => name.startsWith("__reactProps"));
      if (key) return [node[key].children].flat().join("");
    }
    return "";
  };
  const keepTitle = () => {
    const isReady = !$("#served") && $("body > [data-ready]")?.dataset.ready === "true";
    // As document.title gives it: one that never equals it would be set again for ever.
    if (isReady) title = (drawnTitle() || document.title).replace(/\s+/g, " ").trim();
    if (document.title !== title) document.title = title;
  };
  const arrived = () => {
    if (location.pathname + location.search !== address) {
      address = location.pathname + location.search;
      removeServed("head > [data-served]");
    }
    if (location.pathname !== path) {
      path = location.pathname;
      $$("dialog[open]").forEach((dialog) => dialog.dataset.open === "true" || shut(dialog));
      arriving = true;
      give(heading());
    }
    // The heading comes with the content.
    const active = document.activeElement;
    if (arriving && (active === document.body || active.id === "main") && active !== heading()) give(heading());
  };

  // What was typed outlives a page that is loaded again, by whomever: a new release of the shop does it too.
  // What the shop has kept already (then it is the field's default) comes from there; secrets, and what is
  // typed in the back office, don't.
  const TYPED = "typed";
  const SECRET = "[type=password], [type=hidden], [type=file], [autocomplete*=one-time-code], [autocomplete*=cc-]";
  // A browser may keep nothing for a page, and says so by an error.
  const keepForReload = (text) => {
    try {
      sessionStorage.setItem(TYPED, text);
    } catch {}
  };
  const keptForReload = () => {
    try {
      const text = sessionStorage.getItem(TYPED);
      sessionStorage.removeItem(TYPED);
      return text;
    } catch {
      return null;
    }
  };
  const touched = new Set();
  for (const type of ["input", "change"]) {
    addEventListener(type, ({ target }) => target.matches?.("input, select, textarea") && touched.add(target), true);
  }
  const differs = (field) => {
    if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return !field.selectedOptions[0]?.defaultSelected;
    return field.value !== field.defaultValue;
  };
  const named = (name) => [...document.getElementsByName(name)].filter((field) => !field.closest("#served"));
  const nameOf = (field) => field.id ? [field.id] : [field.name, named(field.name).indexOf(field)];
  const fieldOf = ([name, place]) => (place === undefined ? document.getElementById(name) : named(name)[place]);
  // Who signs in or out is another one: the page before has gone, also behind the back button, and nothing that
  // was typed into it is kept. The mark is the same for everybody and says only that it happened.
  const TURN = "turn";
  const turn = () => {
    try {
      return localStorage.getItem(TURN) ?? "";
    } catch {
      return String(Math.random());
    }
  };
  let turnHere = turn();
  let turns = false;
  addEventListener("submit", ({ target }) => {
    if (!target.matches?.("form[action^='/account/log']")) return;
    turns = true;
    try {
      localStorage.setItem(TURN, String(Date.now()));
      sessionStorage.removeItem(TYPED);
    } catch {}
  }, true);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && turn() !== turnHere) location.reload();
    turns = false;
  });
  addEventListener("pagehide", () => {
    if (turns) return;
    const fields = [...touched].filter((field) =>
      field.isConnected && (field.id || field.name) && differs(field) && !field.matches(SECRET) && !field.closest("#served"));
    if (!fields.length || location.pathname.startsWith("/admin")) return;
    const typed = fields.map((field) => {
      const { value, checked, selectionStart, selectionEnd } = field;
      const isActive = field === document.activeElement;
      return { name: nameOf(field), value, checked, selection: isActive && [selectionStart, selectionEnd] };
    });
    keepForReload(JSON.stringify({ address: location.pathname, typed }));
  });
  let missing = [];
  const takeTyped = () => {
    const kept = JSON.parse(keptForReload() ?? "null");
    const [navigation] = performance.getEntriesByType("navigation");
    if (kept?.address === location.pathname && navigation?.type === "reload") missing = kept.typed;
  };
  const retype = (field, { value, checked, selection }) => {
    if (touched.has(field)) return;
    if (["checkbox", "radio"].includes(field.type)) {
      if (field.checked !== checked) field.click();
    } else if (field.value !== value) {
      // Past React's own setter, so that it sees a change when the event arrives.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, value);
      for (const type of ["input", "change", "focusout"]) field.dispatchEvent(new Event(type, { bubbles: true }));
    }
    if (!selection) return;
    field.focus({ preventScroll: true });
    if (selection[0] !== null) field.setSelectionRange(...selection);
  };
  const retypeAll = () => {
    if (!missing.length || $("#served") || $("body > [data-ready]")?.dataset.ready !== "true") return;
    missing = missing.filter((one) => {
      const field = fieldOf(one.name);
      if (field) retype(field, one);
      return !field;
    });
  };

  let scheduled = false;
  const look = () => {
    scheduled = false;
    $$("dialog[data-open]").forEach(follow);
    $$("[data-toast]").forEach(watchToast);
    $$("[data-watches]").forEach(watchBar);
    $$("[data-hold-ends]").forEach(countHold);
    if (document.activeElement === box()) showing();
    fillBox();
    retypeAll();
    arrived();
    keepTitle();
    keepFocus();
  };
  // A page with somebody's own things that the browser has kept whole: they may have signed out since.
  addEventListener("pageshow", (event) => {
    if (event.persisted && /^\/(account|checkout|orders)\b/.test(location.pathname)) location.reload();
  });
  const start = () => {
    takeTyped();
    new MutationObserver(keepTitle).observe(document.head, { subtree: true, childList: true, characterData: true });
    new MutationObserver(() => {
      if (!scheduled) requestAnimationFrame(look);
      scheduled = true;
    }).observe(document.body, {
      subtree: true, childList: true, attributes: true,
      attributeFilter: ["data-open", "data-hold-as-of", "data-query", "data-ready"],
    });
    look();
  };
  start();
})();
