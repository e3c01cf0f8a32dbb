const own = "molecule.";

/** What is kept in this browser. A browser that refuses storage simply forgets it. */
export function recall<T>(key: string, isValid: (value: unknown) => value is T): T | undefined {
  try {
    const text = localStorage.getItem(own + key);
    if (text === null) return undefined;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The keys that begin so. */
export function remembered(prefix: string): string[] {
  try {
    return Object.keys(localStorage).flatMap((key) => (key.startsWith(own + prefix) ? [key.slice(own.length)] : []));
  } catch {
    return [];
  }
}

/** Calls back when another tab of this browser remembers or forgets something; nothing is told of a key that is not ours. */
export function onRemembered(changed: (key: string | undefined) => void): () => void {
  const hear = ({ key }: StorageEvent) => changed(key?.startsWith(own) ? key.slice(own.length) : undefined);
  window.addEventListener("storage", hear);
  return () => window.removeEventListener("storage", hear);
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(own + key);
  } catch {
    // What was never kept is forgotten.
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(own + key, JSON.stringify(value));
  } catch {
    // Nothing depends on it being kept.
  }
}
