// A quantity to step or to type. It answers at once by itself, and tells the server only where it came to rest.
// What isn't plainly a number from 1 up is neither corrected nor counted here: the server has it as it was typed.
import { useEffect, useRef, useState } from "react";

const REST_MS = 350;

export function Quantity({ value, most, least, name, label, fewer, more, limit, answer, classes, marks, onCommit }) {
  const [text, setText] = useState(String(value));
  const [over, setOver] = useState(false);
  const timer = useRef(null);
  const floor = least ?? 1;
  const number = /^[1-9][0-9]?$/.test(text.trim()) ? Number(text) : NaN;

  // What the server says holds, unless another step is still on its way there.
  useEffect(() => {
    if (!timer.current && (onCommit || Number.isNaN(number))) setText(String(value));
  }, [value, answer]);
  useEffect(() => {
    if (number > most) setText(String(Math.max(most, floor)));
  }, [most]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const rest = (next, wait) => {
    setText(String(next));
    clearTimeout(timer.current);
    timer.current = null;
    if (!onCommit || (next === value && !wait)) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      if (next !== value) onCommit(next);
    }, wait);
  };
  const step = (by) => {
    const next = (Number.isNaN(number) ? value : number) + by;
    setOver(next > most);
    rest(Math.min(Math.max(next, floor), Math.max(most, floor)), REST_MS);
  };
  const leave = () => {
    setOver(number > most);
    rest(Number.isNaN(number) ? text : Math.min(Math.max(number, floor), Math.max(most, floor)), 0);
  };
  const keys = (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      step(event.key === "ArrowUp" ? 1 : -1);
    } else if (event.key === "Enter" && onCommit) {
      event.preventDefault();
      leave();
    }
  };

  return (
    <div className={classes.box}>
      <div role="group" aria-label={label} className={classes.stepper}>
        <button type="button" aria-label={fewer} aria-disabled={number <= floor} className={classes.step}
          onClick={() => number > floor && step(-1)}>
          <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d="M5 12h14" /></svg>
        </button>
        <input name={name} value={text} aria-label={label} inputMode="numeric" autoComplete="off" maxLength={40}
          className={classes.input} data-testid={marks?.input} onKeyDown={keys} onBlur={leave}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setText(event.target.value)} />
        <button type="button" aria-label={more} aria-disabled={number >= most} className={classes.step}
          onClick={() => (number < most ? step(1) : setOver(true))}>
          <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d="M12 5v14M5 12h14" /></svg>
        </button>
      </div>
      <p role="status" className={classes.message}>{over ? limit : ""}</p>
    </div>
  );
}
