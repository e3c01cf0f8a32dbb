import { Panel, useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback, useEffect, useRef, type PointerEvent, type WheelEvent } from "react";
import { orgStore } from "@/model/org";
import type { Layout, Rect } from "./layout";
import { around, zoomLeast, zoomMost } from "./opening_view";
import { usePalette, type Palette } from "./palette";
import styles from "./graph.module.css";

const size = { w: 168, h: 112 };
const inset = 6;
/** One notch of a wheel. */
const wheelStep = 1.2;

/** How the canvas lies on the map. */
interface Scale {
  left: number;
  top: number;
  by: number;
}

/** What a view shows of the canvas. */
function viewOf({ transform: [x, y, zoom], width, height }: { transform: readonly [number, number, number]; width: number; height: number }): Rect {
  return { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom };
}

/** Everything and the view, in the middle of the map. */
function scaleFor(all: Rect, view: Rect): Scale {
  const whole = around([all, view]) as Rect;
  const by = Math.min((size.w - 2 * inset) / whole.w, (size.h - 2 * inset) / whole.h);
  return { left: whole.x - (size.w / by - whole.w) / 2, top: whole.y - (size.h / by - whole.h) / 2, by };
}

/** The cards alone, at the scale at which all of them fill the map. Drawn again when one of them changes and not when the view does. */
function picture(layout: Layout, all: Rect, palette: Palette, dots: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const by = Math.min(size.w / all.w, size.h / all.h) * dots;
  canvas.width = Math.max(1, Math.ceil(all.w * by));
  canvas.height = Math.max(1, Math.ceil(all.h * by));
  const at = canvas.getContext("2d");
  if (!at) return canvas;
  const { workspaces } = orgStore.get();
  for (const box of layout.boxes.values()) {
    const workspace = workspaces.get(box.id);
    if (!workspace) continue;
    at.fillStyle = box.open ? palette.team : palette.tone[workspace.status];
    at.fillRect((box.x - all.x) * by, (box.y - all.y) * by, Math.max(1, box.w * by - 1), Math.max(1, box.h * by - 1));
  }
  return canvas;
}

/** Where everything is, and the view among it; dragging moves the view, the wheel brings it nearer. */
export function OverviewMap({ layout, standings }: { layout: Layout; /** Anew whenever a card has another colour. */ standings: number }) {
  const store = useStoreApi();
  const flow = useReactFlow();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = useRef<Scale>({ left: 0, top: 0, by: 1 });
  const palette = usePalette();

  useEffect(() => {
    const element = canvas.current;
    const at = element?.getContext("2d");
    const all = around(layout.boxes.values());
    if (!element || !at || !all) return;
    const dots = window.devicePixelRatio;
    Object.assign(element, { width: size.w * dots, height: size.h * dots });
    const cards = picture(layout, all, palette, dots);
    let frame = 0;
    const draw = () => {
      frame = 0;
      const view = viewOf(store.getState());
      if (view.w === 0 || view.h === 0) return;
      const { left, top, by } = (scale.current = scaleFor(all, view));
      at.setTransform(dots, 0, 0, dots, 0, 0);
      at.clearRect(0, 0, size.w, size.h);
      at.drawImage(cards, (all.x - left) * by, (all.y - top) * by, all.w * by, all.h * by);
      const seen = { x: (view.x - left) * by, y: (view.y - top) * by, w: Math.max(3, view.w * by), h: Math.max(3, view.h * by) };
      at.beginPath();
      at.rect(0, 0, size.w, size.h);
      at.rect(seen.x, seen.y, seen.w, seen.h);
      at.fillStyle = palette.mask;
      at.fill("evenodd");
      at.strokeStyle = palette.primary;
      at.lineWidth = 2;
      at.strokeRect(seen.x, seen.y, seen.w, seen.h);
    };
    draw();
    let { transform, width, height } = store.getState();
    const end = store.subscribe((now) => {
      if (now.transform === transform && now.width === width && now.height === height) return;
      ({ transform, width, height } = now);
      if (frame === 0) frame = requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      end();
    };
  }, [store, layout, palette, standings]);

  const onPointer = useCallback(
    (event: PointerEvent<HTMLCanvasElement>) => {
      if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
      if ((event.buttons & 1) === 0) return;
      const { left, top } = event.currentTarget.getBoundingClientRect();
      const { left: x, top: y, by } = scale.current;
      void flow.setCenter(x + (event.clientX - left) / by, y + (event.clientY - top) / by, { zoom: flow.getZoom() });
    },
    [flow],
  );
  const onWheel = useCallback(
    (event: WheelEvent) => {
      const { width, height } = store.getState();
      const { x, y, zoom } = flow.getViewport();
      const next = Math.min(zoomMost, Math.max(Math.min(zoom, zoomLeast), zoom * (event.deltaY < 0 ? wheelStep : 1 / wheelStep)));
      const by = next / zoom;
      void flow.setViewport({ x: width / 2 - (width / 2 - x) * by, y: height / 2 - (height / 2 - y) * by, zoom: next });
    },
    [flow, store],
  );

  return (
    <Panel position="bottom-left" className="react-flow__minimap">
      <canvas ref={canvas} className={styles.map} role="img" aria-label="Overview map" onPointerDown={onPointer} onPointerMove={onPointer} onWheel={onWheel} />
    </Panel>
  );
}
