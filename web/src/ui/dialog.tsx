import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode, RefObject } from "react";
import { IconButton } from "./button";
import { classNames } from "./class_names";
import styles from "./dialog.module.css";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
  /** Most of the window, for reading. */
  page?: boolean;
  /** A sheet along the right edge. */
  side?: boolean;
  /** No close button, no Esc, no click outside: the foot must offer the way out. */
  deliberate?: boolean;
  /** Near the top and without a head: its first field says what it is. Esc and a click outside close it. */
  palette?: boolean;
  initialFocus?: RefObject<HTMLElement | null>;
}

/** A modal that traps focus, names itself and gives focus back. */
export function Dialog(props: DialogProps) {
  return (
    <Base.Root
      open={props.open}
      onOpenChange={(open) => {
        if (!open && !props.deliberate) props.onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup
          className={classNames(styles.popup, props.wide && styles.wide, props.page && styles.page, props.side && styles.side, props.palette && styles.palette)}
          {...(props.initialFocus ? { initialFocus: props.initialFocus } : {})}
        >
          <div className={props.palette ? "visually-hidden" : styles.head}>
            <div>
              <Base.Title className={styles.title}>{props.title}</Base.Title>
              {props.description && <Base.Description className={styles.description}>{props.description}</Base.Description>}
            </div>
            {!props.deliberate && !props.palette && (
              <IconButton label="Close dialog" onClick={props.onClose}>
                <X size={16} aria-hidden />
              </IconButton>
            )}
          </div>
          <div className={styles.body}>{props.children}</div>
          {props.foot && <div className={styles.foot}>{props.foot}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
