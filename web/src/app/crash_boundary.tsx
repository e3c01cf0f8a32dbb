import { Component, type ErrorInfo, type ReactNode } from "react";
import { Button } from "@/ui/button";
import { copyText } from "@/ui/clipboard";
import styles from "./page.module.css";

interface Crash {
  error: Error;
  where: string;
}

/** Catches a failure while drawing and shows what it was, in place of an empty page. */
export class CrashBoundary extends Component<{ children: ReactNode }, { crash: Crash | undefined }> {
  override state: { crash: Crash | undefined } = { crash: undefined };

  static getDerivedStateFromError(error: Error): { crash: Crash } {
    return { crash: { error, where: "" } };
  }

  override componentDidCatch(error: Error, { componentStack }: ErrorInfo): void {
    this.setState({ crash: { error, where: componentStack ?? "" } });
  }

  override render(): ReactNode {
    const { crash } = this.state;
    if (!crash) return this.props.children;
    const report = [crash.error.stack ?? crash.error.message, crash.where, new Date().toISOString(), window.location.href].join("\n\n");
    return (
      <main className={styles.centre}>
        <div className={styles.card} role="alert">
          <h1>Something went wrong</h1>
          <p>{crash.error.message}</p>
          <div className={styles.row}>
            <Button tone="primary" onClick={() => window.location.reload()}>
              Reload
            </Button>
            <Button onClick={() => void copyText(report)}>Copy report</Button>
          </div>
        </div>
      </main>
    );
  }
}
