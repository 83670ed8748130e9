// The pictures of a product: thumbnails, a strip to swipe or to walk by arrow keys, and a large view of each.
import { useEffect, useLayoutEffect, useRef, useState } from "react";

const WIDTHS = [320, 640, 960, 1440];
const sources = (key, kind) => WIDTHS.map((width) => `/media/${key}/${width}.${kind} ${width}w`).join(", ");
const fill = (text, n, count) => text.replace("{n}", n).replace("{count}", count);

const MOST = 4;
const STEP = 1.5;
const bounded = (zoom) => Math.min(MOST, Math.max(1, zoom));

function Photo({ picture, sizes, alt, first, className, ...rest }) {
  return (
    <picture className="contents">
      <source type="image/avif" srcSet={sources(picture.key, "avif")} sizes={sizes} />
      <source type="image/webp" srcSet={sources(picture.key, "webp")} sizes={sizes} />
      <img src={`/media/${picture.key}/640.jpg`} srcSet={sources(picture.key, "jpg")} sizes={sizes} alt={alt}
        width={picture.width} height={picture.height} className={className} decoding="async"
        loading={first ? "eager" : "lazy"} fetchPriority={first ? "high" : undefined} {...rest} />
    </picture>
  );
}

function Tool({ label, path, off, onClick, classes }) {
  return (
    <button type="button" className={classes.tool} aria-label={label} aria-disabled={off || undefined} onClick={() => off || onClick()}>
      <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d={path} /></svg>
    </button>
  );
}

