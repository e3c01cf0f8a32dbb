import { Plus } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { tidyEverything } from "@/actions/arranging";
import { forgetAll } from "@/actions/history";
import { resumeLeaving } from "@/actions/leaving";
import { created, removeAll, resume } from "@/actions/lifecycle";
import { describe, extractAll, fold, keepPlaced, move, nestAll, withPicked } from "@/actions/placing";
import { shell } from "@/actions/shell";
import { messageOf } from "@/api/api_error";
import { signOut, type Session } from "@/api/session_api";
import { readView, saveView, type SavedView } from "@/api/viewport_api";
import type { Connection, TicketMade } from "@/api/wire";
import type { NextAct } from "@/canvas/card_asks";
import { Graph } from "@/canvas/graph";
import { graph } from "@/canvas/graph_controls";
import type { Point } from "@/canvas/layout";
import { mark, marksStore, unpick } from "@/canvas/marks";
import { TicketDialog } from "@/features/tickets/ticket_dialog";
import { CreateDialog, type Joining } from "@/features/workspaces/create_dialog";
import { DeleteDialog } from "@/features/workspaces/delete_dialog";
import { PickedBar } from "@/features/workspaces/picked_bar";
import { collectBeats } from "@/live/beats";
import { openLetters } from "@/live/dead_letters";
import { useRenewed } from "@/live/use_renewed";
import { openQuestions } from "@/live/questions";
import { countNeeds } from "@/model/needs";
import { orgStore } from "@/model/org";
import { childrenOf, descendantsOf } from "@/model/selectors";
import { newIn, startsStore } from "@/model/starts";
import { readWay } from "@/model/way_address";
import { Button } from "@/ui/button";
import { Loading } from "@/ui/notice";
import { recall, remember } from "@/ui/remembered";
import { useSelected } from "@/ui/store";
import { toast } from "@/ui/toast";
import { cardKey } from "./card_keys";
import { ContextMenu } from "./context_menu";
import { Corner } from "./corner";
import { revealOnceThere } from "./reveal_once_there";
import { refuseDroppedFiles } from "./dropped_files";
import { fetched, fetchedPanel } from "./fetched";
import { LoadFailure } from "./load_failure";
import { usePageTitle } from "./page_title";
import { PanelBoundary } from "./panel_boundary";
import { navigate, routeStore } from "./routes";
import { SearchPalette } from "./search_palette";
import { forgetDrafts, hasDrafts, prepareChat, say, SidePanel } from "./side_panel";
import { tellWhyGone } from "./gone";
import { startLive } from "./start_live";
import { StaleNotice } from "./stale_notice";
import { StatusCounts } from "./status_counts";
import { Toolbar } from "./toolbar";
import { usePageKeys } from "./use_page_keys";
import { goToNumber, isPhone, usePhone, viewOf, ViewSwitch } from "./view_switch";
import styles from "./page.module.css";

// Wanted now and then: fetched when it is.
const DeadLettersDialog = fetched(() => import("@/features/dead_letters/dead_letters_dialog").then((all) => all.DeadLettersDialog));
const SettingsDialog = fetched(() => import("./settings_dialog").then((all) => all.SettingsDialog));
const DocsDialog = fetched(() => import("@/features/docs/docs_dialog").then((all) => all.DocsDialog));
const ConnectDialog = fetched(() => import("@/features/workspaces/connect_dialog").then((all) => all.ConnectDialog));
// Seen in the first minutes and then hardly ever: what is there at once is the canvas.
const Guide = fetchedPanel(() => import("@/features/first_run/guide").then((all) => all.Guide), { quiet: true });
const Welcome = fetchedPanel(() => import("@/features/first_run/welcome").then((all) => all.Welcome));
const TrafficScrubber = fetchedPanel(() => import("@/canvas/traffic_scrubber").then((all) => all.TrafficScrubber), { quiet: true });
const SlowStarts = fetchedPanel(() => import("@/features/workspaces/slow_starts").then((all) => all.SlowStarts), { quiet: true });
const SignOutDialog = fetched(() => import("@/features/session/sign_out_dialog").then((all) => all.SignOutDialog));
const HelpDialog = fetched(() => import("./help_dialog").then((all) => all.HelpDialog));
const TicketsDialog = fetched(() => import("@/features/tickets/tickets_dialog").then((all) => all.TicketsDialog));
const ParentDialog = fetched(() => import("@/features/workspaces/parent_dialog").then((all) => all.ParentDialog));
const StopDialog = fetched(() => import("@/features/workspaces/stop_dialog").then((all) => all.StopDialog));
const InboxPage = fetchedPanel(() => import("./inbox_page").then((all) => all.InboxPage));
const ListView = fetchedPanel(() => import("@/features/list/list_view").then((all) => all.ListView));
const TimelineView = fetchedPanel(() => import("@/features/timeline/timeline_view").then((all) => all.TimelineView));
const WayDialog = fetched(() => import("@/features/way/way_dialog").then((all) => all.WayDialog));

