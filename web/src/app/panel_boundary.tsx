import { Component, type ReactNode } from "react";
import { Failure } from "@/ui/notice";
import styles from "./side_panel.module.css";

/** Keeps a failure while drawing one panel inside it: the canvas and the other tabs go on. */
export class PanelBoundary extends Component<{ name: string; children: ReactNode }, { failure: Error | undefined }> {
  override state: { failure: Error | undefined } = { failure: undefined };

  static getDerivedStateFromError(failure: Error): { failure: Error } {
    return { failure };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (!failure) return this.props.children;
    return (
      <div className={styles.failure}>
        <Failure text={`${this.props.name} could not be drawn: ${failure.message}`} onRetry={() => this.setState({ failure: undefined })} />
      </div>
    );
  }
}
