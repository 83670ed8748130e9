// What lists of the back office need of the browser itself, by delegation and data attributes: the choice of rows,
// keys of the focused table, pop-ups, the search as one types, and the order of columns. It holds nothing but what
// is on the page: a page of other rows begins with nothing chosen.
(() => {
  if (window.shopLists) return;
  window.shopLists = true;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const list = () => $("[data-list]");
  const rows = () => $$("[data-record]", list() ?? document);
  const boxOf = (row) => $("[data-choose]", row);

  // Choice -------------------------------------------------------------------------------------------------
  let chosen = new Set();
  let every = false;
  let anchor = null;
  let shown = "";

  const paint = () => {
    const root = list();
    if (!root) return;
    const here = rows();
    for (const row of here) {
      const on = every || chosen.has(row.dataset.record);
      row.toggleAttribute("data-selected", on);
      row.setAttribute("aria-selected", String(on));
      const box = boxOf(row);
      if (box) box.checked = on;
    }
    const on = here.filter((row) => row.hasAttribute("data-selected")).length;
    const all = $("[data-choose-all]", root);
    if (all) {
      all.checked = on > 0 && on === here.length;
      all.indeterminate = on > 0 && on < here.length;
    }
    const bar = $("[data-bulk]", root);
    if (!bar) return;
    bar.hidden = on === 0;
    const said = $("[data-chosen]", bar);
    const label = every
      ? bar.dataset.allLabel.replace("{count}", bar.dataset.matching)
      : said.dataset.label.replace("{count}", String(on));
    if (said.textContent !== label) said.textContent = label;
    const more = $("[data-choose-every]", bar);
    more.hidden = every || on < here.length || more.dataset.chooseEvery !== "true";
    const ids = here.filter((row) => row.hasAttribute("data-selected")).map((row) => row.dataset.record).join(",");
    for (const link of $$("[data-bulk-opens]", bar)) {
      link.hidden = every;
      link.setAttribute("href", link.dataset.bulkOpens.replace("{ids}", ids));
    }
  };
  const clear = () => {
    chosen = new Set();
    every = false;
    anchor = null;
    paint();
  };
  const choose = (row, on, range) => {
    every = false;
    const here = rows();
    const from = range && anchor ? here.findIndex((one) => one.dataset.record === anchor) : -1;
    const to = here.indexOf(row);
    const some = from < 0 ? [row] : here.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const one of some) on ? chosen.add(one.dataset.record) : chosen.delete(one.dataset.record);
    anchor = row.dataset.record;
    paint();
  };

  addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target || !list()) return;
    const box = target.closest("[data-choose]");
    if (box) return choose(box.closest("[data-record]"), box.checked, event.shiftKey);
    if (target.closest("[data-choose-all]")) {
      const on = target.closest("[data-choose-all]").checked;
      chosen = new Set(on ? rows().map((row) => row.dataset.record) : []);
      every = false;
      return paint();
    }
    if (target.closest("[data-choose-none]")) return clear();
    if (target.closest("[data-choose-every]")) {
      every = true;
      return paint();
    }
    const action = target.closest("[data-bulk-action]");
    if (action) {
      const form = action.closest("form");
      form.elements.namedItem("ids").value = every ? "" : [...chosen].join(",");
      form.elements.namedItem("every").value = every ? "1" : "";
      form.elements.namedItem("action").value = action.dataset.bulkAction;
      form.requestSubmit();
      return undefined;
    }
    // A row leads where its first link leads; what is pressed inside it has a business of its own.
    const row = target.closest("[data-record]");
    if (row && !target.closest("a, button, input, label, details") && !String(getSelection())) open(row, event);
    return undefined;
  });
  addEventListener("auxclick", (event) => {
    const row = event.target instanceof Element && event.target.closest("[data-record]");
    if (row && event.button === 1 && !event.target.closest("a, button, input, label")) open(row, event);
  });
  addEventListener("mousedown", (event) => {
    // Shift chooses a range of rows, not of letters.
    if (event.shiftKey && event.target instanceof Element && event.target.closest("[data-record]")) event.preventDefault();
  });
  const open = (row, event) => {
    const link = $("[data-opens-row=true]", row);
    if (!link) return;
    if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
    else link.click();
  };

  // Keys of the focused table ------------------------------------------------------------------------------
  addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const table = target?.closest("[data-list-table]");
    if (!table || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input:not([type=checkbox]), select, textarea, [contenteditable=true]")) return;
    const here = rows();
    const row = target.closest("[data-record]");
    const at = here.indexOf(row);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const go = (to) => {
      const next = here[Math.max(0, Math.min(here.length - 1, to))];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    const onRow = target === row || target === table;
    if (key === "j" || (key === "ArrowDown" && onRow)) go(at + 1);
    else if (key === "k" || (key === "ArrowUp" && onRow)) go(at < 0 ? 0 : at - 1);
    else if (key === "x" && row) choose(row, !row.hasAttribute("data-selected"), event.shiftKey);
    else if (key === "Enter" && target === row) open(row, event);
    else if (key === " " && target === row && $("[data-peek]", row)) $("[data-peek]", row).click();
    else if (key === "Escape" && (chosen.size || every)) clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // Pop-ups ------------------------------------------------------------------------------------------------
  const pops = () => $$("details[data-pop][open]");
  const shut = (pop) => {
    const inside = pop.contains(document.activeElement);
    pop.removeAttribute("open");
    if (inside) $("summary", pop)?.focus();
  };
  addEventListener("click", (event) => {
    for (const pop of pops()) {
      const link = event.target instanceof Element && event.target.closest("a, [data-shuts]");
      if (!pop.contains(event.target) || (link && pop.contains(link))) pop.removeAttribute("open");
    }
  });
  addEventListener("keydown", (event) => {
    const pop = event.key === "Escape" && event.target instanceof Element && event.target.closest("details[data-pop][open]");
    if (!pop) return;
    shut(pop);
    event.preventDefault();
    event.stopPropagation();
  }, true);
  addEventListener("toggle", (event) => {
    const pop = event.target;
    if (!(pop instanceof HTMLDetailsElement) || !pop.open || !pop.matches("details[data-pop] details, details[data-pop]")) return;
    $("input:not([type=hidden]), select", pop.matches("[data-pop]") ? pop.lastElementChild : pop)?.focus();
    // What would stand out of the screen is drawn from the other side.
    const panel = pop.lastElementChild;
    if (pop.matches("[data-pop]") && panel.getBoundingClientRect().right > innerWidth - 8) panel.style.insetInline = "auto 0";
  }, true);

  // Columns ------------------------------------------------------------------------------------------------
  const writeOrder = (columns) => {
    const order = columns.closest("form").elements.namedItem("order");
    order.value = $$("[data-column]", columns).map((one) => one.dataset.column).join(",");
  };
  addEventListener("click", (event) => {
    const mover = event.target instanceof Element && event.target.closest("[data-moves]");
    if (!mover) return;
    const line = mover.closest("[data-column]");
    const up = mover.dataset.moves === "-1";
    const other = up ? line.previousElementSibling : line.nextElementSibling;
    if (other) up ? other.before(line) : other.after(line);
    mover.focus();
  });
  addEventListener("submit", (event) => {
    const columns = $("[data-columns=true]", event.target);
    if (columns) writeOrder(columns);
  }, true);

  // Search -------------------------------------------------------------------------------------------------
  const TYPED_MS = 350;
  let typing = 0;
  addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-list-search]") || event.isComposing) return;
    clearTimeout(typing);
    const form = event.target.form;
    typing = setTimeout(() => form.isConnected && form.requestSubmit(), TYPED_MS);
  });
  addEventListener("submit", (event) => {
    if ($("[data-list-search]", event.target)) clearTimeout(typing);
  }, true);
  const filled = new WeakMap();
  const fillSearch = () => {
    const box = $("[data-list-search]");
    if (!box || filled.get(box) === box.dataset.query) return;
    filled.set(box, box.dataset.query);
    if (document.activeElement !== box) box.value = box.dataset.query;
  };

  // Follow what React draws --------------------------------------------------------------------------------
  let planned = false;
  const follow = () => {
    planned = false;
    const root = list();
    fillSearch();
    if (!root) return;
    const now = `${root.dataset.list} ${root.dataset.address} ${root.dataset.answers}`;
    if (now !== shown) {
      shown = now;
      for (const pop of pops()) shut(pop);
      for (const dialog of $$("dialog[data-list-dialog][open]", root)) dialog.close();
      clear();
    } else paint();
  };
  new MutationObserver(() => {
    if (planned) return;
    planned = true;
    queueMicrotask(follow);
  }).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["data-address", "data-answers", "data-list", "data-query", "data-matching"],
  });
  follow();
})();
