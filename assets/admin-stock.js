// Counting stock: steppers, what a change comes to, the focus while one scans, and the file of counts.
(() => {
  if (window.shopStock) return;
  window.shopStock = true;
  const $ = (selector, root = document) => root.querySelector(selector);

  // − and +: the field beside them goes one down or up; while stock is counted, never below 0.
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-steps]");
    const field = button?.form && $("input[name=units]", button.form);
    if (!field) return;
    const count = Number.parseInt(field.value.replace("−", "-"), 10) || 0;
    const isChange = button.form.querySelector("[data-mode=change]")?.checked;
    const next = count + Number(button.dataset.steps);
    field.value = String(isChange ? next : Math.max(0, next));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // What is on hand after this change.
  const say = (form) => {
    const place = $("[data-result]", form);
    const units = form.elements.units.value.trim().replace("−", "-");
    const now = Number($("[data-now]", form).dataset.now);
    const isChange = $("[data-mode=change]", form).checked;
    const after = /^[+-]?\d{1,7}$/.test(units) ? (isChange ? now : 0) + Number(units) : null;
    const words = after === null ? "" : place.dataset.words.replace("{count}", after);
    if (place.textContent !== words) place.textContent = words;
  };
  for (const type of ["input", "change"]) {
    addEventListener(type, (event) => {
      const form = event.target.form;
      if (form?.matches("[data-stock-form]")) say(form);
    });
  }

  // A scanner types a code and Enter: the focus is where the next thing is to be typed.
  let answered = null;
  const focus = () => {
    const desk = $("[data-stocktake]");
    if (!desk) {
      answered = null;
      return;
    }
    const isFirst = answered === null;
    if (answered === desk.dataset.answers || $("dialog:modal")) return;
    answered = desk.dataset.answers;
    const field = $("[data-count]", desk) ?? $("[data-scan]", desk);
    // On a phone the page is read before the keyboard covers it.
    if (isFirst && matchMedia("(pointer: coarse)").matches) return;
    field?.focus();
    field?.select();
  };
  new MutationObserver(() => focus()).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-answers"],
  });
  // The page may have been there before this script.
  focus();

  // The file of counts.
  addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches?.("[data-counts-file]") || !input.files.length) return;
    const file = input.files[0];
    const box = input.closest("details");
    const error = $("[data-counts-error]", box);
    error.textContent = "";
    input.value = "";
    if (file.size > Number(input.dataset.most)) {
      error.textContent = `${file.name}: ${input.dataset.tooLarge}`;
      return;
    }
    try {
      const address = `/uploads/counts?name=${encodeURIComponent(file.name)}`;
      const answer = await fetch(address, { method: "POST", body: file });
      const told = await answer.json().catch(() => ({ error: input.dataset.failed }));
      if (!answer.ok) error.textContent = told.error;
      $("[data-sent]", box).click();
    } catch {
      error.textContent = `${file.name}: ${input.dataset.failed}`;
    }
  });
})();
