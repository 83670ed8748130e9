// A picture that is chosen for a field: the file goes up at once, and the field takes its key. The form saves it.
(() => {
  if (window.shopPicture) return;
  window.shopPicture = true;
  const named = (attribute, id) => document.querySelector(`[data-picture-${attribute}="${id}"]`);
  const put = (id, key) => {
    const field = document.getElementById(id);
    field.value = key;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const place = named("shown", id);
    const image = Object.assign(document.createElement("img"), { className: "h-8 w-auto max-w-[200px] object-contain", alt: "" });
    if (key) image.src = `/media/${key}/320.webp`;
    place.replaceChildren(...(key ? [image] : []));
  };
  addEventListener("change", async (event) => {
    const id = event.target.dataset?.pictureFor;
    const file = event.target.files?.[0];
    if (!id || !file) return;
    const says = named("says", id);
    says.textContent = "";
    try {
      const answer = await fetch("/uploads/pictures", { method: "POST", body: file });
      const stored = await answer.json();
      if (answer.ok) put(id, stored.key);
      else says.textContent = stored.error;
    } catch {
      says.textContent = says.dataset.lost ?? "The picture didn't arrive. Try again.";
    }
    event.target.value = "";
  });
  addEventListener("click", (event) => {
    const id = event.target.closest?.("[data-picture-clears]")?.dataset.pictureClears;
    if (id) put(id, "");
  });
})();
