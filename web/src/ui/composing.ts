/** The key code of a key that an input method takes for itself. */
const takenByInputMethod = 229;

/**
 * True while an input method has the key: Enter confirms a candidate then, Escape drops it, arrows choose one. Safari
 * reports the confirming Enter after the composition has ended, and only its key code still tells.
 */
export function isComposing(event: { isComposing?: boolean; keyCode: number; nativeEvent?: { isComposing?: boolean } }): boolean {
  return event.isComposing === true || event.nativeEvent?.isComposing === true || event.keyCode === takenByInputMethod;
}
