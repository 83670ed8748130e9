// What a form with data-sends-changes sends: a JSON of what differs, each with what it was read as, in parts; and
// what happens to its fields when other values come. The comparing itself is in assets/admin.js.
(() => {
  if (window.shopProduct) return;
  const PART = 10000;
  const PARTS_OF_ONE = 3;
  const ASK_MS = 350;
  const plain = (text) => text.replaceAll("\r\n", "\n");
  const controls = (form) => [...form.elements].filter((one) => one.name && one.type !== "hidden" && !one.dataset.loose);
  const isBox = (one) => one.type === "checkbox" || one.type === "radio";
  const valueOf = (one) => (isBox(one) ? String(one.checked) : plain(one.value));
  const cameAs = (one) => (isBox(one) ? String(one.defaultChecked) : one instanceof HTMLSelectElement ? (one.dataset.was ?? one.value) : plain(one.defaultValue));
  const put = (one, value) => (isBox(one) ? (one.checked = value === "true") : (one.value = value));

  // Parts -----------------------------------------------------------------------------------------------
  // What one message of the socket can't take goes ahead in others, by the form #parts-form.
  let ahead = [];
  const replace = (data, parts) => {
    for (const name of [...data.keys()]) data.delete(name);
    for (const [name, text] of parts) data.append(name, text);
  };
  const inParts = (data, text) => {
    // In ASCII, so that no sign is cut in two.
    const ascii = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const parts = [];
    for (let at = 0; at < ascii.length; at += PART) parts.push([`part-${parts.length}`, ascii.slice(at, at + PART)]);
    while (parts.length > PARTS_OF_ONE) {
      ahead = parts.splice(0, PARTS_OF_ONE);
      document.getElementById("parts-form").requestSubmit();
    }
    replace(data, parts);
  };
  const changesOf = (form) => {
    const fields = {};
    for (const one of controls(form)) {
      if (one.type === "radio") {
        const group = controls(form).filter((other) => other.name === one.name);
        const [was, now] = [group.find((other) => other.defaultChecked)?.value ?? "", group.find((other) => other.checked)?.value ?? ""];
        if (was !== now) fields[one.name] = [was, now];
      } else if (valueOf(one) !== cameAs(one)) fields[one.name] = [cameAs(one), valueOf(one)];
    }
    return { fields, ...window.shopSheets?.of(form)?.changes() };
  };
  const sent = new WeakMap();
  addEventListener("formdata", (event) => {
    const form = event.target;
    if (form.id === "parts-form") replace(event.formData, ahead);
    else if (form.matches("[data-sends-changes]")) {
      const changes = changesOf(form);
      sent.set(form, new Map(controls(form).map((one) => [one, valueOf(one)])));
      inParts(event.formData, JSON.stringify(changes));
    } else if (form.matches("[data-sends-field]")) {
      inParts(event.formData, JSON.stringify(document.getElementById(form.dataset.sendsField)?.value ?? ""));
    }
  });

  // Questions while typing --------------------------------------------------------------------------------
  const waiting = new Map();
  const ask = (kind, key, code) => {
    clearTimeout(waiting.get(kind + key));
    waiting.set(kind + key, setTimeout(() => {
      const form = document.getElementById("ask-form");
      if (!form) return;
      [form.elements.kind.value, form.elements.key.value, form.elements.code.value] = [kind, key, code];
      form.requestSubmit();
    }, ASK_MS));
  };
  addEventListener("input", (event) => {
    const one = event.target;
    if (!one.dataset?.asks) return;
    const place = document.querySelector(`[data-answer="${one.dataset.asks}"]`);
    if (place) place.textContent = "";
    if (one.value !== cameAs(one)) ask(one.dataset.asks, "", one.value.trim());
  });
  const answer = (text) => {
    if (!text) return;
    const [kind, key, code, sentence] = JSON.parse(text);
    if (key) return window.shopSheets?.of(document.querySelector("[data-sends-changes]"))?.answer([kind, key, code, sentence]);
    const field = document.querySelector(`[data-asks="${kind}"]`);
    const place = document.querySelector(`[data-answer="${kind}"]`);
    if (field && place && field.value.trim() === code) place.textContent = sentence;
  };

  // Buttons -------------------------------------------------------------------------------------------------
  addEventListener("click", (event) => {
    const sends = event.target.closest?.("[data-sends]");
    if (sends) document.getElementById(sends.dataset.sends)?.requestSubmit();
    // What somebody else has saved, in place of what was typed here.
    const takes = event.target.closest?.("[data-takes]");
    if (!takes) return;
    const form = document.querySelector("[data-sends-changes]");
    const [key, name] = takes.dataset.takes.split(".");
    const sheet = window.shopSheets?.of(form);
    if (name) {
      const row = sheet?.rows.find((one) => one.key === key);
      if (row) sheet.set([[row, name, row.was[name]]]);
    } else {
      for (const one of controls(form).filter((other) => other.name === key)) {
        put(one, cameAs(one));
        one.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    takes.closest("li")?.setAttribute("hidden", "");
  });
  addEventListener("discard", (event) => window.shopSheets?.of(event.target)?.reset());

  // Other values come ---------------------------------------------------------------------------------------
  // A field that nobody changed here shows them; so does one that still holds what was just saved.
  const seen = new WeakMap();
  let [savedAs, problems, asked] = [null, null, null];
  const look = () => {
    const form = document.querySelector("[data-sends-changes]");
    if (!form) return window.shopSheets?.look(false);
    const saved = savedAs !== null && savedAs !== form.dataset.saved && savedAs.split("-")[0] === form.dataset.saved.split("-")[0];
    savedAs = form.dataset.saved;
    let moved = saved;
    for (const one of controls(form)) {
      const came = cameAs(one);
      const before = seen.get(one);
      const isSaved = saved && sent.get(form)?.get(one) === valueOf(one);
      if (before !== undefined && (isSaved || (before !== came && valueOf(one) === before))) put(one, came);
      moved ||= before !== came;
      seen.set(one, came);
    }
    window.shopSheets?.look(saved);
    const sheet = window.shopSheets?.of(form);
    if (sheet && problems !== form.dataset.problems) sheet.blame(JSON.parse(form.dataset.problems || "{}"));
    if (sheet) problems = form.dataset.problems;
    if (asked !== form.dataset.asked) answer(form.dataset.asked);
    asked = form.dataset.asked;
    // So that the form is compared anew.
    for (const one of moved ? controls(form).slice(0, 1) : []) one.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let scheduled = false;
  const soon = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      look();
    });
  };
  // A hidden field has its value as an attribute.
  const inSheet = (node) => (node instanceof Element ? node : node.parentElement)?.closest("[data-matrix] > *, [data-changes], input[type=hidden]");
  new MutationObserver((records) => records.some((one) => !inSheet(one.target)) && soon()).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ["value", "checked", "data-was", "data-saved", "data-problems", "data-asked", "data-rows", "data-options", "data-seal"],
  });

  window.shopProduct = { ask };
  look();
})();
