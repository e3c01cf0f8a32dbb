import { X } from "lucide-react";
import { Button, IconButton } from "./button";
import { classNames } from "./class_names";
import { dismissAll, dismissToast, useToasts } from "./toast";
import styles from "./toast_region.module.css";

/** From so many on they can be taken away together. */
const manyFrom = 2;

export function ToastRegion() {
  const toasts = useToasts();
  return (
    <div className={styles.region} role="region" aria-label="Notifications">
      {toasts.length > manyFrom && (
        <Button className={styles.all ?? ""} onClick={dismissAll}>
          Dismiss all
        </Button>
      )}
      {toasts.map((each) => (
        <div
          key={each.id}
          className={classNames(styles.toast, each.tone !== "info" && styles[each.tone])}
          role={each.tone === "error" ? "alert" : "status"}
        >
          <p>
            {each.text}
            {each.times > 1 && <span className={styles.times}> {each.times} times</span>}
          </p>
          {each.action && (
            <Button
              onClick={() => {
                each.action?.run();
                dismissToast(each.id);
              }}
            >
              {each.action.label}
            </Button>
          )}
          <IconButton small label="Dismiss" onClick={() => dismissToast(each.id)}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
