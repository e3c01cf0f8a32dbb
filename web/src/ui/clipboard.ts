/** The older way, which also works on pages that came over plain http from another machine. */
function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.setAttribute("aria-hidden", "true");
  // Not wrapped: breaking one long word into lines may take a browser half a minute.
  field.style.cssText = "position:fixed;inset:0 auto auto 0;opacity:0;white-space:pre";
  const before = document.activeElement;
  // Inside an open dialog nothing outside of it can take the focus.
  (before?.closest('[role="dialog"], [role="alertdialog"]') ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}

/** Copies text; false where the browser refuses (the caller then selects the text for copying by hand). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}
