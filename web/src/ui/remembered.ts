/** Small choices kept in this browser. A browser that refuses storage simply forgets them. */
export function recall<T>(key: string, isValid: (value: unknown) => value is T): T | undefined {
  try {
    const text = localStorage.getItem(`molecule.${key}`);
    if (text === null) return undefined;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Calls back when another tab of this browser remembers or forgets something. */
export function onRemembered(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  return () => window.removeEventListener("storage", changed);
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(`molecule.${key}`);
  } catch {
    // What was never kept is forgotten.
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`molecule.${key}`, JSON.stringify(value));
  } catch {
    // Nothing depends on it being kept.
  }
}
