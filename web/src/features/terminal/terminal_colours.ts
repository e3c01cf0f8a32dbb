import type { ITheme } from "@xterm/xterm";

const names = {
  background: "--surface-muted",
  foreground: "--ink",
  cursor: "--ink",
  cursorAccent: "--surface-muted",
  selectionBackground: "--primary-soft",
  black: "--ink-muted",
  red: "--bad",
  green: "--ok",
  yellow: "--warn",
  blue: "--link",
  magenta: "--remote",
  cyan: "--sky",
  white: "--ink-muted",
  brightBlack: "--ink-muted",
  brightRed: "--rust",
  brightGreen: "--ok",
  brightYellow: "--warn",
  brightBlue: "--indigo",
  brightMagenta: "--remote",
  brightCyan: "--sky",
  brightWhite: "--ink",
} satisfies Partial<Record<keyof ITheme, string>>;

/** The page's colours as they are now where the element stands, light or dark. */
export function coloursAt(place: HTMLElement): ITheme {
  const probe = document.createElement("span");
  place.append(probe);
  const theme: ITheme = {};
  for (const [name, variable] of Object.entries(names)) {
    probe.style.color = `var(${variable})`;
    theme[name as keyof typeof names] = getComputedStyle(probe).color;
  }
  probe.remove();
  return theme;
}

/** What the page sets machines' words in. */
export const fontAt = (place: HTMLElement): string => getComputedStyle(place).getPropertyValue("--mono").trim() || "monospace";
