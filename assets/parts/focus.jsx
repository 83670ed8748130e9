// A box that takes the focus when it has something new to say; links in it to fields focus them.
import { useEffect, useRef } from "react";

export function FocusBox({ news, shown, children, ...rest }) {
  const box = useRef(null);
  const before = useRef(news);
  useEffect(() => {
    if (before.current === news) return;
    before.current = news;
    if (shown) box.current?.focus();
  }, [news, shown]);

  const follow = (event) => {
    const link = event.target.closest?.('a[href*="#"]');
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    // Before the link itself hears of it: to the router it would be a walk to another page.
    event.preventDefault();
    event.stopPropagation();
    field.focus();
  };

  return <div ref={box} tabIndex={-1} {...rest} onClickCapture={follow}>{children}</div>;
}
