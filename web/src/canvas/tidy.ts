import { Graph, layout as order } from "@dagrejs/dagre";
import type { Hops } from "@/model/hops";
import type { Org } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { freeSlot, gap, header, inside, leaf, outside, rootGap, rootOrigin, side, type Layout, type Point } from "./layout";
import { moveSubtree, type Placement } from "./placements";
import { makeRoom, Taken, type Wish } from "./room";

interface Size {
  w: number;
  h: number;
}

interface Tidied extends Size {
  /** Relative places of the cards in it. */
  places: Map<string, Point>;
}

function sizeIn(sizes: ReadonlyMap<string, Size>, id: string): Size {
  const { w, h } = sizes.get(id) ?? leaf;
  return { w, h };
}

/** Cards that send work to each other, below one another the way the work goes; where the block of them ends. */
function flowing(ids: readonly string[], sizes: ReadonlyMap<string, Size>, hops: Hops, space: number): Wish[] {
  const here = new Set(ids);
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: space, ranksep: space, marginx: 0, marginy: 0, rankalign: "top" });
  graph.setDefaultEdgeLabel(() => ({}));
  const busy = new Set<string>();
  const edges: { from: string; to: string; weight: number }[] = [];
  for (const { from, to, count } of hops.values()) {
    if (!here.has(from) || !here.has(to)) continue;
    busy.add(from).add(to);
    edges.push({ from, to, weight: 1 + Math.log2(Math.max(1, count)) });
  }
  for (const id of ids) if (busy.has(id)) graph.setNode(id, { width: sizeIn(sizes, id).w, height: sizeIn(sizes, id).h });
  // The ways back of a conversation are no order.
  for (const { from, to, weight } of edges) if (!graph.hasEdge(to, from)) graph.setEdge(from, to, { weight });
  if (busy.size === 0) return [];
  order(graph);
  const wishes = [...busy].map((id) => {
    const { w, h } = sizeIn(sizes, id);
    const { x = 0, y = 0 } = graph.node(id) as Partial<Point>;
    return { id, w, h, x: Math.round(x - w / 2), y: Math.round(y - h / 2) };
  });
  const [left, top] = [Math.min(...wishes.map(({ x }) => x)), Math.min(...wishes.map(({ y }) => y))];
  return wishes.map((wish) => ({ ...wish, x: wish.x - left, y: wish.y - top }));
}

/** Those that talk first, in the order of their work; then teams in rows, by name; single cards in what is left between. */
function arranged(org: Org, ids: readonly string[], sizes: ReadonlyMap<string, Size>, hops: Hops, onCanvas: boolean): Map<string, Point> {
  const name = (id: string) => org.workspaces.get(id)?.name ?? "";
  const sorted = [...ids].sort((a, b) => name(a).localeCompare(name(b)));
  const space = onCanvas ? rootGap : gap;
  const { origin, columns } = (onCanvas ? outside : inside)(sorted.map((id) => sizeIn(sizes, id)));
  const corner = onCanvas ? { x: rootOrigin, y: rootOrigin } : { x: side, y: header };
  const flow = flowing(sorted, sizes, hops, space).map((wish) => ({ ...wish, x: wish.x + corner.x, y: wish.y + corner.y }));
  const places = makeRoom(flow, { gap });
  const taken = new Taken(gap);
  for (const { id, w, h } of flow) taken.add({ ...(places.get(id) as Point), w, h });
  const right = Math.max(corner.x + columns * (leaf.w + space), ...flow.map(({ id, w }) => (places.get(id)?.x ?? 0) + w));
  const rest = sorted.filter((id) => !places.has(id));
  const isLeaf = (id: string) => sizeIn(sizes, id).w === leaf.w && sizeIn(sizes, id).h === leaf.h;
  const put = (id: string, at: Point) => {
    places.set(id, at);
    taken.add({ ...at, ...sizeIn(sizes, id) });
  };
  let [x, y, deepest] = [corner.x, flow.length > 0 ? taken.bottom + space : corner.y, 0];
  for (const id of rest.filter((each) => !isLeaf(each))) {
    const { w, h } = sizeIn(sizes, id);
    if (x > corner.x && x + w > right) [x, y, deepest] = [corner.x, y + deepest + space, 0];
    put(id, { x, y });
    x += w + space;
    deepest = Math.max(deepest, h);
  }
  const wide = Math.max(columns, Math.floor((right - corner.x) / (leaf.w + space)));
  const from = { slot: 0, w: 0, h: 0 };
  for (const id of rest.filter(isLeaf)) put(id, freeSlot(taken, leaf, { origin, columns: wide, gap: space }, from));
  return places;
}

/**
 * A team, or the whole canvas, put in order: what to store for it. With `deep` every open team in it is tidied too;
 * otherwise its cards keep what is in them as it is.
 */
export function tidy(org: Org, layout: Layout, parent: string | null, hops: Hops, deep: boolean): Placement[] {
  const open = (id: string) => childrenOf(org, id).length > 0 && org.workspaces.get(id)?.collapsed !== true;
  const teams = new Map<string | null, Tidied>();
  const settle = (team: string | null): Tidied => {
    const ids = childrenOf(org, team);
    const sizes = new Map(ids.map((id) => [id, deep && open(id) ? settle(id) : (layout.boxes.get(id) ?? leaf)]));
    const places = arranged(org, ids, sizes, hops, team === null);
    const right = [...places].map(([id, { x }]) => x + (sizes.get(id)?.w ?? 0) + side);
    const bottom = [...places].map(([id, { y }]) => y + (sizes.get(id)?.h ?? 0) + side);
    const tidied = { places, w: Math.max(leaf.w + 2 * side, ...right), h: Math.max(header + leaf.h + side, ...bottom) };
    teams.set(team, tidied);
    return tidied;
  };
  settle(parent);
  const store = (team: string | null, at: Point): Placement[] =>
    [...(teams.get(team)?.places ?? [])].flatMap(([id, rel]) => {
      const to = { x: Math.round(at.x + rel.x), y: Math.round(at.y + rel.y) };
      return teams.has(id) ? [{ id, ...to }, ...store(id, to)] : moveSubtree(org, layout, id, to);
    });
  const home = parent === null ? { x: 0, y: 0 } : (layout.boxes.get(parent)?.home ?? org.workspaces.get(parent));
  return home ? store(parent, home) : [];
}
