// Takes the served block away in the frame in which the reactive page says that it is ready
// (an element with data-ready="true"), and the served head when the address changes.
(() => {
  const block = document.getElementById("served");
  const here = location.pathname + location.search;
  const carryOver = (page) => {
    // What someone was already typing into the plain page goes on in the reactive one.
    const active = document.activeElement;
    if (!active || !block.contains(active) || !active.name) return;
    const twin = page.querySelector(`[name="${CSS.escape(active.name)}"]`);
    if (!twin) return;
    if (typeof active.value === "string" && active.value && "value" in twin && !twin.value) {
      // React listens for the event, and reads the value past its own setter.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(twin), "value")?.set?.call(twin, active.value);
      twin.dispatchEvent(new Event("input", { bubbles: true }));
    }
    twin.focus();
  };
  const look = () => {
    if (block?.isConnected) {
      const ready = document.querySelector('[data-ready="true"]');
      if (ready) {
        const held = block.contains(document.activeElement);
        if (!held) block.remove();
        else {
          // Only what is shown can take the focus, so for a moment both are.
          block.removeAttribute("id");
          carryOver(document.body);
          block.remove();
        }
      }
    }
    if (location.pathname + location.search !== here) {
      for (const node of document.querySelectorAll("head > [data-served]")) node.remove();
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
