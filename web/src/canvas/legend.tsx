import { allWorkspaceStatus as workspaceStatuses } from "@/api/wire";
import { statusWords, tierWords } from "@/model/selectors";
import { Section } from "@/ui/section";
import { StatusDot } from "./status_dot";
import styles from "./legend.module.css";

/** What the colours and marks of the canvas mean. */
export function Legend() {
  return (
    <>
      <Section title="Status">
        <ul className={styles.legend}>
          {workspaceStatuses
            .filter((status) => status !== "removed")
            .map((status) => (
              <li key={status}>
                <StatusDot status={status} /> {statusWords[status]}
              </li>
            ))}
        </ul>
      </Section>
      <Section title="Marks">
        <ul className={styles.legend}>
          <li>
            <span className={styles.remote}>REMOTE</span> Its agent runs elsewhere
          </li>
          <li>
            <span className={styles.hot} aria-hidden /> Work handed over within 5 minutes
          </li>
          <li>
            <span className={styles.cold} aria-hidden /> Within the last hour
          </li>
          <li>
            <span className={`${styles.cold} ${styles.failed}`} aria-hidden /> Some of it failed
          </li>
        </ul>
      </Section>
      <Section title="Tier">
        <ul className={styles.legend}>
          {Object.entries(tierWords).map(([tier, word]) => (
            <li key={tier}>
              T{tier} {word}
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}
