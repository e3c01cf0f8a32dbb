import { useStoreApi, type ReactFlowState } from "@xyflow/react";
import { useEffect, useRef } from "react";
import type { Workspace } from "@/api/workspace";
import { drawnHopsStore } from "@/model/hop_view";
import { orgStore } from "@/model/org";
import { drawnHops, hopWidth, outcomeOf } from "./flow_nodes";
import { overlaps, type Box, type Layout, type Rect } from "./layout";
import { litStore, marksStore, pointedStore, type Marks } from "./marks";
import { nearbyOf } from "./nearby";
import { usePalette, type Palette } from "./palette";
import styles from "./graph.module.css";

/** A name smaller than this is a line of dust. */
const readable = 8;
const nameSize = 76;
/** Of a card that holds no others. */
const leafNameSize = 40;
/** A card lower than this has no room for the mark of its status. */
const markRoom = 13;
/** The head of an edge, on the screen. */
const arrow = { long: 8, wide: 4 };
/** An edge while the pointer is on a card that it has nothing to do with. */
const dimmed = 0.15;

interface Painting {
  layout: Layout;
  palette: Palette;
  marks: Marks;
  /** Drawn as elements. */
  elements: ReadonlySet<string>;
  workspaces: ReadonlyMap<string, Workspace>;
  showHops: boolean;
}

function paintCard(at: CanvasRenderingContext2D, box: Box, zoom: number, { palette, marks, workspaces }: Painting): void {
  const workspace = workspaces.get(box.id);
  if (!workspace) return;
  const { status } = workspace;
  const line = marks.selected === box.id || marks.picked.has(box.id) ? Math.max(2, 8 * zoom) : Math.max(0.5, 4 * zoom);
  const [x, y, w, h] = [box.x * zoom, box.y * zoom, box.w * zoom, box.h * zoom];
  at.fillStyle = line >= 2 ? palette.primary : palette.edge[status];
  at.fillRect(x, y, w, h);
  at.fillStyle = box.open ? palette.open[status] : palette.body[status];
  at.fillRect(x + line, y + line, w - 2 * line, h - 2 * line);
  if (box.open) {
    const size = nameSize * zoom;
    if (size < readable) return;
    at.fillStyle = palette.ink;
    at.font = `600 ${size}px Geist, sans-serif`;
    at.fillText(workspace.name, x + 14 * zoom, y + 100 * zoom, w - 28 * zoom);
  } else if (h > markRoom) {
    const letters = leafNameSize * zoom;
    const named = letters >= readable;
    const [size, left, top] = named ? [letters * 0.7, x + 26 * zoom, y + 42 * zoom] : [h / 4, x + w / 2, y + h / 2];
    if (named) {
      at.fillStyle = palette.ink;
      at.font = `600 ${letters}px Geist, sans-serif`;
      at.save();
      at.beginPath();
      at.rect(x, y, w - 12 * zoom, h);
      at.clip();
      at.fillText(workspace.name, x + 50 * zoom, y + 56 * zoom);
      at.restore();
    }
    at.fillStyle = palette.tone[status];
    if (status === "paused") at.fillRect(left - size / 2, top - size / 2, size, size);
    else {
      at.beginPath();
      at.arc(left, top, size / 2, 0, Math.PI * 2);
      if (status === "awaiting_agent" || status === "hibernated" || status === "hibernating") {
        at.strokeStyle = palette.tone[status];
        at.lineWidth = Math.max(1, size / 5);
        at.stroke();
      } else at.fill();
    }
  }
}

