// The pictures of a product: thumbnails, a strip to swipe or to walk by arrow keys, and a large view of each.
import { useEffect, useRef, useState } from "react";

const WIDTHS = [320, 640, 960, 1440];
const sources = (key, kind) => WIDTHS.map((width) => `/media/${key}/${width}.${kind} ${width}w`).join(", ");
const fill = (text, n, count) => text.replace("{n}", n).replace("{count}", count);

function Photo({ picture, sizes, alt, first, className }) {
  return (
    <picture className="contents">
      <source type="image/avif" srcSet={sources(picture.key, "avif")} sizes={sizes} />
      <source type="image/webp" srcSet={sources(picture.key, "webp")} sizes={sizes} />
      <img src={`/media/${picture.key}/640.jpg`} srcSet={sources(picture.key, "jpg")} sizes={sizes} alt={alt}
        width={picture.width} height={picture.height} className={className} decoding="async"
        loading={first ? "eager" : "lazy"} fetchPriority={first ? "high" : undefined} />
    </picture>
  );
}

export function Gallery({ pictures, shown, words, classes }) {
  const [stoodAt, setAt] = useState(shown);
  const [large, setLarge] = useState(false);
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
  useEffect(() => go(shown, false), [shown, first]);

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
  const enlarge = (index) => {
    go(index, false);
    setLarge(true);
    dialog.current.showModal();
  };

  if (!count) return <div className={classes.empty} />;
  const here = pictures[at];
  const others = count > 2 ? [1, 2].map((by) => (at + by) % count) : [];
  return (
    <>
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
      <dialog ref={dialog} className={classes.dialog} aria-label={fill(words.one, at + 1, count)} onKeyDown={arrows}
        onClose={() => setLarge(false)} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
        {large && (
          <div className={classes.large}>
            <div className={classes.largeFrame}>
              <Photo picture={here} sizes="100vw" alt={here.alt} first className={classes.largePhoto} />
            </div>
            <div className={classes.bar}>
              <span role="status">{at + 1} / {count}</span>
              <span className={classes.barEnd}>
                {count > 1 && (
                  <>
                    <button type="button" className={classes.tool} aria-label={words.previous} onClick={() => go(at - 1)}>
                      <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d="m15 6-6 6 6 6" /></svg>
                    </button>
                    <button type="button" className={classes.tool} aria-label={words.next} onClick={() => go(at + 1)}>
                      <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d="m9 6 6 6-6 6" /></svg>
                    </button>
                  </>
                )}
                <button type="button" className={classes.tool} aria-label={words.close} onClick={() => dialog.current.close()}>
                  <svg viewBox="0 0 24 24" aria-hidden="true" className={classes.icon}><path d="M6 6l12 12M18 6 6 18" /></svg>
                </button>
              </span>
            </div>
          </div>
        )}
      </dialog>
    </>
  );
}