/** At most one of these is open at a time. */
type Overlay =
  | { is: "menu"; id: string; at: Point }
  | { is: "search" }
  | { is: "help" }
  | { is: "settings" }
  | { is: "docs"; path?: string }
  | { is: "sign_out"; drafts: boolean }
  | { is: "create"; parent: string | undefined; joining?: Joining }
  | { is: "ticket"; name: string; made: TicketMade }
  | { is: "tickets" }
  | { is: "dead_letters" }
  | { is: "stop" }
  | { is: "connect"; id: string; connection: Connection | undefined }
  | { is: "delete"; id: string }
  | { is: "parent"; ids: readonly string[] };

const isView = (value: unknown): value is SavedView =>
  typeof value === "object" && value !== null && ["x", "y", "zoom"].every((key) => Number.isFinite((value as Record<string, unknown>)[key]));
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

export function CanvasPage({ session, onSignedOut }: { session: Session; onSignedOut: () => void }) {
  const [overlay, setOverlay] = useState<Overlay | undefined>();
  const [failure, setFailure] = useState<unknown>();
  const retry = useRef<() => void>(undefined);
  const [showHops, setShowHops] = useState(() => recall("show_hops", isBoolean) ?? true);
  // The view the canvas was left with; null once it is known that there is none.
  const [savedView, setSavedView] = useState<SavedView | null | undefined>(
    // A view of a desk is no view for a telephone: there everything is fitted.
    () => recall("view", isView) ?? (isPhone() ? null : undefined),
  );
  const route = useSelected(routeStore, (value) => value);
  const onPhone = usePhone();
  const view = viewOf(route, onPhone);
  const loaded = useSelected(orgStore, (org) => org.loaded);
  const empty = useSelected(orgStore, (org) => org.loaded && org.workspaces.size === 0);
  const workspace = useSelected(orgStore, (org) => (route.workspace ? org.workspaces.get(route.workspace) : undefined));

  useEffect(() => {
    const live = startLive({ onLoadFailure: setFailure, onLoaded: () => setFailure(undefined), onSignedOut });
    retry.current = live.retry;
    return live.stop;
  }, [onSignedOut]);

  useEffect(() => {
    // Without it the page is whole: everything is fitted.
    if (recall("view", isView) === undefined && !isPhone()) readView().then((kept) => setSavedView(kept ?? null), () => setSavedView(null));
  }, []);

  useEffect(refuseDroppedFiles, []);
  useEffect(collectBeats, []);

  useEffect(() => {
    if (!loaded) return;
    prepareChat();
    resumeLeaving();
  }, [loaded]);

  useEffect(() => {
    shell.current = {
      open: (id, tab) => navigate({ workspace: id, ...(tab ? { tab } : {}) }),
      askDelete: (id) => setOverlay({ is: "delete", id }),
      askParent: (ids) => setOverlay({ is: "parent", ids }),
      createIn: (parent) => setOverlay({ is: "create", parent }),
      connect: (id) => setOverlay({ is: "connect", id, connection: undefined }),
      showSettings: () => setOverlay({ is: "settings" }),
      showDocs: (path) => setOverlay({ is: "docs", ...(path === undefined ? {} : { path }) }),
      showHelp: () => setOverlay({ is: "help" }),
      showTickets: () => setOverlay({ is: "tickets" }),
      showDeadLetters: () => setOverlay({ is: "dead_letters" }),
      askStop: () => setOverlay({ is: "stop" }),
      showWay: (way) => {
        setOverlay(undefined);
        navigate({ way });
      },
    };
  }, []);

  useEffect(() => {
    mark({ selected: workspace?.id });
    if (!workspace) return;
    // The panel takes its width first; then what it covers is known.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => graph.controls?.reveal(workspace.id));
    });
    return () => cancelAnimationFrame(frame);
    // Only another selection moves the view, and the graph coming up with one.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [workspace?.id, view, savedView === undefined]);

  // An open workspace that is deleted, here or elsewhere, closes its panel; an address that leads nowhere says why.
  const wasOpen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (workspace) wasOpen.current = workspace.id;
    if (!loaded || route.workspace === undefined || workspace !== undefined) return;
    if (route.workspace !== wasOpen.current) void tellWhyGone(route.workspace);
    navigate({ workspace: undefined });
  }, [loaded, route.workspace, workspace]);

  const way = useMemo(() => readWay(route.way), [route.way]);
  const closeWay = useCallback(() => navigate({ way: "" }), []);
  const close = useCallback(() => setOverlay(undefined), []);
  // A menu also closes because its item opened something else, which then stays.
  const closeMenu = useCallback(() => setOverlay((now) => (now?.is === "menu" ? undefined : now)), []);
  const onSearch = useCallback(() => setOverlay({ is: "search" }), []);
  const onHelp = useCallback(() => setOverlay({ is: "help" }), []);
  const onTickets = useCallback(() => setOverlay({ is: "tickets" }), []);
  const onDeadLetters = useCallback(() => setOverlay({ is: "dead_letters" }), []);
  const onTicket = useCallback(() => setOverlay({ is: "create", parent: undefined, joining: "ticket" }), []);
  const onSettings = useCallback(() => setOverlay({ is: "settings" }), []);
  const onDocs = useCallback(() => setOverlay({ is: "docs" }), []);
  const onCreate = useCallback(() => setOverlay({ is: "create", parent: undefined }), []);
  const onEscape = useCallback(() => {
    if (unpick()) return;
    const open = routeStore.get().workspace;
    navigate({ workspace: undefined });
    if (!open) return;
    if (graph.controls) graph.controls.focus(open);
    else document.getElementById("canvas")?.focus();
  }, []);
  usePageKeys({ onSearch, onSettings, onCreate, onDeadLetters, onHelp, onEscape, onView: goToNumber });
  useRenewed(openLetters);
  useRenewed(openQuestions);
  const questions = useSelected(openQuestions.state, (state) => state.questions);
  const letters = useSelected(openLetters.state, (state) => state.letters);
  const starting = useSelected(startsStore, (starts) => starts.size > 0);
  const picking = useSelected(marksStore, (marks) => marks.picked.size > 0);
  const waiting = useSelected(orgStore, (org) => countNeeds(org, questions, letters));
  usePageTitle(workspace?.name, waiting);

  const onSelect = useCallback((id: string | undefined) => navigate({ workspace: id }), []);
  const onMenu = useCallback((id: string, at: Point) => setOverlay({ is: "menu", id, at }), []);
  const onNest = useCallback((id: string, parent: string, to: Point) => void nestAll(withPicked(id), parent, to), []);
  const onExtract = useCallback((id: string, to: Point) => void extractAll(withPicked(id), to), []);
  const onNext = useCallback((id: string, what: NextAct) => {
    if (what === "resume") void resume(id);
    else if (what === "connect") setOverlay({ is: "connect", id, connection: undefined });
    else if (what === "cancel") void removeAll(newIn(orgStore.get(), id));
    else navigate({ workspace: id, tab: "details" });
  }, []);
  const onRename = useCallback(
    (id: string, name: string) => void describe(id, { name }).catch((error: unknown) => toast("error", `It could not be renamed: ${messageOf(error)}`)),
    [],
  );
  const onTidy = useCallback(() => void tidyEverything(), []);
  const onShow = useCallback((show: string) => navigate({ show }), []);
  const onOpenRow = useCallback((id: string, tab?: string) => navigate({ workspace: id, ...(tab ? { tab } : {}) }), []);
  const onOpenHop = useCallback((from: string) => navigate({ workspace: from, tab: "activity" }), []);
  const onSay = useCallback((id: string, text: string) => {
    navigate({ workspace: id, tab: "chat" });
    void say(id, text);
  }, []);
  const onView = useCallback((now: SavedView) => {
    // A browser opens where it was left; one that is new, where the last one looked.
    remember("view", now);
    void saveView(now).catch(() => undefined);
  }, []);
  const onKey = useCallback((id: string, event: KeyboardEvent) => cardKey(id, event, onSelect), [onSelect]);
  const onOpenTeam = useCallback((id: string) => {
    const org = orgStore.get();
    if (childrenOf(org, id).length === 0) return;
    if (org.workspaces.get(id)?.collapsed) void fold(id, false);
    else graph.controls?.show([id, ...descendantsOf(org, id)]);
  }, []);

  const onSignOut = session.dev ? undefined : () => void hasDrafts().then((drafts) => setOverlay({ is: "sign_out", drafts }));

  async function leave() {
    try {
      await signOut();
      // The page ends first: what still asked the platform would be refused.
      onSignedOut();
      forgetAll();
      await forgetDrafts();
    } catch (error) {
      toast("error", `Signing out failed: ${messageOf(error)}`);
    }
  }

  function onCreated(id: string, name: string, connection: Connection | undefined) {
    revealOnceThere(id);
    created(id, name);
    if (connection?.auth_token) setOverlay({ is: "connect", id, connection });
    else {
      setOverlay(undefined);
      navigate({ workspace: id, tab: "details" });
    }
  }

  return (
    <div className={styles.page}>
      <a className={styles.skip} href="#canvas">
        Skip to canvas
      </a>
      {session.dev && (
        <div className={styles.banner} role="note">
          Development profile: anyone on this machine can administer this platform.
        </div>
      )}
      <main className={styles.main}>
        <div className={styles.stage} style={{ containerType: "inline-size", containerName: "stage" }}>
          <div className={styles.toolbar_place}>
            <Toolbar
              view={view}
              waiting={waiting}
              onPhone={onPhone}
              showHops={showHops}
              onShowHops={(show) => {
                setShowHops(show);
                remember("show_hops", show);
              }}
              onSearch={onSearch}
              onTickets={onTickets}
              onDeadLetters={onDeadLetters}
              onHelp={onHelp}
              onSettings={onSettings}
              onSignOut={onSignOut}
            />
            <StaleNotice />
            {starting && <SlowStarts />}
          </div>
          {loaded && view === "list" && !empty && (
            <PanelBoundary name="List">
              <ListView
                find={route.find}
                show={route.show}
                sort={route.sort}
                onChange={navigate}
                open={workspace?.id}
                onOpen={onOpenRow}
                onMenu={onMenu}
                onKey={onKey}
                pills={onPhone && <StatusCounts listed />}
              />
            </PanelBoundary>
          )}
          {loaded && view === "inbox" && (
            <PanelBoundary name="Inbox">
              <InboxPage show={route.show} onShow={onShow} onDecided={onDeadLetters} />
            </PanelBoundary>
          )}
          {loaded && view === "timeline" && (
            <PanelBoundary name="Timeline">
              <TimelineView find={route.find} show={route.show} onChange={navigate} />
            </PanelBoundary>
          )}
          {loaded && view === "graph" && savedView !== undefined && (
            <Graph
              savedView={savedView ?? undefined}
              onView={onView}
              showHops={showHops}
              onSelect={onSelect}
              onMenu={onMenu}
              onMove={move}
              onNest={onNest}
              onExtract={onExtract}
              onOpenTeam={onOpenTeam}
              onOpenHop={onOpenHop}
              onKey={onKey}
              onPlaced={keepPlaced}
              onTidy={onTidy}
              onNext={onNext}
              onRename={onRename}
            />
          )}
          {(!loaded || (view === "graph" && savedView === undefined)) && (
            <div className={styles.over}>
              {failure === undefined ? (
                <Loading text="Loading canvas…" />
              ) : (
                <LoadFailure
                  failure={failure}
                  onRetry={() => {
                    setFailure(undefined);
                    retry.current?.();
                  }}
                />
              )}
            </div>
          )}
          {(view === "graph" || view === "list") && (
            <div className={styles.picked}>
              <PickedBar />
            </div>
          )}
          {empty && (view === "graph" || view === "list") && (
            <div className={styles.over}>
              <Welcome onCreate={onCreate} onTicket={onTicket} />
            </div>
          )}
          {!empty && loaded && (view === "graph" || (onPhone && view === "list")) && (
            <div className={styles.guide}>
              <Guide narrow={workspace !== undefined || onPhone} onSay={onSay} />
            </div>
          )}
          {!empty && loaded && view === "graph" && !onPhone && <Corner />}
          {showHops && loaded && view === "graph" && !onPhone && !picking && <TrafficScrubber />}
          {!empty && loaded && (view === "graph" || view === "list") && (
            <Button tone="primary" large className={styles.create ?? ""} onClick={onCreate}>
              <Plus size={16} aria-hidden /> New workspace
            </Button>
          )}
        </div>
        {workspace && <SidePanel workspace={workspace} route={route} />}
      </main>
      {onPhone && <ViewSwitch view={view} waiting={waiting} low />}
      {overlay?.is === "menu" && <ContextMenu key={overlay.id} id={overlay.id} at={overlay.at} onClose={closeMenu} />}
      {overlay?.is === "search" && <SearchPalette onClose={close} />}
      {overlay?.is === "help" && <HelpDialog onClose={close} onGuide={() => void import("@/features/first_run/guide_steps").then((all) => all.startGuide())} />}
      {overlay?.is === "settings" && <SettingsDialog dev={session.dev} workspace={workspace} onClose={close} onDocs={onDocs} onSignOut={onSignOut} />}
      {overlay?.is === "docs" && <DocsDialog path={overlay.path} onClose={close} />}
      {overlay?.is === "sign_out" && <SignOutDialog drafts={overlay.drafts} onClose={close} onSignOut={() => void leave()} />}
      {overlay?.is === "create" && (
        <CreateDialog
          parent={overlay.parent}
          {...(overlay.joining ? { joining: overlay.joining } : {})}
          onClose={close}
          onCreated={onCreated}
          onTicket={(name, made) => setOverlay({ is: "ticket", name, made })}
        />
      )}
      {overlay?.is === "ticket" && (
        <TicketDialog
          name={overlay.name}
          made={overlay.made}
          onClose={(joined) => {
            close();
            if (joined) navigate({ workspace: joined, tab: "chat" });
          }}
        />
      )}
      {overlay?.is === "tickets" && (
        <TicketsDialog
          onClose={close}
          onCreate={() => setOverlay({ is: "create", parent: undefined, joining: "ticket" })}
          onOpen={(id) => {
            close();
            navigate({ workspace: id, tab: "details" });
          }}
        />
      )}
      {way && overlay === undefined && (
        <WayDialog address={way} onClose={closeWay} onOpen={(id) => navigate({ workspace: id, tab: "chat", way: "" })} />
      )}
      {overlay?.is === "dead_letters" && <DeadLettersDialog onClose={close} />}
      {overlay?.is === "connect" && (
        <ConnectDialog
          id={overlay.id}
          connection={overlay.connection}
          onClose={() => {
            close();
            navigate({ workspace: overlay.id, tab: "chat" });
          }}
        />
      )}
      {overlay?.is === "stop" && <StopDialog onClose={close} />}
      {overlay?.is === "delete" && <DeleteDialog id={overlay.id} onClose={close} />}
      {overlay?.is === "parent" && <ParentDialog ids={overlay.ids} onClose={close} />}
    </div>
  );
}