/** Who sends work to whom, as from near but for what cannot be read or pressed from here: no words, and nothing moves. */
function paintHops(at: CanvasRenderingContext2D, zoom: number, view: Rect, { layout, palette }: Painting): void {
  const pointed = litStore.get().size > 0 ? pointedStore.get() : undefined;
  const colours = { fine: palette.primary, failed: palette.bad, canceled: palette.grey };
  for (const { hop, curve: { from, out, into, to } } of drawnHops(drawnHopsStore.get(), layout)) {
    const [left, top] = [Math.min(from.x, out.x, into.x, to.x), Math.min(from.y, out.y, into.y, to.y)];
    const area = { x: left, y: top, w: Math.max(from.x, out.x, into.x, to.x) - left + 1, h: Math.max(from.y, out.y, into.y, to.y) - top + 1 };
    if (!overlaps(area, view)) continue;
    const wide = hopWidth(hop);
    const [x, y] = [to.x * zoom, to.y * zoom];
    const turned = Math.atan2(to.y - into.y, to.x - into.x);
    const [long, half] = [arrow.long + wide, arrow.wide + wide / 2];
    at.globalAlpha = pointed !== undefined && hop.from !== pointed && hop.to !== pointed ? dimmed : 0.85;
    at.strokeStyle = at.fillStyle = colours[outcomeOf(hop)];
    at.lineWidth = wide;
    at.beginPath();
    at.moveTo(from.x * zoom, from.y * zoom);
    at.bezierCurveTo(out.x * zoom, out.y * zoom, into.x * zoom, into.y * zoom, x - Math.cos(turned) * (long - 1), y - Math.sin(turned) * (long - 1));
    at.stroke();
    at.beginPath();
    at.moveTo(x, y);
    at.lineTo(x - long * Math.cos(turned) + half * Math.sin(turned), y - long * Math.sin(turned) - half * Math.cos(turned));
    at.lineTo(x - long * Math.cos(turned) - half * Math.sin(turned), y - long * Math.sin(turned) + half * Math.cos(turned));
    at.fill();
  }
  at.globalAlpha = 1;
}

function paint(canvas: HTMLCanvasElement, { transform: [x, y, zoom], width, height }: Pick<ReactFlowState, "transform" | "width" | "height">, painting: Painting): void {
  const dots = window.devicePixelRatio;
  const [wide, high] = [Math.round(width * dots), Math.round(height * dots)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const at = canvas.getContext("2d");
  if (!at) return;
  at.setTransform(1, 0, 0, 1, 0, 0);
  at.clearRect(0, 0, wide, high);
  at.setTransform(dots, 0, 0, dots, x * dots, y * dots);
  const leaves: Box[] = [];
  const teams: Box[] = [];
  const view = { x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom };
  for (const box of nearbyOf(painting.layout).within(view))
    if (!painting.elements.has(box.id)) (box.open ? teams : leaves).push(box);
  for (const box of teams.sort((a, b) => a.depth - b.depth)) paintCard(at, box, zoom, painting);
  for (const box of leaves) paintCard(at, box, zoom, painting);
  if (painting.showHops) paintHops(at, zoom, view, painting);
}

/** Cards from so far away that there are more of them than a page can hold as elements. They are pictures here: who points at one meets an element in its place. */
export function PaintedCards({ layout, elements, showHops }: { layout: Layout; elements: ReadonlySet<string>; showHops: boolean }) {
  const flow = useStoreApi();
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = usePalette();
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (canvas.current) paint(canvas.current, flow.getState(), { layout, palette, elements, showHops, marks: marksStore.get(), workspaces: orgStore.get().workspaces });
    };
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    draw();
    let { transform, width, height } = flow.getState();
    const ends = [
      flow.subscribe((now) => {
        if (now.transform === transform && now.width === width && now.height === height) return;
        ({ transform, width, height } = now);
        soon();
      }),
      orgStore.subscribe(soon),
      marksStore.subscribe(soon),
      drawnHopsStore.subscribe(soon),
      pointedStore.subscribe(soon),
    ];
    return () => {
      cancelAnimationFrame(frame);
      for (const end of ends) end();
    };
  }, [flow, layout, elements, palette, showHops]);
  return <canvas ref={canvas} className={styles.painted} aria-hidden data-painted />;
}
