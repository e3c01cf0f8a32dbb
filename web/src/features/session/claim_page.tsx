import { useCallback, useEffect, useState } from "react";
import { ApiError, messageOf } from "@/api/api_error";
import { claim, readSession, seemsSignedIn } from "@/api/session_api";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { onRemembered } from "@/ui/remembered";
import { ClaimCommand } from "./claim_command";
import { SessionCard } from "./session_card";

type Standing = { is: "asking" } | { is: "trading" } | { is: "signed_in" } | { is: "refused"; error: unknown };

/** What the platform answers about the code itself. Other refusals are about the way here, and leave the link good. */
const spentStatuses = [400, 404, 410];
const isSpent = (error: unknown): boolean => error instanceof ApiError && spentStatuses.includes(error.status);

/**
 * Where a claim link leads. The link works once, so it is spent by a person who presses a button and never by merely
 * opening it: mail scanners and previews open links too, and run their scripts.
 */
export function ClaimPage({ code, onSignedIn }: { code: string; onSignedIn: () => void }) {
  const [standing, setStanding] = useState<Standing>({ is: "asking" });

  const look = useCallback(async () => {
    // Asked only where an answer is likely, because a browser reports every refusal as an error of the page.
    if (!seemsSignedIn()) return false;
    const session = await readSession().catch(() => null);
    if (session) setStanding({ is: "signed_in" });
    return session !== null;
  }, []);

  useEffect(() => {
    // Only what the platform answers is taken up, and that is later than this effect.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    void look();
    // Another tab of this browser may sign in while this one waits.
    return onRemembered(() => void look());
  }, [look]);

  async function trade() {
    setStanding({ is: "trading" });
    try {
      await claim(code);
      onSignedIn();
    } catch (error) {
      if (!(isSpent(error) && (await look()))) setStanding({ is: "refused", error });
    }
  }

  if (standing.is === "signed_in")
    return (
      <SessionCard title="This browser is signed in already">
        <p>Another tab or an earlier link did it. This link is not needed; it stays good for another browser until it is used or too old.</p>
        <Button tone="primary" onClick={onSignedIn}>
          Open the canvas
        </Button>
      </SessionCard>
    );
  if (standing.is === "refused") {
    const spent = isSpent(standing.error);
    return (
      <SessionCard title={spent ? "This claim link no longer works" : "The claim could not be checked"}>
        <Notice tone="bad">{messageOf(standing.error)}</Notice>
        {spent ? (
          <ClaimCommand />
        ) : (
          <Button tone="primary" onClick={() => void trade()}>
            Try again
          </Button>
        )}
      </SessionCard>
    );
  }
  const trading = standing.is === "trading";
  return (
    <SessionCard title="Sign in to this platform">
      <p>
        This link makes the browser that uses it an administrator of <strong>{window.location.host}</strong>. It works once. Go on only if
        you asked for it.
      </p>
      <Button tone="primary" autoFocus disabled={trading} onClick={() => void trade()}>
        {trading ? "Signing in…" : "Sign in this browser"}
      </Button>
    </SessionCard>
  );
}
