import { History, Inbox, Network, Rows3, type LucideIcon } from "lucide-react";
import { useSyncExternalStore } from "react";
import { shortCount } from "@/model/needs";
import { classNames } from "@/ui/class_names";
import { navigate, routeStore, type Route, type View } from "./routes";
import styles from "./view_switch.module.css";

const shown: readonly { view: View; label: string; icon: LucideIcon; title: string }[] = [
  { view: "graph", label: "Graph", icon: Network, title: "The organisation as a graph (1)" },
  { view: "list", label: "List", icon: Rows3, title: "The organisation as a table (2)" },
  { view: "inbox", label: "Inbox", icon: Inbox, title: "What waits for a person (3)" },
  { view: "timeline", label: "Timeline", icon: History, title: "What happened (4)" },
];

/** The graph has least room on a phone. */
const forThumbs = [...shown.slice(1), ...shown.slice(0, 1)];

/** Below this the graph has no room: the list is the first page. */
const phone = "(max-width: 699px)";

const subscribe = (listener: () => void) => {
  const media = window.matchMedia(phone);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
};
export const isPhone = (): boolean => window.matchMedia(phone).matches;
export const usePhone = (): boolean => useSyncExternalStore(subscribe, isPhone);

/** What is looked at: what the address says, else what suits the window. */
export const viewOf = (route: Route, onPhone: boolean): View => route.view ?? (onPhone ? "list" : "graph");

/** Goes to a view; the one that suits the window needs no word in the address. */
export function goTo(view: View): void {
  const first = isPhone() ? "list" : "graph";
  navigate({ view: view === first ? undefined : view });
}

/** Goes to a view by its key, from 1. */
export function goToNumber(number: number): void {
  const view = shown[number - 1]?.view;
  if (view !== undefined) goTo(view);
}

interface ViewSwitchProps {
  view: View;
  /** How many things wait for a person. */
  waiting: number;
  /** Along the lower edge, with words, for thumbs. */
  low?: boolean;
}

/** The ways to look at the organisation. */
export function ViewSwitch({ view, waiting, low = false }: ViewSwitchProps) {
  return (
    <nav className={classNames(styles.switch, low && styles.low)} aria-label="Views">
      {(low ? forThumbs : shown).map(({ view: each, label, icon: Icon, title }) => (
        <button
          key={each}
          type="button"
          aria-current={each === view ? "page" : undefined}
          title={title}
          onClick={() => {
            // On a phone a panel covers the view.
            if (low && routeStore.get().workspace !== undefined) navigate({ workspace: undefined });
            goTo(each);
          }}
        >
          <Icon size={low ? 20 : 16} aria-hidden />
          <span className={styles.label}>{label}</span>
          {each === "inbox" && waiting > 0 && (
            <span className={styles.count} data-waiting={waiting}>
              {shortCount(waiting)}
              <span className="visually-hidden"> waiting</span>
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}
