import type { ReactNode } from "react";
import { Button } from "./button";
import { classNames } from "./class_names";
import styles from "./notice.module.css";

interface NoticeProps {
  tone: "info" | "warn" | "bad";
  children: ReactNode;
  /** What can be done about it. */
  action?: ReactNode;
  role?: string;
}

export function Notice({ tone, children, action, role }: NoticeProps) {
  return (
    <div className={classNames(styles.notice, styles[tone])} role={role ?? (tone === "bad" ? "alert" : undefined)}>
      <div>{children}</div>
      {action}
    </div>
  );
}

/** A failed read: what happened, and the way to try again. */
export function Failure({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div className={classNames(styles.notice, styles.bad)} role="alert">
      <div>{text}</div>
      <Button onClick={onRetry}>Retry</Button>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Loading({ text }: { text: string }) {
  return (
    <div className={styles.loading} role="status">
      <span className={styles.spinner} aria-hidden />
      {text}
    </div>
  );
}

export function Kicker({ children }: { children: ReactNode }) {
  return <span className={styles.kicker}>{children}</span>;
}
