import {
  Activity,
  ArrowUpFromLine,
  CirclePause,
  CirclePlay,
  Copy,
  FolderInput,
  FoldVertical,
  Info,
  LayoutGrid,
  MessageSquare,
  OctagonX,
  Pencil,
  Plug,
  Plus,
  RotateCw,
  Trash2,
  UnfoldVertical,
  ZoomIn,
} from "lucide-react";
import type { Workspace } from "@/api/workspace";
import { graph } from "@/canvas/graph_controls";
import { mark } from "@/canvas/marks";
import { beforehand } from "@/model/lifecycle_words";
import type { Org } from "@/model/org";
import { childrenOf, descendantsOf, isReachable, joinsByItself } from "@/model/selectors";
import type { Action } from "./action";
import { pause, restart, resume } from "./lifecycle";
import { arrangeAll } from "./arranging";
import { copyAll } from "./copying";
import { extract, fold } from "./placing";
import { shell } from "./shell";
import { isAtWork, stopWork } from "./stopping";

const hasTeam = ({ id }: Workspace, org: Org): boolean => childrenOf(org, id).length > 0;

function restartRefusal(workspace: Workspace): string | undefined {
  if (joinsByItself(workspace)) return "The agent runs elsewhere; restart it there";
  return undefined;
}

export const workspaceActions: readonly Action[] = [
  { name: "details", label: "Details", icon: Info, run: ({ id }) => shell.current.open(id, "details") },
  { name: "chat", label: "Chat", icon: MessageSquare, run: ({ id }) => shell.current.open(id, "chat") },
  { name: "activity", label: "Activity", icon: Activity, run: ({ id }) => shell.current.open(id, "activity") },
  { name: "add", label: "Add a workspace inside…", icon: Plus, run: ({ id }) => shell.current.createIn(id) },
  {
    name: "nest",
    label: "Move to a team…",
    icon: FolderInput,
    key: "m",
    refusal: (_workspace, org) => (org.workspaces.size < 2 ? "There is no other workspace" : undefined),
    run: ({ id }) => shell.current.askParent([id]),
  },
  {
    name: "extract",
    label: "Extract from team",
    icon: ArrowUpFromLine,
    key: "x",
    shown: ({ parent_id }) => parent_id !== null,
    run: ({ id }) => extract(id),
  },
  { name: "arrange", label: "Tidy team", icon: LayoutGrid, key: "a", shown: hasTeam, run: ({ id }) => void arrangeAll([id]) },
  {
    name: "collapse",
    label: "Collapse team",
    icon: FoldVertical,
    key: "c",
    shown: (workspace, org) => hasTeam(workspace, org) && !workspace.collapsed,
    run: ({ id }) => void fold(id, true),
  },
  {
    name: "expand",
    label: "Expand team",
    icon: UnfoldVertical,
    key: "c",
    shown: (workspace, org) => hasTeam(workspace, org) && workspace.collapsed,
    run: ({ id }) => void fold(id, false),
  },
  {
    name: "zoom",
    label: "Zoom to team",
    icon: ZoomIn,
    key: "z",
    shown: hasTeam,
    run: ({ id }, org) => graph.controls?.show([id, ...descendantsOf(org, id)]),
  },
  {
    name: "pause",
    label: "Pause",
    icon: CirclePause,
    key: "p",
    shown: ({ status }) => status !== "paused",
    refusal: (workspace) => (isReachable(workspace) ? undefined : "Only a running workspace can be paused"),
    meaning: (workspace, org) => beforehand("pause", workspace, descendantsOf(org, workspace.id).length),
    run: ({ id }) => void pause(id),
  },
  {
    name: "resume",
    label: "Resume",
    icon: CirclePlay,
    key: "p",
    shown: ({ status }) => status === "paused",
    meaning: (workspace, org) => beforehand("resume", workspace, descendantsOf(org, workspace.id).length),
    run: ({ id }) => void resume(id),
  },
  { name: "stop", label: "Stop its work", icon: OctagonX, shown: isAtWork, meaning: () => "What it works on is called off", run: ({ id }) => void stopWork([id]) },
  { name: "copy", label: "Duplicate", icon: Copy, run: ({ id }) => void copyAll([id]) },
  { name: "rename", label: "Rename", icon: Pencil, key: "F2", run: ({ id }) => mark({ renaming: id }) },
  {
    name: "connect",
    label: "Connect its agent…",
    icon: Plug,
    key: "j",
    shown: (workspace) => joinsByItself(workspace) && !isReachable(workspace) && workspace.status !== "paused",
    run: ({ id }) => shell.current.connect(id),
  },
  { name: "restart", label: "Restart", icon: RotateCw, refusal: restartRefusal, run: ({ id }) => void restart(id) },
  { name: "delete", label: "Delete…", icon: Trash2, key: "Delete", danger: true, run: ({ id }) => shell.current.askDelete(id) },
];
