// Lets the reactive page take over from the served one. In the frame in which a page says that it is
// ready (an element with data-ready="true") the served block goes; when the address changes, so does
// the served head.
(() => {
  const block = document.getElementById("served");
  const here = location.pathname + location.search;
  // React adopts a title or meta that equals its own; what it adopted is its to remove.
  const reacts = (node) => Object.keys(node).some((key) => key.startsWith("__react"));
  const removeOurs = (selector) => {
    for (const node of document.querySelectorAll(selector)) if (!reacts(node)) node.remove();
  };

  // What someone was typing into the plain page goes on in the reactive one.
  const carryOver = () => {
    const active = document.activeElement;
    const value = active.value;
    const selection = active.selectionStart;
    // Only what is shown takes the focus, so for a moment, between two frames, both are.
    block.removeAttribute("id");
    const twin = [...document.getElementsByName(active.name)].find((node) => !block.contains(node));
    if (!active.name || !twin) return;
    if (typeof value === "string" && value && "value" in twin && !twin.value) {
      // Past React's own setter, so that it sees a change when the event arrives.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(twin), "value")?.set?.call(twin, value);
      twin.dispatchEvent(new Event("input", { bubbles: true }));
    }
    twin.focus();
    if (selection !== null && twin.setSelectionRange) twin.setSelectionRange(selection, selection);
  };

  const look = () => {
    if (block?.isConnected && document.querySelector('[data-ready="true"]')) {
      if (block.contains(document.activeElement)) carryOver();
      block.remove();
      if (document.title && document.querySelectorAll("title").length > 1) removeOurs("title[data-served]");
    }
    if (location.pathname + location.search !== here) {
      removeOurs("head > [data-served]");
      block?.remove();
      watcher.disconnect();
    }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"],
  });
  look();
})();
