// A product's pictures: several files at once with previews and progress, their order by dragging and by keys,
// and the focal point by a click. What comes of it goes into hidden forms, which the page's State answers.
(() => {
  if (window.shopPictures) return;
  window.shopPictures = true;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const panelOf = (node) => node?.closest?.("[data-picture-panel]");
  const keysOf = (panel) => $$("[data-picture]", panel).map((tile) => tile.dataset.picture);
  const make = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const hand = (name, values) => {
    const form = $(`[data-hand=${name}]`);
    for (const [field, value] of Object.entries(values)) form.elements[field].value = value;
    form.requestSubmit();
  };

  // Order ------------------------------------------------------------------------------------------------
  // The order is sent, and the page draws it; the focus stays with the picture that was moved.
  let focused = null;
  const arrange = (panel, keys, moved) => {
    if (panel.hasAttribute("data-uploading") || keys.join() === keysOf(panel).join()) return;
    focused = moved;
    hand("arrange", { keys: keys.join(" ") });
    const says = $("[data-picture-says]", panel);
    says.textContent = says.dataset.moved
      .replace("{place}", keys.indexOf(moved) + 1)
      .replace("{count}", keys.length);
  };
  const moveTo = (panel, key, place) => {
    const keys = keysOf(panel).filter((one) => one !== key);
    keys.splice(Math.max(0, Math.min(place, keys.length)), 0, key);
    arrange(panel, keys, key);
  };
  const step = (tile, by) => {
    const panel = panelOf(tile);
    moveTo(panel, tile.dataset.picture, keysOf(panel).indexOf(tile.dataset.picture) + by);
  };
  addEventListener("keydown", (event) => {
    const tile = event.target.closest?.("[data-picture]");
    if (!tile || !event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(tile, by);
  });
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-shifts]");
    const tile = button?.closest("[data-picture]");
    if (tile) step(tile, Number(button.dataset.shifts));
  });
  new MutationObserver(() => {
    if (!focused) return;
    const button = $(`[data-picture="${focused}"] [data-picture-button]`);
    if (button && document.activeElement !== button && !$("dialog:modal")) button.focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true });
  for (const type of ["pointerdown", "focusin"]) {
    addEventListener(type, (event) => {
      if (event.target.closest?.("[data-picture]")?.dataset.picture !== focused) focused = null;
    });
  }

  let dragged = null;
  addEventListener("dragstart", (event) => {
    const tile = event.target.closest?.("[data-picture]");
    if (!tile) return;
    dragged = tile;
    tile.dataset.dragged = "";
    event.dataTransfer.effectAllowed = "move";
  });
  const unmark = () => $$("[data-over]").forEach((one) => one.removeAttribute("data-over"));
  addEventListener("dragover", (event) => {
    const tile = dragged && event.target.closest?.("[data-picture]");
    const box = !dragged && event.dataTransfer.types.includes("Files") && panelOf(event.target);
    if (!tile && !box) return;
    event.preventDefault();
    unmark();
    (tile ?? $("[data-picture-drop]", box))?.setAttribute("data-over", "");
  });
  addEventListener("drop", (event) => {
    unmark();
    const tile = dragged && event.target.closest?.("[data-picture]");
    const panel = panelOf(event.target);
    if (tile && panelOf(dragged) === panel) {
      event.preventDefault();
      moveTo(panel, dragged.dataset.picture, keysOf(panel).indexOf(tile.dataset.picture));
    } else if (!dragged && panel && event.dataTransfer.files.length) {
      event.preventDefault();
      send(panel, [...event.dataTransfer.files]);
    }
  });
  addEventListener("dragend", () => {
    dragged?.removeAttribute("data-dragged");
    dragged = null;
    unmark();
  });

  // Several chosen ---------------------------------------------------------------------------------------
  const chosen = (panel) => $$("[data-picture-check]:checked", panel).map((box) => box.value);
  const showChosen = (panel) => {
    const count = chosen(panel).length;
    panel.toggleAttribute("data-choosing", count > 0);
    const bar = $("[data-picture-bar]", panel);
    if (bar) $("[data-chosen-count]", bar).textContent = bar.dataset.words.replace("{count}", count);
  };
  addEventListener("change", (event) => {
    if (event.target.matches?.("[data-picture-check]")) showChosen(panelOf(event.target));
  });
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-picture-remove]");
    const panel = panelOf(button);
    if (!panel) return;
    hand("remove", { keys: chosen(panel).join(" ") });
    $$("[data-picture-check]:checked", panel).forEach((box) => (box.checked = false));
    showChosen(panel);
  });

  // Files ------------------------------------------------------------------------------------------------
  addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-picture-files]")) return;
    const files = [...event.target.files];
    event.target.value = "";
    send(panelOf(event.target), files);
  });
  const preview = (panel, file) => {
    const place = $("[data-uploads]", panel);
    const { look, lookImage, lookBar } = place.dataset;
    const image = make("img", { alt: file.name, className: lookImage });
    const reader = new FileReader();
    reader.onload = () => (image.src = reader.result);
    if (file.type.startsWith("image/") && file.type !== "image/svg+xml") reader.readAsDataURL(file);
    const bar = make("progress", { max: 100, value: 0, className: lookBar });
    bar.setAttribute("aria-label", file.name);
    const tile = make("li", { className: look }, image, bar);
    place.append(tile);
    return { tile, bar };
  };
  const post = (address, file, bar, failed) =>
    new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", address);
      request.upload.onprogress = (event) => (bar.value = event.lengthComputable ? (100 * event.loaded) / event.total : 50);
      request.onload = () => {
        let told = {};
        try {
          told = JSON.parse(request.responseText);
        } catch {
          told = { error: `${file.name}: ${request.responseText.slice(0, 200) || failed}` };
        }
        resolve(request.status === 201 ? "" : told.error || `${file.name}: ${failed}`);
      };
      request.onerror = () => resolve(`${file.name}: ${failed}`);
      request.send(file);
    });
  const send = async (panel, files) => {
    const input = $("[data-picture-files]", panel);
    if (!input || !files.length || panel.hasAttribute("data-uploading")) return;
    const { most, tooLarge, failed } = input.dataset;
    const errors = $("[data-upload-errors]", panel);
    errors.replaceChildren();
    panel.setAttribute("data-uploading", "");
    const waiting = files.map((file) => ({ file, ...preview(panel, file) }));
    let taken = 0;
    // One after another: they keep the order in which they were chosen.
    for (const { file, tile, bar } of waiting) {
      const address = `/uploads/pictures?product=${encodeURIComponent(panel.dataset.product)}&name=${encodeURIComponent(file.name)}`;
      const error = file.size > Number(most) ? `${file.name}: ${tooLarge}` : await post(address, file, bar, failed);
      if (error) errors.append(make("li", { textContent: error }));
      else taken += 1;
      tile.remove();
    }
    panel.removeAttribute("data-uploading");
    hand("arrived", { taken, refused: files.length - taken });
  };
  addEventListener("beforeunload", (event) => $("[data-uploading]") && event.preventDefault());

  // The picture of a category or collection -----------------------------------------------------------------
  addEventListener("change", async (event) => {
    const input = event.target;
    const box = input.closest?.("[data-one-picture]");
    if (!box || !input.matches("[type=file]") || !input.files.length) return;
    const [file] = input.files;
    input.value = "";
    const { most, tooLarge, failed } = box.dataset;
    const says = $("[data-one-picture-error]", box);
    says.textContent = file.size > Number(most) ? `${file.name}: ${tooLarge}` : "";
    if (says.textContent) return;
    const answer = await fetch(`/uploads/pictures?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file })
      .then((got) => got.json())
      .catch(() => ({ error: `${file.name}: ${failed}` }));
    says.textContent = answer.error ?? "";
    if (answer.key) showOne(box, answer.key);
  });
  const showOne = (box, key) => {
    const field = $("[data-one-picture-key]", box);
    field.value = key;
    const image = $("img", box);
    image.hidden = !key;
    if (key) image.src = `/media/${key}/320.jpg`;
    $("[data-one-picture-none]", box).hidden = !key;
  };
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-one-picture-none]");
    if (button) showOne(button.closest("[data-one-picture]"), "");
  });

  // Focal point ------------------------------------------------------------------------------------------
  const point = (box) => {
    const [x, y] = ["focus_x", "focus_y"].map((name) => $(`[data-focal-range=${name}]`, box).value);
    Object.assign($("[data-focal-mark]", box).style, { left: `${x}%`, top: `${y}%` });
  };
  addEventListener("input", (event) => {
    if (event.target.matches?.("[data-focal-range]")) point(event.target.closest("[data-focal]"));
  });
  addEventListener("click", (event) => {
    if (!event.target.matches?.("[data-focal-image]")) return;
    const box = event.target.closest("[data-focal]");
    const image = event.target.getBoundingClientRect();
    const per = (at, start, length) => Math.max(0, Math.min(100, Math.round((100 * (at - start)) / length)));
    $("[data-focal-range=focus_x]", box).value = per(event.clientX, image.left, image.width);
    $("[data-focal-range=focus_y]", box).value = per(event.clientY, image.top, image.height);
    point(box);
  });
})();
