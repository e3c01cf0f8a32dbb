import { CircleHelp, LogOut, MailX, Monitor, Moon, OctagonX, Search, Settings, Spline, Sun, Ticket } from "lucide-react";
import { shell } from "@/actions/shell";
import { isAtWork } from "@/actions/stopping";
import type { LiveState } from "@/live/connection";
import { openLetters } from "@/live/dead_letters";
import { liveState } from "@/live/live_bus";
import { orgStore, type Org } from "@/model/org";
import { childrenOf } from "@/model/selectors";
import { IconButton } from "@/ui/button";
import { Logo } from "@/ui/logo";
import { useSelected } from "@/ui/store";
import { setTheme, useTheme, type Theme } from "@/ui/theme";
import type { View } from "./routes";
import { StatusCounts } from "./status_counts";
import { ViewSwitch } from "./view_switch";
import styles from "./toolbar.module.css";

const liveWords: Record<LiveState, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  polling: "Every 10 s",
  offline: "Offline",
};
const liveHints: Record<LiveState, string> = {
  connecting: "Opening live updates",
  live: "Changes appear as they happen",
  reconnecting: "Live updates were lost; trying again. Meanwhile the picture is read every 10 seconds.",
  polling: "The platform is there, but live updates do not come through; the picture is read every 10 seconds",
  offline: "The platform cannot be reached; still trying",
};

const nextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const themeWords: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };
const themeIcons = { system: Monitor, light: Sun, dark: Moon };

interface ToolbarProps {
  view: View;
  /** How many things wait for a person. */
  waiting: number;
  /** Its views are at the lower edge, and its counts in the list. */
  onPhone: boolean;
  showHops: boolean;
  onShowHops: (show: boolean) => void;
  onSearch: () => void;
  onTickets: () => void;
  onDeadLetters: () => void;
  onHelp: () => void;
  onSettings: () => void;
  /** Absent where nobody signs in. */
  onSignOut: (() => void) | undefined;
}

export function Toolbar({ view, waiting, onPhone, showHops, onShowHops, onSearch, onTickets, onDeadLetters, onHelp, onSettings, onSignOut }: ToolbarProps) {
  const live = useSelected(liveState, (state) => state);
  const theme = useTheme();
  const ThemeIcon = themeIcons[theme];
  return (
    <header className={styles.toolbar}>
      <div className={styles.brand}>
        <Logo size={20} /> <span>Molecule AI</span>
      </div>
      {!onPhone && <ViewSwitch view={view} waiting={waiting} />}
      {!onPhone && <StatusCounts listed={view === "list"} />}
      <StopButton />
      <Total />
      <span className={styles.live} data-live={live} role="status" title={liveHints[live]}>
        {liveWords[live]}
      </span>
      <div className={styles.tools} role="toolbar" aria-label="Canvas tools">
        {view === "graph" && (
          <IconButton label="Traffic between agents" aria-pressed={showHops} onClick={() => onShowHops(!showHops)}>
            <Spline size={17} aria-hidden />
          </IconButton>
        )}
        <IconButton label="Search" title="Search (Ctrl+K)" onClick={onSearch}>
          <Search size={17} aria-hidden />
        </IconButton>
        <IconButton className={styles.spared ?? ""} label="Join tickets" title="Let agents of other machines join" onClick={onTickets}>
          <Ticket size={17} aria-hidden />
        </IconButton>
        {!onPhone && <LettersButton onClick={onDeadLetters} />}
        <IconButton className={styles.spared ?? ""} label={`Theme: ${themeWords[theme]}`} title={`Theme: ${themeWords[theme]}. Switch to ${themeWords[nextTheme[theme]]}`} onClick={() => setTheme(nextTheme[theme])}>
          <ThemeIcon size={17} aria-hidden />
        </IconButton>
        <IconButton label="Help" title="Keyboard and legend (?)" onClick={onHelp}>
          <CircleHelp size={17} aria-hidden />
        </IconButton>
        <IconButton label="Settings" title="Settings (Ctrl+,)" onClick={onSettings}>
          <Settings size={17} aria-hidden />
        </IconButton>
        {onSignOut && (
          <IconButton className={styles.spared ?? ""} label="Sign out" onClick={onSignOut}>
            <LogOut size={17} aria-hidden />
          </IconButton>
        )}
      </div>
    </header>
  );
}

/** There while somebody is at work. */
function StopButton() {
  const count = useSelected(orgStore, (org) => atWorkCount(org));
  if (count === 0) return null;
  return (
    <button type="button" className={styles.stop} title="Call off what agents work on" onClick={() => shell.current.askStop()}>
      <OctagonX size={14} aria-hidden /> Stop all ({count})
    </button>
  );
}

function atWorkCount(org: Org): number {
  let count = 0;
  for (const workspace of org.workspaces.values()) if (isAtWork(workspace)) count += 1;
  return count;
}

/** A count has at most this many digits' worth; beyond it is told as more. */
const countMax = 99;

function LettersButton({ onClick }: { onClick: () => void }) {
  const { letters, more } = useSelected(openLetters.state, (state) => state);
  const count = letters.length > countMax || more ? `${countMax}+` : String(letters.length);
  return (
    <IconButton
      label={letters.length === 0 ? "Dead letters" : `Dead letters: ${count}`}
      title="Messages that nobody answered (D)"
      className={styles.letters ?? ""}
      onClick={onClick}
    >
      <MailX size={17} aria-hidden />
      {letters.length > 0 && (
        <span className={styles.count} aria-hidden data-letters={letters.length}>
          {count}
        </span>
      )}
    </IconButton>
  );
}

function Total() {
  const org = useSelected(orgStore, (value) => value);
  const total = org.workspaces.size;
  const roots = childrenOf(org, null).length;
  if (!org.loaded) return null;
  return (
    <span className={styles.total} role="status">
      {roots === 1 ? "1 workspace" : `${roots} workspaces`}
      {total > roots && ` + ${total - roots} sub`}
    </span>
  );
}
