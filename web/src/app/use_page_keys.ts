import { useEffect } from "react";
import { undoLast } from "@/actions/undo";
import { isComposing } from "@/ui/composing";
import { toast } from "@/ui/toast";
import { goToNextPart } from "./page_parts";

interface PageKeys {
  onSearch: () => void;
  onCreate: () => void;
  onDeadLetters: () => void;
  onHelp: () => void;
  onEscape: () => void;
  /** A view by its number, from 1. */
  onView: (number: number) => void;
}

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

export const dialogOpen = (): boolean => document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

/** Keys that work anywhere on the page. Single letters are left alone while someone writes or a dialog is open. */
export function usePageKeys({ onSearch, onCreate, onDeadLetters, onHelp, onEscape, onView }: PageKeys): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (isComposing(event)) return;
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (!dialogOpen()) onSearch();
        return;
      }
      if (event.defaultPrevented || dialogOpen() || event.altKey) return;
      if (event.key === "Escape") return onEscape();
      if (event.key === "F6") {
        event.preventDefault();
        return goToNextPart(event.shiftKey);
      }
      if (writes(event.target)) return;
      if (command && event.key.toLowerCase() === "z" && !event.shiftKey) {
        event.preventDefault();
        const undone = undoLast();
        toast("info", undone === undefined ? "There is nothing to undo" : `Undone: ${undone}`);
      } else if (!command && event.key === "?") onHelp();
      else if (!command && /^[1-4]$/.test(event.key)) onView(Number(event.key));
      else if (!command && event.key.toLowerCase() === "n") {
        event.preventDefault();
        onCreate();
      } else if (!command && event.key.toLowerCase() === "d") {
        event.preventDefault();
        onDeadLetters();
      }
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [onSearch, onCreate, onDeadLetters, onHelp, onEscape, onView]);
}
