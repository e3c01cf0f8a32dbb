import type { ReactNode } from "react";
import { Kicker } from "./notice";
import styles from "./section.module.css";

/** A titled part of a panel. */
export function Section({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.head}>
        <Kicker>{title}</Kicker>
        {action}
      </div>
      {children}
    </section>
  );
}

/** A scrolling panel body. */
export function PanelBody({ children }: { children: ReactNode }) {
  return <div className={styles.scroll}>{children}</div>;
}

/** Names and values; absent values are left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
    </dl>
  );
}

function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
