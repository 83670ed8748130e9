// Passkeys, and the dialog that asks again who one is: what a browser does with keys and cookies, which no State
// may see. By delegation and data attributes; without scripts the password signs in.
(() => {
  if (window.shopPasskeys) return;
  window.shopPasskeys = true;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  // The page that is seen: the served one, until the reactive one has taken over (assets/served.js).
  const seen = (selector) => $(selector, $("#served") ?? document);
  // Staff and customers have routes of their own, of the same names.
  const base = () => (location.pathname.startsWith("/admin") ? "/admin" : "/account");
  const CHALLENGE_MS = 240_000;

  const toBytes = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const toText = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const withBytes = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));

  const post = async (address, body, type = "application/json") => {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": type }, body, redirect: "error" });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(said.error ?? answer.statusText), { status: answer.status, shop: true });
    return said;
  };
  const send = (address, values = {}) => post(address, JSON.stringify(values));

  const make = async (options) => {
    const publicKey = {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id,
      rawId: toText(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: toText(made.response.clientDataJSON),
        attestationObject: toText(made.response.attestationObject),
        transports: made.response.getTransports?.() ?? [],
      },
    };
  };
  const get = async (options, more = {}) => {
    const allowCredentials = withBytes(options.allowCredentials);
    const publicKey = { ...options, challenge: toBytes(options.challenge), allowCredentials };
    const proven = await navigator.credentials.get({ publicKey, ...more });
    const { clientDataJSON, authenticatorData, signature, userHandle } = proven.response;
    return {
      id: proven.id,
      rawId: toText(proven.rawId),
      type: proven.type,
      response: {
        clientDataJSON: toText(clientDataJSON),
        authenticatorData: toText(authenticatorData),
        signature: toText(signature),
        userHandle: userHandle ? toText(userHandle) : undefined,
      },
    };
  };

  // What can be said to the person. Whoever closes the browser's own window has changed their mind.
  const say = (place, error) => {
    const node = seen(place);
    if (!node || error?.name === "NotAllowedError" || error?.name === "AbortError") return;
    node.textContent = error ? error.message : "";
  };

  // Signing in ------------------------------------------------------------------------------------------
  const nextOf = () => seen("form[data-login] [name=next]")?.value ?? "";
  const goOn = async (answer) => {
    const said = await send(`${base()}/login/passkey`, { answer, next: nextOf() });
    location.assign(said.to);
  };
  let offered = null;
  const asksForPasskey = () => seen("input[autocomplete~=webauthn]");
  // The browser offers passkeys where the address is typed.
  const offer = async () => {
    if (!asksForPasskey()) return;
    const mine = (offered = new AbortController());
    try {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
      const options = await send(`${base()}/login/passkey/options`);
      const again = setTimeout(() => {
        mine.abort();
        offer();
      }, CHALLENGE_MS);
      const answer = await get(options, { mediation: "conditional", signal: mine.signal });
      clearTimeout(again);
      await goOn(answer);
    } catch (error) {
      if (error.shop && error.status !== 429) say("[data-passkey-says]", error);
    }
  };
  const signIn = async () => {
    offered?.abort();
    await goOn(await get(await send(`${base()}/login/passkey/options`)));
  };

  // Proving again who one is ----------------------------------------------------------------------------
  const SAYS = "[data-confirm-says]";
  const proven = () => {
    $("form[data-confirm]")?.reset();
    say(SAYS);
    $("[data-proven]")?.click();
  };
  const confirm = async () => {
    const answer = await get(await send(`${base()}/confirm/options`));
    await send(`${base()}/confirm`, { answer });
    proven();
  };
  addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !("confirm" in form.dataset)) return;
    event.preventDefault();
    say(SAYS);
    const values = new URLSearchParams(new FormData(form)).toString();
    try {
      await post(`${base()}/confirm`, values, "application/x-www-form-urlencoded");
      proven();
    } catch (error) {
      say(SAYS, error);
    }
  });

  // A customer can have a code sent there.
  addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-confirm-send]");
    if (!button) return;
    say(SAYS);
    button.disabled = true;
    try {
      await send(`${base()}/confirm/code`);
      $("[data-confirm-sent]").hidden = false;
      $("form[data-confirm] [name=code]").focus();
    } catch (error) {
      say(SAYS, error);
    } finally {
      button.disabled = false;
    }
  });

  // Adding one ------------------------------------------------------------------------------------------
  const add = async () => {
    try {
      const answer = await make(await send(`${base()}/passkeys/options`));
      await send(`${base()}/passkeys`, { answer, name: $("[data-passkey-name]")?.value ?? "" });
      $("[data-passkey-added]")?.click();
    } catch (error) {
      if (error.status !== 409 || !$("[data-ask-again]")) throw error;
      $("[data-ask-again]").click();
    }
  };

  const ACTS = { "sign-in": [signIn, "[data-passkey-says]"], confirm: [confirm, SAYS], add: [add, "[data-passkey-says]"] };
  let busy = false;
  addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-passkey]");
    if (!button || busy) return;
    event.preventDefault();
    event.stopPropagation();
    const [act, place] = ACTS[button.dataset.passkey];
    busy = true;
    say(place);
    try {
      await act();
    } catch (error) {
      say(place, error);
    } finally {
      busy = false;
    }
  }, true);

  // The address that was typed before a wrong password stands in the form again.
  const EMAIL = "shop-login-email";
  addEventListener("submit", (event) => {
    const form = event.target;
    // A customer goes on to the next step, and leaves nothing behind.
    if ("login" in form.dataset && base() === "/admin") sessionStorage.setItem(EMAIL, form.elements.namedItem("email").value);
  });
  const fillEmail = () => {
    const kept = sessionStorage.getItem(EMAIL);
    const input = seen("form[data-login] [name=email]");
    if (!input || !kept) return;
    sessionStorage.removeItem(EMAIL);
    if ($("[data-testid=login-problem]") && !input.value) input.value = kept;
  };

  const able = Boolean(window.PublicKeyCredential && navigator.credentials);
  let scheduled = false;
  const look = () => {
    scheduled = false;
    if (!able) return;
    for (const button of $$("[data-passkey][hidden]")) button.hidden = false;
    // Also where somebody has come by a link within the shop, and once they have left again.
    if (!offered) offer();
    else if (!asksForPasskey()) {
      offered.abort();
      offered = null;
    }
  };
  new MutationObserver(() => {
    if (!scheduled) requestAnimationFrame(look);
    scheduled = true;
  }).observe(document.body, { subtree: true, childList: true });
  look();
  fillEmail();
})();
