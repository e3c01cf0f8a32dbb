import { ChevronUp, Map as LegendIcon, MessagesSquare, type LucideIcon } from "lucide-react";
import { useState, type ComponentType } from "react";
import { classNames } from "@/ui/class_names";
import { recall, remember } from "@/ui/remembered";
import { fetchedPanel } from "./fetched";
import styles from "./corner.module.css";

const CommsBox = fetchedPanel(() => import("@/features/comms/comms_box").then((all) => all.CommsBox));
const Legend = fetchedPanel(() => import("@/canvas/legend").then((all) => all.Legend));

interface Box {
  key: string;
  label: string;
  title: string;
  icon: LucideIcon;
  padded?: boolean;
  Body: ComponentType;
}

const boxes: readonly Box[] = [
  { key: "legend", label: "Legend", title: "What colours and marks mean", icon: LegendIcon, padded: true, Body: Legend },
  { key: "comms", label: "Between agents", title: "What agents say to each other", icon: MessagesSquare, Body: CommsBox },
];

const isKeys = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === "string");

/** Boxes at the right of the canvas, each there or not as it was left. Showing everything keeps clear of those that are. */
export function Corner() {
  const [open, setOpen] = useState(() => new Set(recall("corner", isKeys) ?? []));
  function turn(key: string) {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
    remember("corner", [...next]);
  }
  return (
    <div data-corner>
      <div className={styles.boxes}>
        {boxes
          .filter(({ key }) => open.has(key))
          .map(({ key, label, padded, Body }) => (
            <section key={key} id={`corner-${key}`} className={styles.box} aria-label={label} data-open="true">
              <h2>{label}</h2>
              <div className={classNames(styles.body, padded && styles.padded)} {...(padded ? { tabIndex: 0 } : {})}>
                <Body />
              </div>
            </section>
          ))}
      </div>
      <div className={styles.pills}>
        {boxes.map(({ key, label, title, icon: Icon }) => (
          <button key={key} type="button" title={title} aria-label={label} aria-expanded={open.has(key)} aria-controls={`corner-${key}`} onClick={() => turn(key)}>
            <Icon size={15} aria-hidden />
            <span>{label}</span>
            <ChevronUp size={15} aria-hidden className={styles.turn} />
          </button>
        ))}
      </div>
    </div>
  );
}
