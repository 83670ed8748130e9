// The variants of a product as a sheet: arrow keys, ranges, paste from a spreadsheet, undo. What is typed stays in
// the browser until the form is saved; then only what differs is sent (assets/admin-product.js asks for it).
// It is drawn into an element with data-matrix, whose other data say rows, options, words and class names.
(() => {
  if (window.shopSheets) return;
  const PAGE = 50;
  const VIEW = "shop-variant-columns";
  const make = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null) continue;
      if (name in node && !name.startsWith("aria")) node[name] = value;
      else node.setAttribute(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const cents = (text, decimals) => {
    const plain = /^\s*(\d+)(?:[.,](\d+))?\s*$/.exec(text);
    return plain && (plain[2] ?? "").length <= decimals ? Number(plain[1] + (plain[2] ?? "").padEnd(decimals, "0")) : null;
  };
  const shown = (minor, decimals) => {
    const digits = String(minor).padStart(decimals + 1, "0");
    return decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
  };

  class Sheet {
    constructor(node) {
      this.node = node;
      this.words = JSON.parse(node.dataset.words);
      this.look = JSON.parse(node.dataset.classes);
      this.columns = JSON.parse(node.dataset.columns);
      this.views = JSON.parse(node.dataset.views);
      this.view = this.views.some((view) => view.name === localStorage.getItem(VIEW)) ? localStorage.getItem(VIEW) : this.views[0].name;
      [this.at, this.filter, this.number, this.range] = [0, "", 0, null];
      [this.done, this.undone, this.checked, this.sent] = [[], [], new Set(), new Map()];
      this.typing = null;
      this.read();
      this.listen();
    }

    // What the server says ------------------------------------------------------------------------------
    read() {
      const { rows, options, seal } = this.node.dataset;
      this.came = { rows, options, seal };
      this.options = JSON.parse(options).map(([name, values]) => ({
        was: name, name, values: values.map(([value, swatch]) => ({ was: value, value, swatch })),
      }));
      this.shape = this.shapeNow();
      const all = JSON.parse(rows).map(([id, values, cells, stock, tone]) => {
        const picks = this.options.map((option, place) => option.values.find((one) => one.value === values[place]));
        const was = Object.fromEntries(this.columns.map((column, place) => [column.name, cells[place]]));
        return { key: String(id), picks, cells: { ...was }, was, stock, tone, problems: {}, notes: {} };
      });
      this.rows = all.filter((row) => row.picks.every(Boolean));
      this.retired = all.length - this.rows.length;
    }

    // Other values came: what was touched here stays, unless it is what was just saved.
    follow(saved) {
      const { rows, options, seal } = this.node.dataset;
      if (rows === this.came.rows && options === this.came.options && seal === this.came.seal) {
        // What was saved as it is already: the text goes back to how it is written.
        if (saved) this.touched().forEach(([row, name]) => this.sent.get(`${row.key}.${name}`) === row.cells[name] && (row.cells[name] = row.was[name]));
        return this.draw();
      }
      const touched = this.touched().filter(([row, name]) => !saved || this.sent.get(`${row.key}.${name}`) !== row.cells[name]);
      const sameVariants = seal === this.came.seal;
      const [before, shape] = [this.rows, this.options];
      this.read();
      const byKey = new Map(this.rows.map((row) => [row.key, row]));
      if (sameVariants) {
        // Options that are being edited stay as they are.
        this.options = shape;
        const kept = new Map(before.map((row) => [row.key, row]));
        for (const row of this.rows) if (kept.has(row.key)) Object.assign(row, { picks: kept.get(row.key).picks, removed: kept.get(row.key).removed });
        this.rows = before.map((row) => byKey.get(row.key) ?? row);
      }
      for (const [row, name, value] of touched.map(([one, name]) => [byKey.get(one.key), name, one.cells[name]])) if (row) row.cells[name] = value;
      [this.done, this.undone, this.range] = [[], [], null];
      this.draw();
    }

    reset() {
      this.read();
      [this.done, this.undone, this.range] = [[], [], null];
      this.checked.clear();
      this.draw();
    }

    // What differs --------------------------------------------------------------------------------------
    shapeNow() {
      return JSON.stringify(this.options.map((option) => [option.was, option.name, option.values.map((one) => [one.was, one.value, one.swatch])]));
    }
    restructured() {
      return this.shapeNow() !== this.shape || this.rows.some((row) => row.isNew || row.removed);
    }
    touched() {
      return this.rows.flatMap((row) => (row.isNew || row.removed ? [] : this.columns.filter(({ name }) => row.cells[name] !== row.was[name]).map(({ name }) => [row, name])));
    }
    changes() {
      const cellsOf = (row) => Object.fromEntries(this.columns
        .filter(({ name }) => (row.isNew ? row.cells[name] !== "" : row.cells[name] !== row.was[name]))
        .map(({ name }) => [name, [row.isNew ? "" : row.was[name], row.cells[name]]]));
      this.sent = new Map(this.touched().map(([row, name]) => [`${row.key}.${name}`, row.cells[name]]));
      if (!this.restructured()) {
        const rows = [...new Set(this.touched().map(([row]) => row))];
        return { variants: rows.map((row) => ({ key: row.key, cells: cellsOf(row) })) };
      }
      const options = this.options.filter((option) => option.values.length).map((option) => ({ was: option.was, name: option.name, values: option.values.map((one) => [one.was, one.value, one.swatch]) }));
      const rows = this.rows.filter((row) => !row.removed).map((row) => ({ key: row.key, values: row.picks.filter(Boolean).map((one) => one.value), cells: cellsOf(row) }));
      return { structure: { seal: this.came.seal, options, rows } };
    }
    tell() {
      const counts = new Map();
      for (const [, name] of this.touched()) counts.set(name, (counts.get(name) ?? 0) + 1);
      const words = this.columns.filter(({ name }) => counts.has(name)).map(({ name, label }) => (counts.get(name) > 1 ? `${counts.get(name)} × ${label}` : label));
      const [added, gone] = [this.rows.filter((row) => row.isNew && !row.removed).length, this.rows.filter((row) => row.removed).length];
      if (added) words.push(fill(this.words.added, { count: added }));
      if (gone) words.push(fill(this.words.gone, { count: gone }));
      if (this.shapeNow() !== this.shape) words.push(this.words.options);
      const form = this.node.closest("form");
      form.dataset.moreLabel = words.join(", ");
      form.dataset.moreChanges = String(words.length);
    }

    // Writing -------------------------------------------------------------------------------------------
    set(changes, { typed = false } = {}) {
      const real = changes.map(([row, name, value]) => [row, name, row.cells[name], value]).filter(([, , before, after]) => before !== after);
      if (!real.length) return 0;
      const [row, name] = real[0];
      if (typed && this.typing && this.typing[0][0] === row && this.typing[0][1] === name) this.typing[0][3] = real[0][3];
      else {
        this.done.push(real);
        this.typing = typed ? real : null;
      }
      this.undone = [];
      for (const [one, cell, , after] of real) this.put(one, cell, after, !typed);
      this.tell();
      this.offer();
      return real.length;
    }
    put(row, name, value, write = true) {
      row.cells[name] = value;
      delete row.problems[name];
      delete row.notes[name];
      const input = this.inputOf(row, name);
      if (input && write) input.type === "checkbox" ? (input.checked = value === "1") : (input.value = value);
      if (input) this.mark(row, name, input);
      if (name === "price" || name === "cost") this.showMargin(row);
      if (name === "sku" || name === "barcode") this.ask(row, name);
    }
    undo(from, to, side) {
      const changes = from.pop();
      this.typing = null;
      if (!changes) return;
      for (const change of changes) this.put(change[0], change[1], change[side]);
      to.push(changes);
      this.say(fill(this.words.undone, { count: changes.length }));
      this.tell();
      this.offer();
    }
    say(text) {
      this.status.textContent = text;
    }
    ask(row, name) {
      const code = row.cells[name].trim();
      const twice = name === "sku" && code && this.rows.some((one) => one !== row && !one.removed && one.cells.sku.trim() === code);
      if (twice) {
        row.problems[name] = fill(this.words.twice, { code });
        const input = this.inputOf(row, name);
        if (input) this.mark(row, name, input);
      } else if (code && code !== row.was?.[name]) window.shopProduct?.ask(name, row.key, code);
    }
    answer([kind, key, code, sentence]) {
      const row = this.rows.find((one) => one.key === key);
      if (!row || !(kind in row.cells) || row.cells[kind].trim() !== code.trim()) return;
      (kind === "barcode" ? row.notes : row.problems)[kind] = sentence;
      const input = this.inputOf(row, kind);
      if (input) this.mark(row, kind, input);
    }
    blame(problems) {
      for (const row of this.rows) row.problems = {};
      let first = null;
      for (const [key, sentence] of Object.entries(problems)) {
        const [id, name] = key.split(".");
        const row = this.rows.find((one) => one.key === id);
        if (!row) continue;
        row.problems[name] = sentence;
        first ??= [row, name];
      }
      if (!first) return;
      const column = first[1];
      if (!this.shownColumns().some(({ name }) => name === column)) this.view = this.views.find((view) => view.columns.includes(column)).name;
      this.filter = "";
      this.at = Math.floor(this.list().indexOf(first[0]) / PAGE);
      this.draw();
    }

    // Reading the sheet ---------------------------------------------------------------------------------
    isSingle() {
      return !this.options.length && this.rows.filter((row) => !row.removed).length <= 1;
    }
    shownColumns() {
      const names = this.views.find((view) => view.name === this.view).columns;
      return this.columns.filter(({ name }) => names.includes(name));
    }
    list() {
      const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
      if (!words.length) return this.rows;
      return this.rows.filter((row) => {
        const text = [...row.picks.filter(Boolean).map((one) => one.value), row.cells.sku, row.cells.barcode].join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
      });
    }
    inputOf(row, name) {
      return this.node.querySelector(`[data-row="${row.key}"][data-cell="${name}"]`);
    }
    place(input) {
      const list = this.list();
      return { list, row: list.findIndex((row) => row.key === input.dataset.row), name: input.dataset.cell };
    }
    go(index, name) {
      const list = this.list();
      const row = list[Math.max(0, Math.min(list.length - 1, index))];
      if (!row) return;
      const page = Math.floor(list.indexOf(row) / PAGE);
      if (page !== this.at) {
        this.at = page;
        this.draw();
      }
      const input = this.inputOf(row, name);
      input?.focus();
      if (input && input.type !== "checkbox") input.select();
    }
    ranged() {
      if (!this.range) return [];
      const [from, to] = [Math.min(this.range.from, this.range.to), Math.max(this.range.from, this.range.to)];
      return this.list().slice(from, to + 1).filter((row) => !row.removed);
    }
    pick(range) {
      this.range = range && range.from !== range.to ? range : null;
      for (const cell of this.node.querySelectorAll("[data-picked]")) cell.removeAttribute("data-picked");
      for (const row of this.ranged()) this.inputOf(row, this.range.name)?.closest("td")?.setAttribute("data-picked", "");
      this.offer();
    }
    fillDown() {
      const rows = this.ranged();
      if (!rows.length) return;
      const first = this.list()[this.range.from];
      const count = this.set(rows.map((row) => [row, this.range.name, first.cells[this.range.name]]));
      this.say(fill(this.words.filled, { count }));
    }
    paste(input, text) {
      const lines = text.replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t"));
      const { list, row, name } = this.place(input);
      const columns = this.shownColumns().map((column) => column.name);
      const start = columns.indexOf(name);
      const as = (cell, value) => (this.columns.find((one) => one.name === cell).kind === "flag" ? (/^(1|x|yes|true|ja|wahr)$/i.test(value.trim()) ? "1" : "") : value.trim());
      let changes;
      if (lines.length === 1 && lines[0].length === 1) changes = this.ranged().map((one) => [one, this.range.name, as(this.range.name, lines[0][0])]);
      else {
        const rows = list.slice(row).filter((one) => !one.removed);
        changes = lines.slice(0, rows.length).flatMap((cells, down) => cells.slice(0, columns.length - start).map((value, right) => [rows[down], columns[start + right], as(columns[start + right], value)]));
      }
      this.say(fill(this.words.pasted, { count: this.set(changes) }));
    }
    setChecked(name, text) {
      const rows = this.rows.filter((row) => this.checked.has(row.key) && !row.removed);
      const { kind } = this.columns.find((column) => column.name === name);
      const percent = /^([+\-−])\s*(\d+)(?:[.,](\d))?\s*%$/.exec(text.trim());
      const decimals = Number(this.node.dataset.decimals);
      const value = (row) => {
        if (kind === "flag") return text === "1" ? "1" : "";
        const now = cents(row.cells[name], decimals);
        if (kind !== "amount" || !percent || now === null) return percent && kind === "amount" ? row.cells[name] : text.trim();
        const tenths = Number(percent[2] + (percent[3] ?? "0")) * (percent[1] === "+" ? 1 : -1);
        return shown(Math.max(0, Math.round((now * (1000 + tenths)) / 1000)), decimals);
      };
      this.say(fill(this.words.set, { count: this.set(rows.map((row) => [row, name, value(row)])) }));
    }

    // Options (assets/admin-options.js) change which rows there are -----------------------------------------
    add(picks, like) {
      const cells = Object.fromEntries(this.columns.map(({ name, fresh }) => [name, fresh ? "" : like?.cells[name] ?? ""]));
      const row = { key: `n${++this.number}`, picks, cells: { ...cells, active: "1" }, was: {}, stock: "0", tone: "coral", isNew: true, problems: {}, notes: {} };
      this.rows.push(row);
      return row;
    }
    remove(row) {
      if (row.isNew) this.rows = this.rows.filter((one) => one !== row);
      else row.removed = true;
      this.checked.delete(row.key);
    }
    sort() {
      const at = (row) => row.picks.map((pick, place) => this.options[place].values.indexOf(pick));
      const order = new Map(this.rows.map((row) => [row, at(row)]));
      this.rows.sort((one, other) => {
        const [a, b] = [order.get(one), order.get(other)];
        const place = a.findIndex((index, which) => index !== b[which]);
        return place < 0 ? 0 : a[place] - b[place];
      });
    }

    // Drawing -------------------------------------------------------------------------------------------
    draw() {
      const { look, words } = this;
      const focused = this.node.contains(document.activeElement) ? document.activeElement.id : "";
      this.status ??= make("p", { className: look.status, role: "status" });
      const list = this.list();
      const pages = Math.max(1, Math.ceil(list.length / PAGE));
      this.at = Math.min(this.at, pages - 1);
      const rows = list.slice(this.at * PAGE, (this.at + 1) * PAGE);
      const optionsBox = make("div", { className: look.options });
      const parts = this.isSingle() ? [this.single(this.rows[0])] : [this.tools(), this.table(rows, list), this.pager(list, pages)];
      this.bulk = make("div", { className: look.bulk });
      this.node.replaceChildren(optionsBox, ...parts, this.bulk, this.status);
      window.shopOptions?.draw(this, optionsBox, make);
      this.refocus(focused);
      this.drawBulk();
      this.pick(this.range);
      this.tell();
    }
    refocus(id) {
      const field = id && document.getElementById(id);
      if (!field) return;
      field.focus();
      if (field.type === "search") field.setSelectionRange(field.value.length, field.value.length);
    }
    tools() {
      const { look, words } = this;
      const search = make("input", { type: "search", className: look.search, placeholder: words.filter, ariaLabel: words.filter, value: this.filter, id: "variant-filter" });
      search.addEventListener("input", () => {
        [this.filter, this.at, this.range] = [search.value, 0, null];
        this.draw();
      });
      const views = this.views.map((view) => {
        const button = make("button", { type: "button", className: look.view, textContent: view.label, ariaPressed: String(view.name === this.view) });
        button.addEventListener("click", () => {
          this.view = view.name;
          localStorage.setItem(VIEW, view.name);
          this.range = null;
          this.draw();
        });
        return button;
      });
      this.again = make("span", { className: "contents" });
      this.offer();
      return make("div", { className: look.tools }, search, make("div", { className: look.views, role: "group", ariaLabel: words.columns }, ...views), this.again);
    }
    // What can be undone or filled.
    offer() {
      if (!this.again) return;
      const button = (text, act) => {
        const node = make("button", { type: "button", className: this.look.small, textContent: text });
        node.addEventListener("click", act);
        return node;
      };
      const count = this.ranged().length;
      this.again.replaceChildren(
        ...(count > 1 ? [button(fill(this.words.fill, { count }), () => this.fillDown())] : []),
        ...(this.done.length ? [button(this.words.undo, () => this.undo(this.done, this.undone, 2))] : []),
      );
    }
    table(rows, list) {
      const { look, words } = this;
      const columns = this.shownColumns();
      const all = make("input", { type: "checkbox", className: look.check, ariaLabel: words.all, checked: list.length > 0 && list.every((row) => this.checked.has(row.key)) });
      all.addEventListener("change", () => {
        for (const row of list) all.checked && !row.removed ? this.checked.add(row.key) : this.checked.delete(row.key);
        this.draw();
      });
      const head = (text, more = "") => make("th", { scope: "col", className: `${look.th} ${more}`, textContent: text });
      const heads = [
        make("th", { scope: "col", className: look.th }, all), head(words.variant), ...columns.map((column) => head(column.label)),
        ...(this.view === "prices" ? [head(words.margin)] : []), head(words.stock), make("th", { className: look.th }, make("span", { className: look.sr, textContent: words.more })),
      ];
      return make("div", { className: look.box }, make("table", { className: look.table },
        make("thead", { className: look.thead }, make("tr", {}, ...heads)),
        make("tbody", { className: look.tbody }, ...rows.map((row) => this.row(row, columns)))));
    }
    nameOf(row) {
      return row.picks.filter(Boolean).map((one) => one.value).join(" / ") || row.cells.sku;
    }
    row(row, columns) {
      const { look, words } = this;
      const check = make("input", { type: "checkbox", className: look.check, ariaLabel: fill(words.choose, { name: this.nameOf(row) }), checked: this.checked.has(row.key), disabled: Boolean(row.removed) });
      check.addEventListener("change", () => {
        check.checked ? this.checked.add(row.key) : this.checked.delete(row.key);
        this.drawBulk();
      });
      const dots = row.picks.filter((one) => one?.swatch).map((one) => {
        const dot = make("span", { className: look.dot, ariaHidden: "true" });
        dot.style.background = one.swatch;
        return dot;
      });
      const state = row.removed ? words.removed : row.isNew ? words.fresh : "";
      const name = make("td", { className: look.name }, ...dots, make("span", { textContent: this.nameOf(row) }), state ? make("span", { className: look.state, textContent: state }) : null);
      const act = make("button", { type: "button", className: look.act, ariaLabel: fill(row.removed ? words.keep : words.remove, { name: this.nameOf(row) }), title: row.removed ? words.keepShort : words.removeShort, textContent: row.removed ? "↺" : "×" });
      act.addEventListener("click", () => {
        row.removed ? (row.removed = false) : this.remove(row);
        this.draw();
      });
      const stock = make("td", { className: look.stock }, make("span", { className: look.cellLabel, textContent: words.stock }), row.isNew ? "–" : make("a", { href: `/admin/inventory/${encodeURIComponent(row.was.sku)}`, className: `${look.tones[row.tone] ?? look.tones[""]} ${look.link}`, textContent: row.stock }));
      const cells = columns.map((column) => make("td", { className: column.kind === "flag" ? look.flagCell : look.cell }, make("span", { className: look.cellLabel, textContent: column.label }), this.input(row, column)));
      const margin = this.view === "prices" ? [make("td", { className: look.margin }, make("span", { className: look.cellLabel, textContent: words.margin }), make("span", { "data-margin": row.key }))] : [];
      const node = make("tr", { className: row.removed ? look.gone : row.cells.active ? look.tr : look.off, "data-variant": row.key }, make("td", { className: look.checkCell }, check), name, ...cells, ...margin, stock, make("td", { className: look.actCell }, act));
      for (const input of node.querySelectorAll("[data-cell]")) this.mark(row, input.dataset.cell, input);
      this.showMargin(row, node);
      return node;
    }
    input(row, column) {
      const common = { id: `field-${row.key}.${column.name}`, "data-row": row.key, "data-cell": column.name, ariaLabel: `${column.label}, ${this.nameOf(row)}`, disabled: Boolean(row.removed) || this.node.dataset.locked === "true" };
      if (column.kind === "flag") return make("input", { ...common, type: "checkbox", className: this.look.check, checked: row.cells[column.name] === "1" });
      const plain = { type: "text", autocomplete: "off", spellcheck: false, maxLength: 255, value: row.cells[column.name], placeholder: row.isNew && column.name === "sku" ? this.words.made : column.hint ?? "" };
      return make("input", { ...common, ...plain, className: column.kind === "amount" ? this.look.amount : this.look.input, inputMode: column.kind === "amount" ? "decimal" : "text" });
    }
    mark(row, name, input) {
      const sentence = row.problems[name] || row.notes[name] || "";
      const wrong = Boolean(row.problems[name]);
      input.setAttribute("aria-invalid", String(wrong));
      input.toggleAttribute("data-touched", !row.isNew && row.cells[name] !== row.was[name]);
      let note = input.parentElement?.querySelector("[data-note]");
      if (!sentence) return note?.remove();
      if (!note) input.after((note = make("span", { "data-note": "", id: `${input.id}-note` })));
      note.className = wrong ? this.look.problem : this.look.note;
      note.textContent = sentence;
      input.setAttribute("aria-describedby", note.id);
    }
    showMargin(row, root = this.node) {
      const decimals = Number(this.node.dataset.decimals);
      const [price, cost] = [cents(row.cells.price, decimals), cents(row.cells.cost, decimals)];
      const place = root.querySelector(`[data-margin="${row.key}"]`);
      if (!place) return;
      const percent = price && cost ? Math.round(((price - cost) * 100) / price) : null;
      place.textContent = percent === null ? "–" : fill(this.words.percent, { percent: String(percent).replace("-", "−") });
      place.className = percent !== null && percent < 0 ? this.look.tones.coral : this.look.tones[""];
      place.title = percent !== null && percent < 0 ? this.words.below : "";
    }
    pager(list, pages) {
      const { look, words } = this;
      if (pages < 2 && !this.retired) return make("div");
      const step = (by, text) => {
        const button = make("button", { type: "button", className: look.small, textContent: text, disabled: this.at + by < 0 || this.at + by >= pages });
        button.addEventListener("click", () => {
          this.at += by;
          this.draw();
        });
        return button;
      };
      const text = fill(words.page, { first: this.at * PAGE + 1, last: Math.min(list.length, (this.at + 1) * PAGE), count: list.length });
      const note = this.retired ? make("span", { textContent: fill(words.retired, { count: this.retired }) }) : null;
      return make("div", { className: look.pager }, pages > 1 ? make("span", { textContent: text }) : null, note, ...(pages > 1 ? [step(-1, words.previous), step(1, words.next)] : []));
    }
    // The one variant of a product without options, as fields.
    single(row) {
      const { look, words } = this;
      if (!row) return make("div");
      const fields = this.columns.map((column) => {
        const input = this.input(row, column);
        input.className = column.kind === "flag" ? look.check : look.field;
        input.removeAttribute("aria-label");
        const label = make("label", { htmlFor: input.id, className: column.kind === "flag" ? look.flagLabel : look.label, textContent: column.label });
        const box = column.kind === "flag" ? make("div", { className: look.flagField }, input, label) : make("div", { className: look.fieldBox }, label, input);
        this.mark(row, column.name, input);
        return box;
      });
      const margin = make("p", { className: look.fact }, `${words.margin}: `, make("span", { "data-margin": row.key }));
      const stock = make("p", { className: look.fact }, `${words.stock}: `, make("a", { href: `/admin/inventory/${encodeURIComponent(row.was.sku ?? "")}`, className: `${look.tones[row.tone] ?? ""} ${look.link}`, textContent: row.stock }));
      const node = make("div", { className: look.single }, ...fields, margin, stock);
      this.showMargin(row, node);
      return node;
    }
    drawBulk() {
      const { look, words } = this;
      const count = this.checked.size;
      if (!count || this.isSingle()) return this.bulk.replaceChildren();
      const column = make("select", { className: look.bulkSelect, ariaLabel: words.field }, ...this.columns.filter(({ name }) => name !== "sku").map(({ name, label }) => make("option", { value: name, textContent: label })));
      const text = make("input", { type: "text", className: look.bulkInput, ariaLabel: words.value, placeholder: words.valueHint });
      const button = (label, act, look_) => {
        const node = make("button", { type: "button", className: look_, textContent: label });
        node.addEventListener("click", act);
        return node;
      };
      const set = () => this.setChecked(column.value, this.columns.find(({ name }) => name === column.value).kind === "flag" ? (/^(0|no|nein|)$/i.test(text.value.trim()) ? "" : "1") : text.value);
      text.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        set();
      });
      const remove = () => {
        for (const row of this.rows.filter((one) => this.checked.has(one.key))) this.remove(row);
        this.checked.clear();
        this.draw();
      };
      this.bulk.replaceChildren(make("div", { className: look.bulkBar },
        make("span", { textContent: fill(words.chosen, { count }), className: look.bulkCount }), column, text, button(words.setAll, set, look.bulkButton), button(words.removeAll, remove, look.bulkButton)));
    }

    // Hands ---------------------------------------------------------------------------------------------
    listen() {
      const cell = (event) => event.target.closest?.("[data-cell]");
      this.node.addEventListener("input", (event) => {
        const input = cell(event);
        const row = input && this.rows.find((one) => one.key === input.dataset.row);
        if (row) this.set([[row, input.dataset.cell, input.type === "checkbox" ? (input.checked ? "1" : "") : input.value]], { typed: true });
      });
      this.node.addEventListener("focusin", (event) => {
        const input = cell(event);
        if (!input) return;
        this.typing = null;
        this.before = input.value;
        if (input.type !== "checkbox") input.select();
        if (this.range && !event.target.dataset.extends && this.range.name !== input.dataset.cell) this.pick(null);
      });
      this.node.addEventListener("mousedown", (event) => {
        const input = cell(event);
        const from = document.activeElement;
        if (!input) return;
        if (!event.shiftKey || !this.node.contains(from) || from.dataset?.cell !== input.dataset.cell) return this.pick(null);
        event.preventDefault();
        this.pick({ name: input.dataset.cell, from: this.place(from).row, to: this.place(input).row });
      });
      this.node.addEventListener("paste", (event) => {
        const input = cell(event);
        const text = event.clipboardData?.getData("text/plain") ?? "";
        if (!input || this.isSingle() || !(/[\t\n]/.test(text.replace(/\r?\n$/, "")) || this.range)) return;
        event.preventDefault();
        this.paste(input, text);
      });
      this.node.addEventListener("copy", (event) => {
        if (!cell(event) || !this.range) return;
        event.preventDefault();
        event.clipboardData.setData("text/plain", this.ranged().map((row) => row.cells[this.range.name]).join("\n"));
      });
      this.node.addEventListener("keydown", (event) => this.key(event, cell(event)));
    }
    key(event, input) {
      if (event.isComposing || !input) return;
      const combined = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (combined && (key === "z" || key === "y")) {
        event.preventDefault();
        key === "z" && !event.shiftKey ? this.undo(this.done, this.undone, 2) : this.undo(this.undone, this.done, 3);
      } else if (combined && key === "d" && this.range) {
        event.preventDefault();
        this.fillDown();
      } else if (event.key === "Enter" && (this.isSingle() || combined)) {
        event.preventDefault();
      } else if (event.key === "Escape" && input.type !== "checkbox" && input.value !== this.before) {
        event.stopPropagation();
        this.set([[this.rows.find((row) => row.key === input.dataset.row), input.dataset.cell, this.before]]);
      } else if (!this.isSingle() && !combined && !event.altKey) this.walk(event, input);
    }
    walk(event, input) {
      const { row, name, list } = this.place(input);
      const by = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1 }[event.key];
      if (by && event.shiftKey && event.key !== "Enter") {
        event.preventDefault();
        const from = this.range?.name === name ? this.range : { name, from: row, to: row };
        return this.pick({ ...from, to: Math.max(0, Math.min(list.length - 1, from.to + by)) });
      }
      if (by) {
        event.preventDefault();
        this.pick(null);
        return this.go(row + by, name);
      }
      const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!side || event.shiftKey) return;
      const whole = input.type === "checkbox" || (input.selectionStart === 0 && input.selectionEnd === input.value.length);
      const edge = side < 0 ? input.selectionEnd === 0 : input.selectionStart === input.value.length;
      const columns = this.shownColumns().map((column) => column.name);
      const next = columns[columns.indexOf(name) + side];
      if (!next || !(whole || edge)) return;
      event.preventDefault();
      this.pick(null);
      this.go(row, next);
    }
  }

  const sheets = new Map();
  window.shopSheets = {
    of: (form) => sheets.get(form?.querySelector("[data-matrix]")),
    // Look whether sheets came, went or have other values; `saved` where the form was just stored.
    look: (saved) => {
      for (const node of sheets.keys()) if (!node.isConnected) sheets.delete(node);
      for (const node of document.querySelectorAll("[data-matrix]")) {
        const sheet = sheets.get(node);
        if (!sheet) {
          const made = new Sheet(node);
          sheets.set(node, made);
          made.draw();
        } else if (saved || sheet.came.rows !== node.dataset.rows || sheet.came.seal !== node.dataset.seal) sheet.follow(saved);
      }
    },
  };
  window.shopSheets.look(false);
})();
