import "@xyflow/react/dist/style.css";
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  ControlButton,
  Controls,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type NodeChange,
  type Viewport,
} from "@xyflow/react";
import { LayoutGrid, Maximize } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent, type MouseEvent } from "react";
import { onFrames } from "@/live/live_bus";
import { drawnHopsStore } from "@/model/hop_view";
import { orgStore } from "@/model/org";
import { useSelected } from "@/ui/store";
import { cardAsks, type NextAct } from "./card_asks";
import { partFor } from "./drawn";
import { flowEdges, flowNodes } from "./flow_nodes";
import { graph } from "./graph_controls";
import { GraphBinding } from "./graph_binding";
import { HopEdge } from "./hop_edge";
import { intentsStore } from "./intents";
import { LandingGhost } from "./landing_ghost";
import { draggedWith, emptyLayout, layoutOrg, type Layout, type Point } from "./layout";
import { endCard } from "./near_card";
import { litStore, marksStore, pick, pickAlso, pointedStore, reachedStore, underStore, unpick } from "./marks";
import { nearbyOf } from "./nearby";
import { around, fitted, openingView, zoomLeast, zoomMost } from "./opening_view";
import { OverviewMap } from "./overview_map";
import { PaintedCards } from "./painted_cards";
import { pulse } from "./pulses";
import { useRubberBand } from "./rubber_band";
import { useLongPress } from "./use_long_press";
import { none, useCardDrag } from "./use_card_drag";
import { PartWatch, useCards } from "./use_cards";
import { useRestingView } from "./use_resting_view";
import { useKnownCards, WorkspaceNode, type WorkspaceFlowNode } from "./workspace_node";
import { zoomName, zoomStore } from "./zoom_level";
import styles from "./graph.module.css";

const nodeTypes = { workspace: WorkspaceNode };
const edgeTypes = { hop: HopEdge };
const gridStep = 24;
const onFit = () => graph.controls?.showAll();
const hidden = { hideAttribution: true };
/** A window as small as any in which a graph is of use. */
const leastWindow = { width: 1024, height: 640 };

/** The card, and those it has traffic with, stand out while it is pointed at. */
function point(id: string | undefined) {
  if (pointedStore.get() === id) return;
  const lit = new Set<string>();
  if (id !== undefined)
    for (const { from, to } of drawnHopsStore.get().values()) if (from === id || to === id) lit.add(from).add(to);
  if (lit.size > 0 || litStore.get().size > 0) litStore.set(lit);
  pointedStore.set(id);
}
function onPoint({ target }: { target: EventTarget }) {
  point(target instanceof Element ? target.closest<HTMLElement>("[data-workspace-id]")?.dataset.workspaceId : undefined);
}
const onPointAway = () => point(undefined);

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
  onTidy: () => void;
  /** The button on a card for what it needs next. */
  onNext: (id: string, what: NextAct) => void;
  onRename: (id: string, name: string) => void;
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

