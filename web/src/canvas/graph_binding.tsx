import { useNodesInitialized, useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useRef, type RefObject } from "react";
import { graph, prefersStill } from "./graph_controls";
import type { Layout } from "./layout";

type Zoom = "far" | "middle" | "near";
const farBelow = 0.42;
const middleBelow = 0.75;
const panMs = 400;
export const fitPadding = 0.25;
export const fitClosest = 1;

function zoomName(zoom: number): Zoom {
  if (zoom < farBelow) return "far";
  return zoom < middleBelow ? "middle" : "near";
}

/** Joins the graph to the page: tells style sheets how near the view is, and offers the view to actions. Draws nothing. */
export function GraphBinding(props: { layout: Layout; wrapper: RefObject<HTMLDivElement | null>; hasSavedView: boolean }) {
  const { layout, wrapper, hasSavedView } = props;
  const flow = useReactFlow();
  const zoom = useStore((state) => zoomName(state.transform[2]));
  const ready = useNodesInitialized();
  const fitted = useRef(hasSavedView);
  const latest = useRef(layout);

  useEffect(() => {
    latest.current = layout;
  }, [layout]);

  useEffect(() => {
    wrapper.current?.setAttribute("data-zoom", zoom);
  }, [wrapper, zoom]);

  useEffect(() => {
    if (!ready || fitted.current) return;
    fitted.current = true;
    void flow.fitView({ padding: fitPadding, maxZoom: fitClosest });
  }, [flow, ready]);

  useEffect(() => {
    const duration = () => (prefersStill() ? 0 : panMs);
    const cardOf = (id: string) =>
      wrapper.current?.querySelector<HTMLElement>(`.react-flow__node[data-workspace-id="${CSS.escape(id)}"]`);
    graph.controls = {
      show: (ids) => void flow.fitView({ nodes: ids.map((id) => ({ id })), padding: fitPadding, maxZoom: fitClosest, duration: duration() }),
      showAll: () => void flow.fitView({ padding: fitPadding, maxZoom: fitClosest, duration: duration() }),
      reveal: (id) => {
        const area = wrapper.current?.getBoundingClientRect();
        const card = cardOf(id)?.getBoundingClientRect();
        const box = latest.current.boxes.get(id);
        if (!area || !box) return;
        const middle = card && { x: card.x + card.width / 2, y: card.y + card.height / 2 };
        if (middle && middle.x > area.left && middle.x < area.right && middle.y > area.top && middle.y < area.bottom) return;
        void flow.setCenter(box.x + box.w / 2, box.y + box.h / 2, { zoom: flow.getZoom(), duration: duration() });
      },
      focus: (id) => cardOf(id)?.focus(),
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

  return null;
}
