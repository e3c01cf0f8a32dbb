import { ChevronDown, Map as LegendIcon, MessagesSquare, type LucideIcon } from "lucide-react";
import { useId, useState, type ComponentType } from "react";
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

/** Boxes over the lower right of the canvas, each open or folded as it was left. Showing everything keeps clear of an open one. */
export function Corner() {
  const [open, setOpen] = useState(() => new Set(recall("corner", isKeys) ?? []));
  function turn(key: string) {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
    remember("corner", [...next]);
  }
  return (
    <div className={styles.corner} data-corner>
      {boxes.map((box) => (
        <Fold key={box.key} box={box} open={open.has(box.key)} onTurn={() => turn(box.key)} />
      ))}
    </div>
  );
}

function Fold({ box: { label, title, icon: Icon, padded, Body }, open, onTurn }: { box: Box; open: boolean; onTurn: () => void }) {
  const id = useId();
  return (
    <section className={classNames(styles.box, open && styles.open)} aria-label={label} data-open={open}>
      <button type="button" className={styles.head} title={title} aria-expanded={open} aria-controls={id} onClick={onTurn}>
        <Icon size={15} aria-hidden />
        <span>{label}</span>
        <ChevronDown size={15} aria-hidden className={styles.turn} />
      </button>
      <div id={id} className={classNames(styles.body, padded && styles.padded)} hidden={!open} {...(padded ? { tabIndex: 0 } : {})}>
        {open && <Body />}
      </div>
    </section>
  );
}
