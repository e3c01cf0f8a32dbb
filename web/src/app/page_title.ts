import { useEffect } from "react";
import { shortCount } from "@/model/needs";

const product = "Molecule AI";

/** A mark over the icon of the page, as the browser draws it in a tab. */
function marked(count: string): string {
  const size = count.length > 2 ? 11 : 15;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke="#3b5bdb" stroke-width="2"><path d="M16 12.5V8M13.2 18.2l-4.4 3.6M18.8 18.2l4.4 3.6"/><circle cx="16" cy="16" r="3.4"/></g><g fill="#3b5bdb"><circle cx="16" cy="6" r="3.6"/><circle cx="7" cy="23.4" r="3.6"/></g><circle cx="22" cy="22" r="10" fill="#b42318"/><text x="22" y="${22 + size * 0.36}" font-family="sans-serif" font-weight="700" font-size="${size}" fill="#fff" text-anchor="middle">${count}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** The tab of the browser says what is open, and how much waits for a person. */
export function usePageTitle(name: string | undefined, waiting: number): void {
  useEffect(() => {
    const words = name === undefined ? product : `${name} · ${product}`;
    document.title = waiting === 0 ? words : `(${shortCount(waiting)}) ${words}`;
  }, [name, waiting]);
  useEffect(() => {
    if (waiting === 0) return;
    const icons = [...document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')];
    const plain = icons.map((icon) => icon.href);
    for (const icon of icons) icon.href = marked(shortCount(waiting));
    return () => icons.forEach((icon, index) => icon.setAttribute("href", plain[index] ?? ""));
  }, [waiting]);
  useEffect(
    () => () => {
      document.title = product;
    },
    [],
  );
}