function Flow(props: GraphProps) {
  const { onSelect, onMenu, onMove, onNest, onExtract, onOpenTeam, onOpenHop, onKey, onPlaced, onTidy, onNext, onRename, onView, showHops, savedView } = props;
  const shape = useSelected(orgStore, (org) => org.shape);
  // Its name and how it stands are what a node is called by, and of what colour it is on the map; everything else is the card's own business.
  const names = useSelected(orgStore, (org) => org.structure);
  const standings = useSelected(orgStore, (org) => org.standings);
  const intents = useSelected(intentsStore, (value) => value);
  const hops = useSelected(drawnHopsStore, (value) => value);
  const layout = useMemo(
    () => (shape > 0 ? layoutOrg(orgStore.get(), intents) : emptyLayout),
    [shape, intents],
  );
  useKnownCards(layout);
  const { part, cards, elements, setPart, setDragged } = useCards(layout, none);
  const [nodes, setNodes] = useState<WorkspaceFlowNode[]>([]);
  const onBack = useCallback(() => setNodes((before) => flowNodes(orgStore.get(), cards, before, none)), [cards]);
  const onFollow = useCallback(
    (ids: ReadonlySet<string>, by: Point) =>
      setNodes((before) =>
        before.map((node) => {
          const box = ids.has(node.id) && !node.dragging ? layout.boxes.get(node.id) : undefined;
          const from = node.parentId === undefined ? box : box?.rel;
          return from ? { ...node, position: { x: from.x + by.x, y: from.y + by.y } } : node;
        }),
      ),
    [layout],
  );
  // Everything can be seen at once, from however far that is.
  const farthest = useMemo(() => {
    const all = around(layout.boxes.values());
    return all ? Math.min(zoomLeast, fitted(all, leastWindow).zoom) : zoomLeast;
  }, [layout]);
  const flow = useReactFlow();
  const dragging = useRef<ReadonlySet<string>>(none);
  const { onDrag, onDrop } = useCardDrag(layout, dragging, { onMove, onNest, onExtract, onFollow, onBack });
  const wrapper = useRef<HTMLDivElement>(null);
  const onDragStart = useCallback(
    (_event: unknown, { id }: WorkspaceFlowNode) => {
      // A card under the pointer is there at once; all others glide to where they belong.
      wrapper.current?.setAttribute("data-dragging", "");
      dragging.current = draggedWith(layout, id, marksStore.get().picked);
      setDragged(dragging.current);
    },
    [layout, setDragged],
  );
  const onDragStop = useCallback(
    (event: unknown, node: WorkspaceFlowNode) => {
      wrapper.current?.removeAttribute("data-dragging");
      onDrop(event as { ctrlKey?: boolean; metaKey?: boolean }, node);
      // Where it was dropped is known by then.
      requestAnimationFrame(() => setDragged(none));
    },
    [onDrop, setDragged],
  );
  const { onMoveStart, onMoveEnd } = useRestingView(wrapper, onView);
  const band = useRubberBand(layout, pickAlso);
  const longPress = useLongPress(onMenu);
  useEffect(() => onFrames(pulse), []);
  const [opening, setOpening] = useState<Viewport | undefined>();
  const measure = useCallback((element: HTMLDivElement | null) => {
    wrapper.current = element;
    if (!element) return;
    const { clientWidth: width, clientHeight: height } = element;
    const view = openingView(savedView, layout.boxes, { width, height });
    zoomStore.set(zoomName(view.zoom));
    setOpening(view);
    setPart(partFor(layout, { x: -view.x / view.zoom, y: -view.y / view.zoom, w: width / view.zoom, h: height / view.zoom }));
    // The page opens once; later layouts move no view.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    setNodes((before) => flowNodes(orgStore.get(), cards, before, dragging.current));
  }, [cards, names, standings]);

  useEffect(() => {
    if (layout.placed.length > 0) onPlaced(layout.placed);
  }, [layout, onPlaced]);

  useEffect(() => {
    cardAsks.current = { menu: onMenu, next: onNext, rename: onRename };
  }, [onMenu, onNext, onRename]);

  const edges = useMemo(
    // Where cards are painted, so are the edges between them.
    () => (showHops && !part.painted ? flowEdges(hops, layout, onOpenHop) : []),
    [hops, layout, onOpenHop, part.painted, showHops],
  );

  const onNodesChange = useCallback((changes: NodeChange<WorkspaceFlowNode>[]) => {
    setNodes((before) => applyNodeChanges(changes, before));
  }, []);

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

  const [inside, setInside] = useState(false);
  const lastCard = useRef<string | undefined>(undefined);
  const onFocus = useCallback((event: FocusEvent) => {
    // Tab reaches the canvas as a whole: the keyboard goes on to the card where it last was.
    if (event.target === event.currentTarget) {
      const known = lastCard.current !== undefined && graph.controls?.layout().boxes.has(lastCard.current);
      const to = known ? lastCard.current : graph.controls && endCard(graph.controls.layout(), false);
      if (to !== undefined) graph.controls?.focus(to);
      return;
    }
    setInside(true);
    const card = event.target instanceof HTMLElement ? event.target : undefined;
    onPoint(event);
    if (card?.dataset.workspaceId) {
      lastCard.current = card.dataset.workspaceId;
      reachedStore.set(card.dataset.workspaceId);
      // From what else is inside the way back with Tab is to this card.
      for (const other of event.currentTarget.querySelectorAll<HTMLElement>('.react-flow__node[tabindex="0"]')) other.tabIndex = -1;
      card.tabIndex = 0;
    }
    // Keys can reach a card that is half out of sight; a pointer has it under it already.
    if (card?.dataset.workspaceId && card.matches(":focus-visible")) graph.controls?.reveal(card.dataset.workspaceId);
  }, []);

  const onBlur = useCallback((event: FocusEvent) => {
    onPointAway();
    if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setInside(false);
  }, []);

  // Every card is given these, so each stays the same function while its card stays the same.
  const onNodeClick = useCallback(
    (event: MouseEvent, node: WorkspaceFlowNode) => {
      if (event.shiftKey) return pick(node.id);
      unpick();
      onSelect(marksStore.get().selected === node.id ? undefined : node.id);
    },
    [onSelect],
  );
  const onNodeDoubleClick = useCallback((_event: MouseEvent, node: WorkspaceFlowNode) => onOpenTeam(node.id), [onOpenTeam]);
  const onNodeContextMenu = useCallback(
    (event: MouseEvent, node: WorkspaceFlowNode) => {
      event.preventDefault();
      onMenu(node.id, { x: event.clientX, y: event.clientY });
    },
    [onMenu],
  );
  const { justEnded } = band;
  const under = useCallback(
    ({ clientX, clientY }: { clientX: number; clientY: number }) => (part.painted ? nearbyOf(layout).at(flow.screenToFlowPosition({ x: clientX, y: clientY }))?.id : undefined),
    [flow, layout, part.painted],
  );
  const onPaneClick = useCallback(
    (event: MouseEvent) => {
      if (justEnded()) return;
      const painted = under(event);
      if (painted === undefined && unpick()) return;
      onSelect(painted);
    },
    [justEnded, onSelect, under],
  );
  const onPaneContextMenu = useCallback(
    (event: globalThis.MouseEvent | MouseEvent) => {
      const painted = under(event);
      if (painted === undefined) return;
      event.preventDefault();
      onMenu(painted, { x: event.clientX, y: event.clientY });
    },
    [onMenu, under],
  );
  const onPaneMove = useCallback((event: MouseEvent) => underStore.set(event.buttons === 0 ? under(event) : underStore.get()), [under]);

  return (
    <div
      ref={measure}
      className={styles.graph}
      id="canvas"
      role="region"
      aria-label="Molecule AI workspace canvas"
      tabIndex={inside || layout.boxes.size === 0 ? -1 : 0}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      onBlur={onBlur}
      onPointerOver={onPoint}
      onPointerLeave={onPointAway}
      onClickCapture={longPress.onClickCapture}
      onPointerDown={(event) => {
        longPress.onPointerDown(event);
        band.onPointerDown(event);
      }}
      onPointerMove={(event) => {
        longPress.onPointerMove(event);
        band.onPointerMove(event);
      }}
      onPointerUp={(event) => {
        longPress.onPointerEnd();
        band.onPointerUp(event);
      }}
      onPointerCancel={(event) => {
        longPress.onPointerEnd();
        band.onPointerUp(event);
      }}
    >
      {opening && (
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={onNodesChange}
          onNodeClick={onNodeClick}
          onNodeDoubleClick={onNodeDoubleClick}
          onPaneClick={onPaneClick}
          onPaneContextMenu={onPaneContextMenu}
          onPaneMouseMove={onPaneMove}
          onNodeContextMenu={onNodeContextMenu}
          onNodeDragStart={onDragStart}
          onNodeDrag={onDrag}
          onNodeDragStop={onDragStop}
          onMoveStart={onMoveStart}
          onMoveEnd={onMoveEnd}
          defaultViewport={opening}
          minZoom={farthest}
          maxZoom={zoomMost}
          elementsSelectable={false}
          nodesConnectable={false}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          deleteKeyCode={null}
          proOptions={hidden}
        >
          <Background variant={BackgroundVariant.Dots} gap={gridStep} size={1.5} />
          <Controls showInteractive={false} showFitView={false}>
            <ControlButton className="react-flow__controls-fitview" onClick={onFit} title="Show everything (F)" aria-label="Fit View">
              <Maximize aria-hidden />
            </ControlButton>
            <ControlButton onClick={onTidy} title="Tidy everything (Shift A)" aria-label="Tidy everything">
              <LayoutGrid aria-hidden />
            </ControlButton>
          </Controls>
          {part.painted && <PaintedCards layout={layout} elements={elements} showHops={showHops} />}
          {layout.boxes.size > 0 && <OverviewMap layout={layout} standings={standings} />}
          <PartWatch layout={layout} part={part} onPart={setPart} />
          <LandingGhost />
          <GraphBinding layout={layout} wrapper={wrapper} />
        </ReactFlow>
      )}
      {band.drawing}
    </div>
  );
}
