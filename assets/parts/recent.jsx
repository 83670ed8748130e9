// Remembers in this browser alone which products were looked at, and asks for the cards of the earlier ones.
import { useEffect } from "react";

const KEY = "recently-viewed";
const MOST = 9;

const remembered = () => {
  try {
    const slugs = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(slugs) ? slugs.filter((slug) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug)).slice(0, MOST) : [];
  } catch {
    return [];
  }
};

export function RecentlyViewed({ slug, onRecent }) {
  useEffect(() => {
    if (!slug) return;
    const others = remembered().filter((other) => other !== slug);
    if (others.length) onRecent(others);
    try {
      localStorage.setItem(KEY, JSON.stringify([slug, ...others].slice(0, MOST)));
    } catch {
      // A browser that keeps nothing shows nothing.
    }
  }, [slug]);
  return null;
}
