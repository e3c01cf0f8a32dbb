import "@xyflow/react/dist/style.css";
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  Controls,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  type NodeChange,
  type Viewport,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent, type MouseEvent } from "react";
import { hopsStore } from "@/model/hops";
import { orgStore } from "@/model/org";
import { useSelected } from "@/ui/store";
import { flowEdges, flowNodes } from "./flow_nodes";
import { graph } from "./graph_controls";
import { GraphBinding } from "./graph_binding";
import { HopEdge } from "./hop_edge";
import { intentsStore } from "./intents";
import { dropTarget, emptyLayout, header, layoutOrg, shareOutside, side, type Box, type Layout, type Point } from "./layout";
import { mark, marksStore } from "./marks";
import { fitClosest, fitPadding, openingView, zoomLeast, zoomMost } from "./opening_view";
import { statusTone } from "./status_dot";
import { WorkspaceNode, type WorkspaceFlowNode } from "./workspace_node";
import { zoomName, zoomStore } from "./zoom_level";
import styles from "./graph.module.css";

const nodeTypes = { workspace: WorkspaceNode };
const edgeTypes = { hop: HopEdge };
const gridStep = 24;
const viewSaveMs = 1000;
/** More than this share of a card outside its parent takes it out of the team. */
const extractShare = 0.2;
/** The drawn picture is kept this long after a movement, which the next one often follows. */
const stillMs = 250;

export interface GraphHandlers {
  onSelect: (id: string | undefined) => void;
  onMenu: (id: string, at: Point) => void;
  onMove: (id: string, to: Point) => void;
  onNest: (id: string, parent: string, to: Point) => void;
  onExtract: (id: string, to: Point) => void;
  /** Double click: unfold, or look at the team. */
  onOpenTeam: (id: string) => void;
  onOpenHop: (from: string) => void;
  /** A key on a focused card; true when it meant something. */
  onKey: (id: string, event: KeyboardEvent) => boolean;
  /** The view rests somewhere else than before. */
  onView: (view: Viewport) => void;
  /** Cards that stood nowhere and were given a place. */
  onPlaced: (placed: Layout["placed"]) => void;
}

interface GraphProps extends GraphHandlers {
  showHops: boolean;
  /** The view the page was left with. */
  savedView: Viewport | undefined;
}

/** The organisation as a graph. Shown once the organisation is known, so that its first view is the right one. */
export function Graph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function clampInto(card: Box, at: Point, parent: Box): Point {
  return {
    x: Math.max(parent.x + side, Math.min(at.x, parent.x + parent.w - card.w - side)),
    y: Math.max(parent.y + header, Math.min(at.y, parent.y + parent.h - card.h - side)),
  };
}

