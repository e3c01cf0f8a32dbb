import type { ReactNode } from "react";
import { restart, resume } from "@/actions/lifecycle";
import { shell } from "@/actions/shell";
import type { Workspace } from "@/api/workspace";
import { joinsByItself } from "@/model/selectors";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import styles from "./standing_banner.module.css";

/** What keeps a workspace from working, and the one thing to do about it. Nothing where it works. */
export function StandingBanner({ workspace }: { workspace: Workspace }) {
  const { id, name, status, last_heartbeat_at: heard } = workspace;
  const connect = joinsByItself(workspace) && <Button onClick={() => shell.current.connect(id)}>Connect its agent</Button>;
  if (status === "awaiting_agent")
    return (
      <Banner status={status} action={connect}>
        {heard === null ? `${name} waits for its agent: none has connected yet.` : `${name} waits for its agent to come back.`}
      </Banner>
    );
  if (status === "paused")
    return (
      <Banner status={status} action={<Button onClick={() => void resume(id)}>Resume</Button>}>
        {joinsByItself(workspace) ? "Paused. Its agent goes on running where it was started and waits; messages to it wait here." : "Paused. Its agent was ended and its files are kept; messages to it wait here."}
      </Banner>
    );
  if (status === "offline" && !joinsByItself(workspace))
    return (
      <Banner status={status} action={<Button onClick={() => void restart(id)}>Restart</Button>}>
        Its agent does not run. Messages wait here meanwhile; Logs has what it said last.
      </Banner>
    );
  if (status === "offline")
    return (
      <Banner status={status} action={connect}>
        {heard === null ? "It was never heard." : <>Last heard <Age at={Date.parse(heard)} />.</>} Its agent runs elsewhere: start it again there. Messages
        wait here meanwhile.
      </Banner>
    );
  return null;
}

function Banner({ status, action, children }: { status: string; action: ReactNode; children: ReactNode }) {
  return (
    <div className={styles.banner} data-banner={status}>
      <Notice tone={status === "offline" ? "warn" : "info"} action={action}>
        {children}
      </Notice>
    </div>
  );
}
