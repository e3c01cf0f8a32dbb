import { X } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { skillNames, type Workspace } from "@/api/workspace";
import { RuntimePill, TierPill } from "@/canvas/pills";
import { StatusDot } from "@/canvas/status_dot";
import { StandingBanner } from "@/features/workspaces/standing_banner";
import { joinsByItself, standingWord } from "@/model/selectors";
import { IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { recall, remember } from "@/ui/remembered";
import { toast } from "@/ui/toast";
import { TabList } from "@/ui/tab_list";
import { fetchedPanel } from "./fetched";
import { PanelBoundary } from "./panel_boundary";
import { navigate, type Route } from "./routes";
import { StaleNotice } from "./stale_notice";
import styles from "./side_panel.module.css";

// The canvas comes first. The chat, which a panel opens with, is fetched behind it; the others when somebody turns to them.
const ChatPanel = fetchedPanel(() => import("@/features/chat/chat_panel").then((all) => all.ChatPanel));
const ActivityPanel = fetchedPanel(() => import("@/features/activity/activity_panel").then((all) => all.ActivityPanel));
const TimelinePanel = fetchedPanel(() => import("@/features/timeline/timeline_panel").then((all) => all.TimelinePanel));
const DetailsPanel = fetchedPanel(() => import("@/features/workspaces/details_panel").then((all) => all.DetailsPanel));
const TokensPanel = fetchedPanel(() => import("@/features/tokens/tokens_panel").then((all) => all.TokensPanel));
const SkillsPanel = fetchedPanel(() => import("@/features/skills/skills_panel").then((all) => all.SkillsPanel));
const EventsPanel = fetchedPanel(() => import("@/features/events/events_panel").then((all) => all.EventsPanel));
const LogsPanel = fetchedPanel(() => import("@/features/logs/logs_panel").then((all) => all.LogsPanel));
const TerminalPanel = fetchedPanel(() => import("@/features/terminal/terminal_panel").then((all) => all.TerminalPanel));
const FilesPanel = fetchedPanel(() => import("@/features/files/files_panel").then((all) => all.FilesPanel));
const ConfigPanel = fetchedPanel(() => import("@/features/config/config_panel").then((all) => all.ConfigPanel));
const SecretsPanel = fetchedPanel(() => import("@/features/secrets/secrets_panel").then((all) => all.SecretsPanel));

export const prepareChat = ChatPanel.prepare;

/** Nobody who uses this browser next is to read what was never sent. */
export async function forgetDrafts(): Promise<void> {
  (await import("@/features/chat/drafts")).forgetAllDrafts();
}

/** Writes to an agent as the chat does. */
export async function say(id: string, text: string): Promise<void> {
  try {
    (await import("@/features/chat/chat_session")).send(id, text);
  } catch {
    toast("error", "The chat could not be fetched, so nothing was sent. Is the platform running?");
  }
}

/** Whether something was written and never sent. What cannot be looked at now counts as nothing. */
export async function hasDrafts(): Promise<boolean> {
  try {
    return (await import("@/features/chat/drafts")).anyDraft();
  } catch {
    return false;
  }
}

export const tabs = [
  { id: "chat", label: "Chat" },
  { id: "activity", label: "Activity" },
  { id: "timeline", label: "Timeline" },
  { id: "details", label: "Details" },
  { id: "skills", label: "Skills" },
  { id: "terminal", label: "Terminal" },
  { id: "tokens", label: "Tokens" },
  { id: "secrets", label: "Secrets" },
  { id: "config", label: "Config" },
  { id: "files", label: "Files" },
  { id: "events", label: "Events" },
  { id: "logs", label: "Logs" },
] as const;

// Only of what the platform starts it knows these.
const ofStarted: ReadonlySet<string> = new Set(["config", "files", "logs"]);

const widthDefault = 480;
const widthMin = 320;
const widthKeyboardMax = 800;
const keyStep = 16;
const windowShare = 0.8;

function usePanelWidth() {
  const [width, setWidth] = useState(() => recall("panel_width", (value): value is number => typeof value === "number") ?? widthDefault);
  function change(next: number, most: number) {
    const clamped = Math.round(Math.max(widthMin, Math.min(next, most, window.innerWidth * windowShare)));
    setWidth(clamped);
    remember("panel_width", clamped);
  }
  return { width, change };
}

export function SidePanel({ workspace, route }: { workspace: Workspace; route: Route }) {
  const { width, change } = usePanelWidth();
  // Whoever asks for a terminal that there is not is told.
  const shown = joinsByItself(workspace) ? tabs.filter(({ id }) => !ofStarted.has(id) && (id !== "terminal" || route.tab === id)) : tabs;
  const active = shown.find((tab) => tab.id === route.tab)?.id ?? "chat";
  const panel = useRef<HTMLElement>(null);
  const skills = skillNames(workspace.agent_card).length;
  const open = (id: string) => navigate({ workspace: id, tab: active });
  const close = () => navigate({ workspace: undefined });

  useEffect(() => {
    const page = document.documentElement.style;
    page.setProperty("--covered-right", `${width}px`);
    return () => {
      page.removeProperty("--covered-right");
    };
  }, [width]);

  function onEdgeKey(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowLeft: width + keyStep, ArrowRight: width - keyStep, Home: widthMin, End: widthKeyboardMax };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    change(next, widthKeyboardMax);
  }
  function onEdgeDrag(event: PointerEvent<HTMLDivElement>) {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) change(window.innerWidth - event.clientX, Number.POSITIVE_INFINITY);
  }

  return (
    <aside ref={panel} className={styles.panel} style={{ width }} aria-label={`${workspace.name} panel`}>
      <div
        className={styles.edge}
        role="separator"
        aria-label="Panel width"
        aria-orientation="vertical"
        aria-valuenow={width}
        aria-valuemin={widthMin}
        aria-valuemax={widthKeyboardMax}
        tabIndex={0}
        onKeyDown={onEdgeKey}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onEdgeDrag}
      />
      <div className={styles.head}>
        <StatusDot status={workspace.status} />
        <div className={styles.titles}>
          <h2>{workspace.name}</h2>
          {workspace.role && <p className={styles.role}>{workspace.role}</p>}
        </div>
        <IconButton label="Close panel" onClick={close}>
          <X size={17} aria-hidden />
        </IconButton>
      </div>
      <div className={styles.pills}>
        <TierPill tier={workspace.tier} />
        <RuntimePill workspace={workspace} />
        <span>{standingWord(workspace)}{workspace.late && ", late"}</span>
        {skills > 0 && <span>· {skills === 1 ? "1 skill" : `${skills} skills`}</span>}
      </div>
      {workspace.current_task !== "" && <p className={styles.task}>{workspace.current_task}</p>}
      <div className={styles.covering}>
        <StaleNotice />
      </div>
      {active !== "chat" && <StandingBanner workspace={workspace} />}
      <div className={styles.tabs}>
        <TabList label={`${workspace.name} sections`} tabs={shown} active={active} onChange={(tab) => navigate({ tab, filter: "" })} />
      </div>
      <div className={styles.body} role="tabpanel" id={`panel-${active}`} aria-labelledby={`tab-${active}`}>
        <PanelBoundary key={`${workspace.id}/${active}`} name={tabs.find((tab) => tab.id === active)?.label ?? active}>
          {active === "chat" && <ChatPanel workspace={workspace} onOpen={open} />}
          {active === "activity" && (
            <ActivityPanel key={workspace.id} workspace={workspace} filter={route.filter} onFilter={(filter) => navigate({ filter })} />
          )}
          {active === "timeline" && <TimelinePanel key={workspace.id} workspace={workspace} filter={route.filter} onFilter={(filter) => navigate({ filter })} />}
          {active === "details" && <DetailsPanel key={workspace.id} workspace={workspace} onOpen={open} />}
          {active === "skills" && <SkillsPanel key={workspace.id} workspace={workspace} />}
          {active === "events" && (
            <EventsPanel key={workspace.id} workspace={workspace} filter={route.filter} onFilter={(filter) => navigate({ filter })} />
          )}
          {active === "tokens" && <TokensPanel key={workspace.id} workspace={workspace} />}
          {active === "config" && <ConfigPanel key={workspace.id} workspace={workspace} />}
          {active === "files" && <FilesPanel key={workspace.id} workspace={workspace} />}
          {active === "logs" && <LogsPanel key={workspace.id} workspace={workspace} />}
          {active === "terminal" && <TerminalPanel key={workspace.id} workspace={workspace} />}
          {active === "secrets" && <SecretsPanel key={workspace.id} workspace={workspace} />}
        </PanelBoundary>
      </div>
      <div className={styles.foot}>
        <span>{workspace.id}</span>
        <CopyButton text={workspace.id} what="workspace id" />
      </div>
    </aside>
  );
}
