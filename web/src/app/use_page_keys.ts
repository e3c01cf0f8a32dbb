import { useEffect } from "react";
import { tidyEverything } from "@/actions/arranging";
import { copyAll } from "@/actions/copying";
import { redoLast, undoLast } from "@/actions/undo";
import { graph } from "@/canvas/graph_controls";
import { mark, marksStore } from "@/canvas/marks";
import { isComposing } from "@/ui/composing";
import { goToNextPart } from "./page_parts";

interface PageKeys {
  onSearch: () => void;
  onSettings: () => void;
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
export function usePageKeys({ onSearch, onSettings, onCreate, onDeadLetters, onHelp, onEscape, onView }: PageKeys): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (isComposing(event)) return;
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (!dialogOpen()) onSearch();
        return;
      }
      if (command && event.key === ",") {
        event.preventDefault();
        if (!dialogOpen()) onSettings();
        return;
      }
      if (event.defaultPrevented || dialogOpen() || event.altKey) return;
      if (event.key === "Escape") return onEscape();
      if (event.key === "F6") {
        event.preventDefault();
        return goToNextPart(event.shiftKey);
      }
      if (writes(event.target)) return;
      const pressed = event.key.toLowerCase();
      const taken = () => event.preventDefault();
      if (command && pressed === "z") {
        taken();
        void (event.shiftKey ? redoLast() : undoLast());
      } else if (command && pressed === "y") {
        taken();
        void redoLast();
      } else if (command && pressed === "a" && graph.controls) {
        taken();
        mark({ picked: new Set(graph.controls.layout().boxes.keys()) });
      } else if (command && pressed === "d") {
        taken();
        const { picked, selected } = marksStore.get();
        const ids = picked.size > 0 ? [...picked] : selected === undefined ? [] : [selected];
        if (ids.length > 0) void copyAll(ids);
      } else if (command) return;
      else if (event.key === "?") onHelp();
      else if (/^[1-4]$/.test(event.key)) onView(Number(event.key));
      else if (event.shiftKey && pressed === "a") {
        taken();
        void tidyEverything();
      } else if (pressed === "f") graph.controls?.showAll();
      else if (pressed === "n") {
        taken();
        onCreate();
      } else if (pressed === "d") {
        taken();
        onDeadLetters();
      }
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [onSearch, onSettings, onCreate, onDeadLetters, onHelp, onEscape, onView]);
}
