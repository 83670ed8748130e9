// The options of a product with their values, above the sheet of its variants (assets/admin-matrix.js): added,
// renamed, moved and removed. Each new value makes the variants that it belongs to; nothing is sent before Save.
(() => {
  if (window.shopOptions) return;
  const MOST_OPTIONS = 3;
  const MOST_VARIANTS = 2048;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const same = (one, other) => one.trim().toLowerCase() === other.trim().toLowerCase();
  const alive = (sheet) => sheet.rows.filter((row) => !row.removed);

  const addValue = (sheet, option, text) => {
    const value = text.trim();
    if (!value || option.values.some((one) => same(one.value, value))) return;
    const place = sheet.options.indexOf(option);
    const pick = { was: "", value, swatch: "" };
    if (!option.values.length) {
      // The variants that there are have the first value of a new option.
      option.values.push(pick);
      for (const row of sheet.rows) row.picks[place] = pick;
      return;
    }
    const seen = new Set();
    const likes = alive(sheet).filter((row) => {
      const key = row.picks.map((one, at) => (at === place ? "" : sheet.options[at].values.indexOf(one))).join("/");
      return !seen.has(key) && seen.add(key);
    });
    if (alive(sheet).length + likes.length > MOST_VARIANTS) return sheet.say(fill(sheet.words.tooMany, { most: MOST_VARIANTS }));
    option.values.push(pick);
    for (const row of likes) sheet.add(row.picks.map((one, at) => (at === place ? pick : one)), row);
  };
  const removeValue = (sheet, option, value) => {
    if (option.values.length === 1) return removeOption(sheet, option);
    const place = sheet.options.indexOf(option);
    for (const row of sheet.rows.filter((one) => one.picks[place] === value)) sheet.remove(row);
    option.values.splice(option.values.indexOf(value), 1);
  };
  const removeOption = (sheet, option) => {
    const place = sheet.options.indexOf(option);
    sheet.options.splice(place, 1);
    const kept = new Set();
    for (const row of [...sheet.rows]) {
      row.picks.splice(place, 1);
      const key = row.picks.map((one, at) => sheet.options[at].values.indexOf(one)).join("/");
      // Of variants that are the same without it, the first stays.
      if (row.removed) continue;
      if (kept.has(key)) sheet.remove(row);
      kept.add(key);
    }
  };
  const move = (list, from, by) => {
    const to = from + by;
    if (to < 0 || to >= list.length) return false;
    [list[from], list[to]] = [list[to], list[from]];
    return true;
  };

  const draw = (sheet, box, make) => {
    const { words, look } = sheet;
    const locked = sheet.node.dataset.locked === "true";
    const again = (focus) => {
      sheet.sort();
      sheet.draw();
      if (focus) document.getElementById(focus)?.focus();
    };
    const button = (text, label, act, off = false) => {
      const node = make("button", { type: "button", className: look.tiny, textContent: text, ariaLabel: label, title: label, disabled: off || locked });
      node.addEventListener("click", act);
      return node;
    };
    const valueRow = (option, value, at, place) => {
      const id = `option-${place}-${at}`;
      const name = make("input", { id, type: "text", className: look.value, value: value.value, maxLength: 255, ariaLabel: fill(words.valueOf, { name: option.name || words.option }), disabled: locked });
      name.addEventListener("change", () => {
        const text = name.value.trim();
        if (text && !option.values.some((one) => one !== value && same(one.value, text))) value.value = text;
        again(id);
      });
      name.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), name.blur()));
      const colour = make("input", { type: "text", className: look.colour, value: value.swatch, placeholder: "#71804f", maxLength: 7, ariaLabel: fill(words.colourOf, { name: value.value }), disabled: locked });
      const dot = make("span", { className: look.dot, ariaHidden: "true" });
      dot.style.background = value.swatch || "transparent";
      colour.addEventListener("change", () => {
        if (colour.value === "" || /^#[0-9a-f]{6}$/i.test(colour.value)) value.swatch = colour.value.toLowerCase();
        again();
      });
      const step = (by) => () => move(option.values, at, by) && (reorder(), again(`option-${place}-${at + by}`));
      const reorder = () => {};
      return make("li", { className: look.valueRow }, dot, name, colour,
        button("↑", fill(words.up, { name: value.value }), step(-1), at === 0),
        button("↓", fill(words.down, { name: value.value }), step(1), at === option.values.length - 1),
        button("×", fill(words.removeValue, { name: value.value }), () => (removeValue(sheet, option, value), again())));
    };
    const optionBox = (option, place) => {
      const id = `option-${place}`;
      const name = make("input", { id, type: "text", className: look.optionName, value: option.name, maxLength: 100, placeholder: words.optionHint, ariaLabel: words.optionName, disabled: locked });
      name.addEventListener("change", () => {
        if (name.value.trim()) option.name = name.value.trim();
        again();
      });
      name.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), name.blur()));
      const fresh = make("input", { id: `${id}-new`, type: "text", className: look.newValue, placeholder: words.addValue, ariaLabel: fill(words.newValue, { name: option.name || words.option }), maxLength: 255, disabled: locked });
      const take = (text) => {
        for (const value of text.split(/[\n,;\t]+/)) addValue(sheet, option, value);
        again(`${id}-new`);
      };
      fresh.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== ",") return;
        event.preventDefault();
        if (fresh.value.trim()) take(fresh.value);
      });
      fresh.addEventListener("change", () => fresh.value.trim() && take(fresh.value));
      fresh.addEventListener("paste", (event) => {
        const text = event.clipboardData?.getData("text/plain") ?? "";
        if (!/[\n\t]/.test(text)) return;
        event.preventDefault();
        take(text);
      });
      const step = (by) => () => {
        if (!move(sheet.options, place, by)) return;
        for (const row of sheet.rows) move(row.picks, place, by);
        again(`option-${place + by}`);
      };
      return make("fieldset", { className: look.option },
        make("legend", { className: look.sr, textContent: option.name || words.option }),
        make("div", { className: look.optionHead }, name,
          button("↑", fill(words.up, { name: option.name }), step(-1), place === 0),
          button("↓", fill(words.down, { name: option.name }), step(1), place === sheet.options.length - 1),
          button("×", fill(words.removeOption, { name: option.name }), () => (removeOption(sheet, option), again()))),
        make("ul", { className: look.values }, ...option.values.map((value, at) => valueRow(option, value, at, place))),
        fresh);
    };
    const count = (option) => `${option.name} (${option.values.length})`;
    const title = make("summary", { className: look.optionsHead }, make("span", { textContent: sheet.options.length ? `${words.options}: ${sheet.options.map(count).join(", ")}` : words.noOptions }));
    const more = make("button", { type: "button", className: look.small, textContent: words.addOption, disabled: locked || sheet.options.length >= MOST_OPTIONS || sheet.options.some((one) => !one.values.length), id: "add-option" });
    more.addEventListener("click", () => {
      const names = words.names.filter((one) => !sheet.options.some((option) => same(option.name, one)));
      sheet.options.push({ was: "", name: names[0] ?? "", values: [] });
      sheet.optionsOpen = true;
      again(`option-${sheet.options.length - 1}`);
    });
    const details = make("details", { className: look.optionsBox, open: sheet.optionsOpen ?? false }, title,
      make("div", { className: look.optionsBody }, ...sheet.options.map(optionBox), make("div", {}, more)));
    details.addEventListener("toggle", () => (sheet.optionsOpen = details.open));
    box.replaceChildren(details);
  };

  window.shopOptions = { draw };
  for (const form of document.querySelectorAll("form")) window.shopSheets?.of(form)?.draw();
})();
