import { useNodesInitialized, useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useRef, type RefObject } from "react";
import { graph, prefersStill } from "./graph_controls";
import type { Layout, Rect } from "./layout";
import { reachedStore } from "./marks";
import { around, fitted, shiftToReveal } from "./opening_view";
import { zoomName, zoomStore } from "./zoom_level";

const panMs = 400;

/** How much of the canvas an open box in the corner covers. */
const coveredRight = (): number => Math.max(0, ...[...document.querySelectorAll<HTMLElement>('[data-corner] [data-open="true"]')].map((box) => box.offsetWidth));

/** Joins the graph to the page: tells style sheets how near the view is, and offers the view to actions. Draws nothing. */
export function GraphBinding(props: { layout: Layout; wrapper: RefObject<HTMLDivElement | null> }) {
  const { layout, wrapper } = props;
  const flow = useReactFlow();
  const zoom = useStore((state) => zoomName(state.transform[2]));
  const ready = useNodesInitialized();
  const opened = useRef(layout.boxes.size > 0);
  const latest = useRef(layout);

  useEffect(() => {
    latest.current = layout;
  }, [layout]);

  useEffect(() => {
    wrapper.current?.setAttribute("data-zoom", zoom);
    zoomStore.set(zoom);
  }, [wrapper, zoom]);

  useEffect(() => {
    const duration = () => (prefersStill() ? 0 : panMs);
    const fit = (boxes: Iterable<Rect>) => {
      const area = wrapper.current;
      const all = around(boxes);
      if (area && all) void flow.setViewport(fitted(all, { width: area.clientWidth, height: area.clientHeight }, coveredRight()), { duration: duration() });
    };
    const cardOf = (id: string) =>
      wrapper.current?.querySelector<HTMLElement>(`.react-flow__node[data-workspace-id="${CSS.escape(id)}"]`);
    const reveal = (id: string, milliseconds: number) => {
      const area = wrapper.current;
      const box = latest.current.boxes.get(id);
      if (!area || !box) return;
      const view = flow.getViewport();
      const shift = shiftToReveal(box, view, { width: area.clientWidth, height: area.clientHeight });
      if (shift.x === 0 && shift.y === 0) return;
      void flow.setViewport({ x: view.x + shift.x, y: view.y + shift.y, zoom: view.zoom }, { duration: milliseconds });
    };
    graph.controls = {
      show: (ids) => fit(ids.flatMap((id) => latest.current.boxes.get(id) ?? [])),
      showAll: () => fit(latest.current.boxes.values()),
      reveal: (id) => reveal(id, duration()),
      focus: (id) => {
        const card = cardOf(id);
        if (card) return card.focus();
        // Not every card is drawn: the view goes there first.
        reachedStore.set(id);
        reveal(id, 0);
        requestAnimationFrame(() => requestAnimationFrame(() => cardOf(id)?.focus()));
      },
      centre: () => {
        const area = wrapper.current?.getBoundingClientRect();
        if (!area) return { x: 0, y: 0 };
        return flow.screenToFlowPosition({ x: area.x + area.width / 2, y: area.y + area.height / 2 });
      },
      layout: () => latest.current,
    };
    return () => {
      graph.controls = undefined;
    };
  }, [flow, wrapper]);

  // Opened on an empty organisation, the view goes to the first card that arrives.
  useEffect(() => {
    if (!ready || opened.current) return;
    opened.current = true;
    graph.controls?.showAll();
  }, [ready]);

  return null;
}
