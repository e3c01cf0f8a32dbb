import { useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { drawnHopsStore } from "@/model/hop_view";
import { useSelected } from "@/ui/store";
import { cardsIn, partFor, stillDoes, withTeam, type Part } from "./drawn";
import type { Box, Layout, Rect } from "./layout";
import { marksStore, reachedStore, underStore } from "./marks";

/** More picked cards than this stay painted where cards are painted. */
const pickedMost = 50;
const nowhere: Part = { x: 0, y: 0, w: 0, h: 0, painted: false };

export interface Cards {
  part: Part;
  /** Those to draw as elements, parents before their children. */
  cards: readonly Box[];
  /** The same by id. */
  elements: ReadonlySet<string>;
  setPart: (part: Part) => void;
  /** Called with what is dragged: it is drawn wherever the view goes meanwhile. */
  setDragged: (ids: ReadonlySet<string>) => void;
}

/** Which cards are elements just now: those in and near the view, and those somebody deals with. */
export function useCards(layout: Layout, none: ReadonlySet<string>): Cards {
  const [part, setPart] = useState<Part>(nowhere);
  const [dragged, setDragged] = useState(none);
  const hops = useSelected(drawnHopsStore, (value) => value);
  const reached = useSelected(reachedStore, (id) => id);
  const under = useSelected(underStore, (id) => id);
  const dealtWith = useSelected(marksStore, ({ selected, renaming, picked }) =>
    part.painted ? [selected, renaming, ...(picked.size <= pickedMost ? picked : [])].filter(Boolean).join() : "",
  );
  const cards = useMemo(() => {
    const held = new Set([reached, part.painted ? under : undefined, ...dealtWith.split(",")].flatMap((id) => (id ? [id] : [])));
    for (const id of dragged) for (const each of withTeam(layout, id)) held.add(each);
    return cardsIn(layout, part, held, hops);
  }, [layout, part, dragged, hops, reached, under, dealtWith]);
  const elements = useMemo(() => new Set(cards.map(({ id }) => id)), [cards]);
  return { part, cards, elements, setPart, setDragged };
}

/** Watches the view, and draws for another part of the canvas once it leaves the one there is. Draws nothing itself. */
export function PartWatch({ layout, part, onPart }: { layout: Layout; part: Part; onPart: (part: Part) => void }) {
  const flow = useStoreApi();
  const latest = useRef(part);
  const look = useCallback(() => {
    const { transform: [x, y, zoom], width, height } = flow.getState();
    if (width === 0 || height === 0) return;
    const view: Rect = { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom };
    if (stillDoes(layout, latest.current, view)) return;
    latest.current = partFor(layout, view);
    onPart(latest.current);
  }, [flow, layout, onPart]);
  useEffect(() => {
    latest.current = part;
  }, [part]);
  useEffect(() => {
    // Another layout may have more or fewer cards in the same view.
    look();
    let { transform, width, height } = flow.getState();
    return flow.subscribe((now) => {
      if (now.transform === transform && now.width === width && now.height === height) return;
      ({ transform, width, height } = now);
      look();
    });
  }, [flow, look]);
  return null;
}
