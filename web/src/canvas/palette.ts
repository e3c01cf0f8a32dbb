import { useSyncExternalStore } from "react";
import type { WorkspaceStatus } from "@/api/wire";
import { statusTone } from "./status_dot";

/** Colours as a painter needs them: those of the theme that is shown, worked out. */
export interface Palette {
  /** Of a card from afar. */
  body: Record<WorkspaceStatus, string>;
  edge: Record<WorkspaceStatus, string>;
  /** Of a card that holds others. */
  open: Record<WorkspaceStatus, string>;
  tone: Record<WorkspaceStatus, string>;
  team: string;
  ink: string;
  primary: string;
  bad: string;
  grey: string;
  line: string;
  /** Over what is out of the view. */
  mask: string;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
/** The theme and the device's own: what colours depend on. */
const keyNow = () => `${document.documentElement.dataset.theme ?? ""} ${dark.matches}`;

let known: { key: string; palette: Palette } | undefined;

function mixed(): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const worked = (colour: string): string => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const each = (mix: (tone: string) => string) =>
    Object.fromEntries(Object.entries(statusTone).map(([status, tone]) => [status, worked(mix(tone))])) as Record<WorkspaceStatus, string>;
  const palette: Palette = {
    body: each((tone) => `color-mix(in srgb, ${tone} 24%, var(--surface))`),
    edge: each((tone) => `color-mix(in srgb, ${tone} 48%, var(--surface))`),
    open: each((tone) => `color-mix(in srgb, ${tone} 7%, var(--surface))`),
    tone: each((tone) => tone),
    team: worked("var(--primary-soft)"),
    ink: worked("var(--ink)"),
    primary: worked("var(--primary)"),
    bad: worked("var(--bad)"),
    grey: worked("var(--grey)"),
    line: worked("var(--border-control)"),
    mask: worked("color-mix(in srgb, var(--background) 70%, transparent)"),
  };
  probe.remove();
  return palette;
}

function palette(): Palette {
  const key = keyNow();
  if (known?.key !== key) known = { key, palette: mixed() };
  return known.palette;
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", listener);
  };
}

export const usePalette = (): Palette => useSyncExternalStore(subscribe, palette);
