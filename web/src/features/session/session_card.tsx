import type { ReactNode } from "react";
import { Logo } from "@/ui/logo";
import styles from "./session.module.css";

/** The one card of a page that stands outside the canvas. */
export function SessionCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <Logo size={24} /> <span>Molecule AI</span>
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
