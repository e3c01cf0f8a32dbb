import { useCallback, type RefObject } from "react";
import { draggedWith, dropTarget, header, shareOutside, side, type Box, type Layout, type Point } from "./layout";
import { landingIn } from "./placements";
import { mark, marksStore } from "./marks";
import type { WorkspaceFlowNode } from "./workspace_node";

/** More than this share of a card outside its parent takes it out of the team. */
const extractShare = 0.2;

export interface DragHandlers {
  onMove: (id: string, to: Point) => void;
  onNest: (id: string, parent: string, to: Point) => void;
  onExtract: (id: string, to: Point) => void;
  /** All that are dragged follow the one under the pointer, by so much from where they stood. */
  onFollow: (ids: ReadonlySet<string>, by: Point) => void;
  /** Dropped where it came from, or nearly: it goes back. */
  onBack: () => void;
}

function clampInto(card: Box, at: Point, parent: Box): Point {
  return {
    x: Math.max(parent.x + side, Math.min(at.x, parent.x + parent.w - card.w - side)),
    y: Math.max(parent.y + header, Math.min(at.y, parent.y + parent.h - card.h - side)),
  };
}

export const none: ReadonlySet<string> = new Set();

interface CardDrag {
  onDrag: (event: unknown, node: WorkspaceFlowNode) => void;
  onDrop: (event: { ctrlKey?: boolean; metaKey?: boolean }, node: WorkspaceFlowNode) => void;
}

/**
 * What dragging a card means: where it would land is marked on the way, and dropping it moves, nests or extracts.
 * `draggingRef` names the cards that are on the way meanwhile.
 */
export function useCardDrag(layout: Layout, draggingRef: RefObject<ReadonlySet<string>>, handlers: DragHandlers): CardDrag {
  const { onMove, onNest, onExtract, onFollow, onBack } = handlers;
  const placeOf = useCallback(
    (node: WorkspaceFlowNode): { card: Box; at: Point; target: Box | undefined } | undefined => {
      const card = layout.boxes.get(node.id);
      if (!card) return undefined;
      const parent = node.parentId === undefined ? undefined : layout.boxes.get(node.parentId);
      const at = { x: (parent?.x ?? 0) + node.position.x, y: (parent?.y ?? 0) + node.position.y };
      const target = dropTarget(layout, draggedWith(layout, node.id, marksStore.get().picked), { x: at.x + card.w / 2, y: at.y + card.h / 2 });
      return { card, at, target: target && target.id !== card.parent ? target : undefined };
    },
    [layout],
  );

  const onDrag = useCallback(
    (_event: unknown, node: WorkspaceFlowNode) => {
      const { card, at, target } = placeOf(node) ?? {};
      const ids = draggedWith(layout, node.id, marksStore.get().picked);
      draggingRef.current = ids;
      if (card && at && ids.size > 1) onFollow(ids, { x: at.x - card.x, y: at.y - card.y });
      if (!card || !at || !target) return mark({ dropInto: undefined, landing: undefined });
      const landing = { ...landingIn(layout, target.id, card.id, at), w: card.w, h: card.h };
      mark({ dropInto: target.id, landing });
    },
    [draggingRef, layout, onFollow, placeOf],
  );

  const onDrop = useCallback(
    (event: { ctrlKey?: boolean; metaKey?: boolean }, node: WorkspaceFlowNode) => {
      draggingRef.current = none;
      mark({ dropInto: undefined, landing: undefined });
      const place = placeOf(node);
      if (!place) return;
      const { card, at, target } = place;
      if (Math.abs(at.x - card.x) < 1 && Math.abs(at.y - card.y) < 1) return onBack();
      const parent = card.parent === null ? undefined : layout.boxes.get(card.parent);
      if (target) return onNest(card.id, target.id, at);
      if (!parent) return onMove(card.id, at);
      const forced = event.ctrlKey === true || event.metaKey === true;
      if (forced || shareOutside({ ...at, w: card.w, h: card.h }, parent) > extractShare) return onExtract(card.id, at);
      const inside = clampInto(card, at, parent);
      if (inside.x === card.x && inside.y === card.y) onBack();
      else onMove(card.id, inside);
    },
    [draggingRef, layout, placeOf, onNest, onMove, onExtract, onBack],
  );

  return { onDrag, onDrop };
}
