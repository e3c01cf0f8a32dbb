/** Whether an address means the machine that asks for it, so that from another one it leads nowhere. */
export function onlyHere(address: string): boolean {
  try {
    const { hostname } = new URL(address);
    return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  } catch {
    return false;
  }
}