// One picture, as wide as the window and at most as wide as its largest file, times the zoom; scrolled to see
// all of it. What is under the fingers or the pointer stays there while it grows.
function Large({ picture, zoom, onZoom, classes }) {
  const frame = useRef(null);
  const [room, setRoom] = useState(() => document.documentElement.clientWidth);
  const width = Math.min(room, WIDTHS.at(-1)) * zoom;
  const anchor = useRef(null);
  const fingers = useRef(new Map());
  const pinch = useRef(null);

  useEffect(() => {
    const measure = () => setRoom(frame.current.clientWidth);
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, []);
  useLayoutEffect(() => {
    const box = frame.current;
    const { x, y, part } = anchor.current ?? { x: box.clientWidth / 2, y: box.clientHeight / 2, part: [0.5, 0.5] };
    const image = box.querySelector("img");
    const [left, top] = [image.offsetLeft - box.offsetLeft, image.offsetTop - box.offsetTop];
    box.scrollTo({ left: left + part[0] * image.offsetWidth - x, top: top + part[1] * image.offsetHeight - y, behavior: "instant" });
    anchor.current = null;
  }, [width, picture.key]);

  const zoomAt = (next, clientX, clientY) => {
    const image = frame.current.querySelector("img").getBoundingClientRect();
    const box = frame.current.getBoundingClientRect();
    anchor.current = {
      x: clientX - box.left,
      y: clientY - box.top,
      part: [(clientX - image.left) / image.width, (clientY - image.top) / image.height],
    };
    onZoom(bounded(next));
  };
  useEffect(() => {
    // Two fingers on a touchpad arrive as a wheel with Ctrl; React's own listener couldn't keep the page from zooming.
    const wheel = (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomAt(zoom * Math.exp(-event.deltaY / 100), event.clientX, event.clientY);
    };
    const box = frame.current;
    box.addEventListener("wheel", wheel, { passive: false });
    return () => box.removeEventListener("wheel", wheel);
  });
  const spread = () => {
    const [one, other] = [...fingers.current.values()];
    return { apart: Math.hypot(one.x - other.x, one.y - other.y), x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
  };
  const put = (event) => {
    if (event.pointerType !== "touch") return;
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    pinch.current = fingers.current.size === 2 ? { zoom, apart: spread().apart } : null;
  };
  const move = (event) => {
    if (!fingers.current.has(event.pointerId)) return;
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!pinch.current) return;
    const { apart, x, y } = spread();
    zoomAt((pinch.current.zoom * apart) / pinch.current.apart, x, y);
  };
  const lift = (event) => {
    fingers.current.delete(event.pointerId);
    pinch.current = null;
  };
  return (
    <div ref={frame} className={classes.largeFrame} data-zoom={zoom} tabIndex={0} role="group" aria-label={picture.alt}
      onDoubleClick={(event) => zoomAt(zoom > 1 ? 1 : 2.5, event.clientX, event.clientY)}
      onPointerDown={put} onPointerMove={move} onPointerUp={lift} onPointerCancel={lift}>
      <Photo picture={picture} sizes={`${Math.round(width)}px`} alt={picture.alt} first className={classes.largePhoto}
        style={{ width }} draggable={false} />
    </div>
  );
}

export function Gallery({ pictures, shown, words, classes }) {
  const [stoodAt, setAt] = useState(shown);
  const [large, setLarge] = useState(false);
  const [zoom, setZoom] = useState(1);
  const strip = useRef(null);
  const dialog = useRef(null);
  const count = pictures.length;
  const at = stoodAt < count ? stoodAt : 0;
  const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  const go = (index, smooth = true) => {
    if (!count) return;
    const next = (index + count) % count;
    setAt(next);
    const box = strip.current;
    box?.scrollTo({ left: next * box.clientWidth, behavior: smooth && !calm() ? "smooth" : "instant" });
  };
  const first = pictures[0]?.key;
  // Before anything else can scroll it: where the served page stood counts more.
  useLayoutEffect(() => go(shown, false), [shown, first]);

  // Whoever swipes is followed: the picture that stands still is the one shown.
  const settle = useRef(null);
  const follow = () => {
    clearTimeout(settle.current);
    settle.current = setTimeout(() => {
      const box = strip.current;
      if (box?.clientWidth) setAt(Math.round(box.scrollLeft / box.clientWidth));
    }, 80);
  };
  const arrows = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || count < 2) return;
    event.preventDefault();
    go(at + by);
  };
  const keys = (event) => {
    const next = { "+": zoom * STEP, "=": zoom * STEP, "-": zoom / STEP, 0: 1 }[event.key];
    if (!next || event.ctrlKey || event.metaKey) return arrows(event);
    event.preventDefault();
    setZoom(bounded(next));
  };
  const enlarge = (index) => {
    go(index, false);
    setZoom(1);
    setLarge(true);
    dialog.current.showModal();
  };

  const leave = () => {
    setLarge(false);
    // Whoever has walked on in the large view stands at that picture.
    strip.current.children[at].focus({ preventScroll: true });
  };

  if (!count) return <div className={classes.empty} />;
  const here = pictures[at];
  const others = count > 2 ? [1, 2].map((by) => (at + by) % count) : [];
  return (
    <>
      <div className={classes.main}>
        <div className={classes.stage}>
          <div ref={strip} className={classes.strip} onScroll={follow} onKeyDown={arrows} role="group" aria-label={words.all} data-at={shown < count ? shown : 0}>
            {pictures.map((picture, index) => (
              <button key={picture.key} type="button" className={classes.slide} tabIndex={index === at ? 0 : -1}
                style={{ background: picture.colour }} onClick={() => enlarge(index)}
                aria-label={`${fill(words.enlarge, index + 1, count)}${picture.alt ? `: ${picture.alt}` : ""}`}>
                <Photo picture={picture} sizes="(min-width:1360px) 680px, (min-width:1100px) 50vw, (min-width:768px) 46vw, 100vw"
                  alt={picture.alt} first={index === shown} className={classes.photo} />
              </button>
            ))}
          </div>
          {count > 1 && <span className={classes.counter} aria-hidden="true">{at + 1} / {count}</span>}
        </div>
        {others.length > 0 && (
          <div className={classes.others}>
            {others.map((index) => (
              <button key={pictures[index].key} type="button" tabIndex={-1} aria-hidden="true" className={classes.other}
                style={{ background: pictures[index].colour }} onClick={() => enlarge(index)}>
                <Photo picture={pictures[index]} sizes="(min-width:1360px) 340px, 25vw" alt="" className={classes.photo} />
              </button>
            ))}
          </div>
        )}
      </div>
      <div className={classes.thumbs} role="group" aria-label={words.all}>
        {count > 1 && pictures.map((picture, index) => (
          <button key={picture.key} type="button" className={classes.thumb} onClick={() => go(index)}
            aria-label={fill(words.one, index + 1, count)} aria-current={index === at ? "true" : undefined}>
            <span className={classes.thumbFrame} style={{ background: picture.colour }}>
              <Photo picture={picture} sizes="72px" alt="" className={classes.photo} />
            </span>
          </button>
        ))}
      </div>
      <dialog ref={dialog} className={classes.dialog} aria-label={fill(words.one, at + 1, count)} onKeyDown={keys}
        onClose={leave} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
        {large && (
          <div className={classes.large}>
            <Large picture={here} zoom={zoom} onZoom={setZoom} classes={classes} />
            <div className={classes.bar}>
              <span role="status">{at + 1} / {count}</span>
              <span className={classes.barEnd}>
                <Tool label={words.out} path="M5 12h14" classes={classes} off={zoom <= 1} onClick={() => setZoom(bounded(zoom / STEP))} />
                <Tool label={words.in} path="M12 5v14M5 12h14" classes={classes} off={zoom >= MOST} onClick={() => setZoom(bounded(zoom * STEP))} />
                {count > 1 && (
                  <>
                    <Tool label={words.previous} path="m15 6-6 6 6 6" classes={classes} onClick={() => go(at - 1)} />
                    <Tool label={words.next} path="m9 6 6 6-6 6" classes={classes} onClick={() => go(at + 1)} />
                  </>
                )}
                <Tool label={words.close} path="M6 6l12 12M18 6 6 18" classes={classes} onClick={() => dialog.current.close()} />
              </span>
            </div>
          </div>
        )}
      </dialog>
    </>
  );
}