function Flow(props: GraphProps) {
  const { onSelect, onMenu, onMove, onNest, onExtract, onOpenTeam, onOpenHop, onKey, onPlaced, onView, showHops, savedView } = props;
  const structure = useSelected(orgStore, (org) => org.structure);
  // One word per card: statuses are part of a node's name and of the minimap, everything else is the card's own business.
  const statuses = useSelected(orgStore, (org) => [...org.workspaces.values()].map((each) => each.status).join());
  const intents = useSelected(intentsStore, (value) => value);
  const hops = useSelected(hopsStore, (value) => value);
  const layout = useMemo(
    () => (structure > 0 ? layoutOrg(orgStore.get(), intents) : emptyLayout),
    [structure, intents],
  );
  const [nodes, setNodes] = useState<WorkspaceFlowNode[]>(() => flowNodes(orgStore.get(), layout, [], undefined));
  const dragging = useRef<string | undefined>(undefined);
  const wrapper = useRef<HTMLDivElement>(null);
  const [opening, setOpening] = useState<Viewport | undefined>();
  const measure = useCallback((element: HTMLDivElement | null) => {
    wrapper.current = element;
    if (!element) return;
    const view = openingView(savedView, layout.boxes, { width: element.clientWidth, height: element.clientHeight });
    zoomStore.set(zoomName(view.zoom));
    setOpening(view);
    // The page opens once; later layouts move no view.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    setNodes((before) => flowNodes(orgStore.get(), layout, before, dragging.current));
  }, [layout, statuses]);

  useEffect(() => {
    if (layout.placed.length > 0) onPlaced(layout.placed);
  }, [layout, onPlaced]);

  const edges = useMemo(
    () => (showHops ? flowEdges(hops, layout, onOpenHop) : []),
    [hops, layout, onOpenHop, showHops],
  );

  const onNodesChange = useCallback((changes: NodeChange<WorkspaceFlowNode>[]) => {
    setNodes((before) => applyNodeChanges(changes, before));
  }, []);

  const placeOf = useCallback(
    (node: WorkspaceFlowNode): { card: Box; at: Point } | undefined => {
      const card = layout.boxes.get(node.id);
      if (!card) return undefined;
      const parent = card.parent === null ? undefined : layout.boxes.get(card.parent);
      return { card, at: { x: (parent?.x ?? 0) + node.position.x, y: (parent?.y ?? 0) + node.position.y } };
    },
    [layout],
  );

  const onDrag = useCallback(
    (_event: unknown, node: WorkspaceFlowNode) => {
      dragging.current = node.id;
      const place = placeOf(node);
      if (!place) return;
      const { card, at } = place;
      const target = dropTarget(layout, node.id, { x: at.x + card.w / 2, y: at.y + card.h / 2 });
      mark({ dropInto: target && target.id !== card.parent ? target.id : undefined });
    },
    [layout, placeOf],
  );

  const onDrop = useCallback(
    (event: { ctrlKey?: boolean; metaKey?: boolean }, node: WorkspaceFlowNode) => {
      dragging.current = undefined;
      mark({ dropInto: undefined });
      const place = placeOf(node);
      if (!place) return;
      const { card, at } = place;
      if (Math.abs(at.x - card.x) < 1 && Math.abs(at.y - card.y) < 1) return;
      const target = dropTarget(layout, node.id, { x: at.x + card.w / 2, y: at.y + card.h / 2 });
      const parent = card.parent === null ? undefined : layout.boxes.get(card.parent);
      if (target && target.id !== card.parent) return onNest(card.id, target.id, at);
      if (!parent) return onMove(card.id, at);
      const forced = event.ctrlKey === true || event.metaKey === true;
      if (forced || shareOutside({ ...at, w: card.w, h: card.h }, parent) > extractShare) return onExtract(card.id, at);
      const inside = clampInto(card, at, parent);
      if (inside.x === card.x && inside.y === card.y) setNodes((before) => flowNodes(orgStore.get(), layout, before, undefined));
      else onMove(card.id, inside);
    },
    [layout, placeOf, onNest, onMove, onExtract],
  );

  const timers = useRef<{ save?: ReturnType<typeof setTimeout>; still?: ReturnType<typeof setTimeout> }>({});
  const onMoveStart = useCallback(() => {
    clearTimeout(timers.current.still);
    wrapper.current?.setAttribute("data-moving", "");
  }, []);
  const onMoveEnd = useCallback(
    (_event: unknown, view: Viewport) => {
      clearTimeout(timers.current.save);
      clearTimeout(timers.current.still);
      timers.current = {
        save: setTimeout(() => onView(view), viewSaveMs),
        still: setTimeout(() => wrapper.current?.removeAttribute("data-moving"), stillMs),
      };
    },
    [onView],
  );

  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const id = event.target instanceof HTMLElement ? event.target.dataset.workspaceId : undefined;
      if (id !== undefined && onKey(id, event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    [onKey],
  );

  const onFocus = useCallback((event: FocusEvent) => {
    const card = event.target instanceof HTMLElement ? event.target : undefined;
    // Keys can reach a card that is half out of sight; a pointer has it under it already.
    if (card?.dataset.workspaceId && card.matches(":focus-visible")) graph.controls?.reveal(card.dataset.workspaceId);
  }, []);

  return (
    <div ref={measure} className={styles.graph} onKeyDown={onKeyDown} onFocus={onFocus} role="region" aria-label="Molecule AI workspace canvas" id="canvas" tabIndex={-1}>
      {opening && (
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={onNodesChange}
          onNodeClick={(_event, node) => onSelect(marksStore.get().selected === node.id ? undefined : node.id)}
          onNodeDoubleClick={(_event, node) => onOpenTeam(node.id)}
          onPaneClick={() => onSelect(undefined)}
          onNodeContextMenu={(event: MouseEvent, node) => {
            event.preventDefault();
            onMenu(node.id, { x: event.clientX, y: event.clientY });
          }}
          onNodeDrag={onDrag}
          onNodeDragStop={onDrop}
          onMoveStart={onMoveStart}
          onMoveEnd={onMoveEnd}
          defaultViewport={opening}
          minZoom={zoomLeast}
          maxZoom={zoomMost}
          elementsSelectable={false}
          nodesConnectable={false}
          disableKeyboardA11y
          onlyRenderVisibleElements
          zoomOnDoubleClick={false}
          deleteKeyCode={null}
          proOptions={{ hideAttribution: true }}
        >
          <Background variant={BackgroundVariant.Dots} gap={gridStep} size={1.5} />
          <Controls showInteractive={false} fitViewOptions={{ padding: fitPadding, maxZoom: fitClosest }} />
          <MiniMap
            pannable
            zoomable
            position="bottom-left"
            ariaLabel="Overview map"
            style={{ width: 168, height: 112 }}
            nodeColor={(node: WorkspaceFlowNode) => (node.data.open ? "var(--primary-soft)" : statusTone[node.data.status])}
            nodeStrokeColor="var(--border-control)"
            maskStrokeColor="var(--primary)"
            maskStrokeWidth={2}
            nodeBorderRadius={14}
          />
          <GraphBinding layout={layout} wrapper={wrapper} />
        </ReactFlow>
      )}
    </div>
  );
}
