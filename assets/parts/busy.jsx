// A button that is busy from the click until the answer: it can't be pressed twice, with or without a connection.
import { useEffect, useState } from "react";

export function BusyButton({ answer, busyLabel, off, spin, children, onClick, ...rest }) {
  const [busy, setBusy] = useState(false);
  useEffect(() => setBusy(false), [answer]);
  useEffect(() => {
    // The browser's back button may bring the page back as it was left.
    const again = (event) => event.persisted && setBusy(false);
    window.addEventListener("pageshow", again);
    // The connection was lost, and nobody knows whether what was pressed has arrived (web/frontend_resend.py).
    const release = () => setBusy(false);
    document.addEventListener("unhandled", release);
    return () => {
      window.removeEventListener("pageshow", again);
      document.removeEventListener("unhandled", release);
    };
  }, []);

  const press = (event) => {
    // aria-disabled and not disabled: the focus stays where it is.
    if (busy || off) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    setBusy(true);
    onClick?.(event);
  };

  return (
    <button type="button" {...rest} onClick={press} aria-busy={busy} aria-disabled={busy || off || undefined}>
      {busy ? (<><span className={spin} aria-hidden="true" />{busyLabel}</>) : children}
    </button>
  );
}
