import { useCallback, useState } from "react";
import { messageOf } from "@/api/api_error";
import { endSession, listSessions } from "@/api/system_api";
import type { Session } from "@/api/wire";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { Until } from "@/ui/until";

interface SessionsProps {
  /** Signs this browser out; absent where nobody signs in. */
  onSignOut: (() => void) | undefined;
}

/** The browsers that are signed in to the platform, this one first. */
export function Sessions({ onSignOut }: SessionsProps) {
  const { value: sessions, loading, error, reload } = useLiveLoaded(useCallback(() => listSessions(), []));
  const [asking, setAsking] = useState<string | undefined>();
  const sorted = sessions && [...sessions].sort((a, b) => Number(b.current) - Number(a.current) || b.last_seen_at.localeCompare(a.last_seen_at));

  async function end({ id }: Session) {
    try {
      await endSession(id);
      toast("success", "That browser was signed out");
      await reload();
    } catch (failure) {
      toast("error", `It could not be signed out: ${messageOf(failure)}`);
    } finally {
      setAsking(undefined);
    }
  }

  return (
    <Section title="Signed-in browsers">
      {error !== undefined && <Failure text={`Sessions could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
      {loading && !sorted && <Loading text="Reading sessions…" />}
      {sorted?.length === 0 && <Empty title="No sessions">This platform runs in its development profile: nobody has to sign in.</Empty>}
      {sorted && sorted.length > 0 && (
        <ul className={list.list} aria-label="Signed-in browsers">
          {sorted.map((session) => (
            <li key={session.id} data-current={session.current}>
              <div className={list.main}>
                <span>{session.current ? "This browser" : "Another browser"}</span>
                <div className={list.sub}>
                  signed in <Age at={Date.parse(session.created_at)} />, last seen <Age at={Date.parse(session.last_seen_at)} />,{" "}
                  <Until at={Date.parse(session.expires_at)} />
                </div>
              </div>
              {session.current ? (
                onSignOut && <Button onClick={onSignOut}>Sign out…</Button>
              ) : asking === session.id ? (
                <>
                  <Button tone="danger" onClick={() => void end(session)}>
                    Sign it out
                  </Button>
                  <Button onClick={() => setAsking(undefined)}>Keep</Button>
                </>
              ) : (
                <Button tone="danger_quiet" aria-label="Sign out another browser" onClick={() => setAsking(session.id)}>
                  Sign out
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
