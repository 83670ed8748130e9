// Leaves the shop for the page to pay on, once, for the submission that this very page has sent.
// Reflex's own redirect stays inside the shop where the address has the shop's host, as the sandbox has.
import { useEffect, useState } from "react";

export function Departure({ to, ticket, number, name }) {
  const [own] = useState(() => Math.random().toString(36).slice(2) + Date.now().toString(36));
  useEffect(() => {
    if (to && ticket === own) window.location.assign(to);
  }, [number]);
  return <input type="hidden" name={name} value={own} readOnly />;
}
