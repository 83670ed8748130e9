// What the back office needs of the browser itself, by delegation and data attributes: keys, the palette, menus,
// and the save bar of a form. The pages are usable without it.
(() => {
  if (window.shopDesk) return;
  window.shopDesk = true;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = () => $("body > [data-desk]");
  const visible = (node) => node.isConnected && node.checkVisibility({ visibilityProperty: true });
  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  // Keys -------------------------------------------------------------------------------------------------
  // An element with data-keys="g o" is pressed by these keys, one after the other. Nothing happens while
  // somebody types, or in a dialog that doesn't have the element.
  const SEQUENCE_MS = 1200;
  const SINGLE = "shop-single-keys";
  const singleKeys = () => localStorage.getItem(SINGLE) !== "off";
  const types = (target) =>
    target instanceof Element && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]");
  const openDialog = () => $$("dialog[open]").filter((dialog) => dialog.matches(":modal")).at(-1);
  let typed = [];
  let typedAt = 0;
  const pressable = () => {
    const dialog = openDialog();
    return $$("[data-keys]", dialog ?? page() ?? document).filter(
      (node) => !node.disabled && (visible(node) || node.closest("details[data-menu]")),
    );
  };
  const press = (node) => {
    node.closest("details[data-menu]")?.removeAttribute("open");
    if (node.matches("input, select, textarea")) node.focus();
    else node.click();
  };
  addEventListener("keydown", (event) => {
    if (!page() || event.isComposing || event.keyCode === 229) return;
    const combined = event.ctrlKey || event.metaKey;
    if (combined && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      $("[data-palette-button]")?.click();
      return;
    }
    if (combined && !event.altKey && event.key.toLowerCase() === "s") {
      const button = $("form[data-changed] [data-save]", openDialog() ?? document);
      if (button || $("form[data-saves]")) event.preventDefault();
      button?.click();
      return;
    }
    if (combined || event.altKey || types(event.target) || !singleKeys()) return;
    if (event.key === "?" && !openDialog()) {
      event.preventDefault();
      showKeys();
      return;
    }
    if (event.key.length !== 1) return;
    if (performance.now() - typedAt > SEQUENCE_MS) typed = [];
    typedAt = performance.now();
    typed = [...typed, event.key.toLowerCase()].slice(-2);
    const nodes = pressable();
    for (const keys of [typed.join(" "), typed.at(-1)]) {
      const node = nodes.find((one) => one.dataset.keys === keys);
      if (!node) continue;
      event.preventDefault();
      typed = [];
      press(node);
      return;
    }
  });
  const labelOf = (node) => node.dataset.act || node.getAttribute("aria-label") || $("span", node)?.textContent || node.textContent;
  const showKeys = () => {
    const sheet = document.getElementById("key-sheet");
    const list = $("[data-key-list]", sheet);
    const { find, sheet: own, save } = list.dataset;
    const seen = new Map([["Ctrl K", find], ["?", own], ["Ctrl S", save]]);
    for (const node of $$("[data-keys]")) if (!seen.has(node.dataset.keys)) seen.set(node.dataset.keys, labelOf(node));
    list.replaceChildren(...[...seen].flatMap(([keys, label]) => [
      make("dt", { textContent: label.trim() }),
      make("dd", {}, ...keys.split(" ").flatMap((key, at) => [at ? " " : "", make("kbd", { className: "kbd", textContent: key.length === 1 ? key.toUpperCase() : key })])),
    ]));
    const single = $("[data-keys-switch]", sheet);
    single.checked = singleKeys();
    single.onchange = () => localStorage.setItem(SINGLE, single.checked ? "on" : "off");
    sheet.showModal();
  };

  // Menus ------------------------------------------------------------------------------------------------
  const menus = () => $$("details[data-menu][open]");
  addEventListener("click", (event) => {
    for (const menu of menus()) {
      const inside = menu.contains(event.target);
      if (!inside || event.target.closest("button, a")) menu.removeAttribute("open");
    }
  });
  addEventListener("keydown", (event) => {
    const menu = event.target instanceof Element && event.target.closest("details[data-menu][open]");
    if (!menu) return;
    const items = $$("button, a", menu).filter((item) => !item.disabled && visible(item));
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      menu.removeAttribute("open");
      $("summary", menu).focus();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      items.at((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1)) % items.length)?.focus();
    }
  }, true);

  // Palette ----------------------------------------------------------------------------------------------
  const palette = () => document.getElementById("palette");
  const field = () => $("[data-palette-input]", palette());
  const rows = () => $$("[role=option]", palette()).filter((row) => !row.hidden && visible(row));
  const choose = (row) => {
    for (const one of $$("[aria-selected=true]", palette())) one.setAttribute("aria-selected", "false");
    if (!row) return field().removeAttribute("aria-activedescendant");
    row.id ||= `found-${rows().indexOf(row)}`;
    row.setAttribute("aria-selected", "true");
    field().setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  };
  const group = (place, title, nodes, words) => {
    const { row, group, end } = palette().dataset;
    const fits = nodes.filter((node) => words.every((word) => labelOf(node).toLowerCase().includes(word)));
    const labels = new Set();
    const options = fits.flatMap((node) => {
      const label = labelOf(node).trim();
      if (labels.has(label)) return [];
      labels.add(label);
      const option = make("button", { type: "button", className: row, tabIndex: -1 }, make("span", { textContent: label }));
      if (node.dataset.keys) option.append(make("span", { className: end, textContent: node.dataset.keys.toUpperCase() }));
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.addEventListener("click", () => {
        palette().close();
        press(node);
      });
      return [option];
    });
    place.replaceChildren(...(options.length ? [make("p", { className: group, textContent: title }), ...options] : []));
    return options.length;
  };
  const fill = () => {
    const dialog = palette();
    const text = field().value.trim();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const acts = $$("[data-act]").filter((node) => !node.disabled && !node.closest("dialog") && (visible(node) || node.closest("details[data-menu]")));
    const hits = $("[data-palette-hits]", dialog);
    // What was found for another text isn't shown for this one.
    const fresh = hits.dataset.asked === text;
    hits.hidden = !text || !fresh;
    const some = group($("[data-palette-acts]", dialog), dialog.dataset.actsTitle, acts, words) +
      group($("[data-palette-pages]", dialog), dialog.dataset.pagesTitle, $$("nav [data-nav]"), words);
    $("[data-palette-nothing]", dialog).hidden = some > 0 || !text || !fresh || hits.children.length > 0;
    choose(rows().find((row) => row.dataset.exact === "true") ?? rows()[0]);
  };
  addEventListener("input", (event) => event.target.matches?.("[data-palette-input]") && fill());
  addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-palette-input]")) return;
    const all = rows();
    const at = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(all.at((at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const row = all[at];
      if (!row) return;
      if (row.href && (event.ctrlKey || event.metaKey)) open(row.href, "_blank", "noopener");
      else row.click();
    }
  });

  // Forms that say what is unsaved --------------------------------------------------------------------------
  // Every named control of a form with data-saves is compared with what it came with: typing and taking it back
  // is no change. Names that the form has several of ("price-1", "price-2") are summed up by data-group.
  const controls = (form) => [...form.elements].filter((one) => one.name && one.type !== "hidden" && !one.dataset.loose);
  const valueOf = (one) => (one.type === "checkbox" || one.type === "radio" ? String(one.checked) : one.value.replaceAll("\r\n", "\n"));
  const came = (one) => {
    if (one.type === "checkbox" || one.type === "radio") return String(one.defaultChecked);
    if (one instanceof HTMLSelectElement) {
      one.dataset.was ??= one.value;
      return one.dataset.was;
    }
    return one.defaultValue.replaceAll("\r\n", "\n");
  };
  const differs = (one) => valueOf(one) !== came(one);
  const nameOf = (one) => one.dataset.label || one.labels?.[0]?.firstChild?.textContent?.trim() || one.getAttribute("aria-label") || one.name;
  const compare = (form) => {
    const changed = controls(form).filter(differs);
    const more = Number(form.dataset.moreChanges ?? 0);
    form.toggleAttribute("data-changed", changed.length > 0 || more > 0);
    const counts = new Map();
    for (const one of changed) {
      const label = one.type === "radio" ? one.closest("fieldset")?.querySelector("legend")?.textContent ?? nameOf(one) : one.dataset.group ?? nameOf(one);
      counts.set(label, (counts.get(label) ?? new Set()).add(one.name));
    }
    const words = [...counts].map(([label, names]) => (names.size > 1 ? `${names.size} × ${label}` : label));
    if (form.dataset.moreLabel && more > 0) words.push(form.dataset.moreLabel);
    const place = $("[data-changes]", form);
    if (place && place.textContent !== words.join(", ")) place.textContent = words.join(", ");
    const touched = form.elements.namedItem("touched");
    if (touched instanceof HTMLInputElement) touched.value = [...new Set(changed.map((one) => one.name))].join(",");
  };
  const compareAll = () => $$("form[data-saves]").forEach(compare);
  for (const type of ["input", "change"]) {
    addEventListener(type, (event) => {
      const form = event.target.form;
      if (form?.matches("[data-saves]")) compare(form);
    });
  }
  // Before React reads the form.
  addEventListener("submit", (event) => event.target.matches("[data-saves]") && compare(event.target), true);
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-discards]");
    const form = button?.closest("form");
    if (!form) return;
    for (const one of controls(form).filter(differs)) {
      if (one instanceof HTMLSelectElement) one.value = one.dataset.was;
      else if (one.type === "checkbox" || one.type === "radio") one.checked = one.defaultChecked;
      else one.value = one.defaultValue;
      one.dispatchEvent(new Event("input", { bubbles: true }));
      one.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.dispatchEvent(new CustomEvent("discard", { bubbles: true }));
    compare(form);
  });
  const unsaved = () => $("form[data-saves][data-changed]");
  addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());
  // A page of another release is loaded again by itself, unless that would lose something (web/frontend.py).
  document.addEventListener("newrelease", (event) => (unsaved() || openDialog()) && event.preventDefault());
  let leaving = false;
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || leaving || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!unsaved() || link.getAttribute("href").startsWith("#")) return;
    const bar = $("[data-save-bar]", unsaved());
    if (confirm(bar?.dataset.leave ?? "There are unsaved changes. Leave without saving?")) {
      leaving = true;
      setTimeout(() => (leaving = false));
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // In a dialog, arrows press the buttons that have them, unless somebody types -----------------------------------
  addEventListener("keydown", (event) => {
    const dialog = openDialog();
    const button = dialog && !types(event.target) && $(`[data-arrow="${event.key}"]`, dialog);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // Signs of life: a button with data-every="30" is pressed so often, while its page is seen ------------------
  let beats = 0;
  setInterval(() => {
    beats += 1;
    if (document.hidden) return;
    for (const one of $$("[data-every]")) if (beats % Number(one.dataset.every) === 0) one.click();
  }, 1000);

  // The page changes under the script ------------------------------------------------------------------------
  let scheduled = false;
  const look = () => {
    scheduled = false;
    compareAll();
    if (palette()?.open) {
      const asked = $("[data-palette-hits]", palette()).dataset.asked;
      if (asked !== look.asked) {
        look.asked = asked;
        fill();
      }
    }
  };
  new MutationObserver((records) => {
    if (records.every((one) => one.target instanceof Element && one.target.closest("#palette-list > :not([data-palette-hits]), [data-changes]"))) return;
    if (!scheduled) requestAnimationFrame(look);
    scheduled = true;
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-asked", "open", "data-more-changes"] });
  // Opened: what was typed before is marked, so that typing replaces it.
  new MutationObserver((records) => {
    if (!records.some((one) => one.target === palette()) || !palette().open) return;
    field().select();
    fill();
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["open"] });
  look();
})();
