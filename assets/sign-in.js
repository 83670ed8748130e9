// What the pages of a customer's sign-in do in the browser besides: a password can be shown, and a code that is
// pasted or filled in is sent. By delegation and data attributes; without scripts both forms work as they are.
(() => {
  if (window.shopSignIn) return;
  window.shopSignIn = true;

  addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-reveals]");
    if (!button) return;
    const input = button.parentElement.querySelector("input");
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
  });
  // A password that is sent is hidden again, so that the browser offers to keep it.
  addEventListener("submit", (event) => {
    for (const button of event.target.querySelectorAll?.("[data-reveals][aria-pressed=true]") ?? []) button.click();
  }, true);

  // Whoever types the digits one by one presses the button.
  const lengths = new WeakMap();
  addEventListener("input", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !("code" in input.dataset)) return;
    const digits = input.value.replace(/[\s-]/g, "");
    const before = lengths.get(input) ?? 0;
    lengths.set(input, digits.length);
    if (/^\d{6}$/.test(digits) && digits.length - before > 1) input.form.requestSubmit();
  });

  let scheduled = false;
  const look = () => {
    scheduled = false;
    for (const button of document.querySelectorAll("[data-reveals][hidden]")) button.hidden = false;
  };
  new MutationObserver(() => {
    if (!scheduled) requestAnimationFrame(look);
    scheduled = true;
  }).observe(document.body, { subtree: true, childList: true });
  look();
})();
