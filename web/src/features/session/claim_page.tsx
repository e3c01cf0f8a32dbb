import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, messageOf } from "@/api/api_error";
import { claim } from "@/api/session_api";
import { Button } from "@/ui/button";
import { Loading, Notice } from "@/ui/notice";
import { ClaimCommand } from "./claim_command";
import { SessionCard } from "./session_card";

/** Where a claim link leads: trades its code for a session, or says how to get a new one. */
export function ClaimPage({ code, onSignedIn }: { code: string; onSignedIn: () => void }) {
  const [failure, setFailure] = useState<unknown>();
  const started = useRef(false);

  const trade = useCallback(async () => {
    setFailure(undefined);
    try {
      await claim(code);
      onSignedIn();
    } catch (error) {
      setFailure(error);
    }
  }, [code, onSignedIn]);

  useEffect(() => {
    // The code works once, so it is sent once.
    if (started.current) return;
    started.current = true;
    void trade();
  }, [trade]);

  if (failure === undefined)
    return (
      <SessionCard title="Signing you in">
        <Loading text="Checking the claim link…" />
      </SessionCard>
    );
  const spent = failure instanceof ApiError && failure.status >= 400 && failure.status < 500 && failure.status !== 429;
  return (
    <SessionCard title={spent ? "This claim link no longer works" : "The claim could not be checked"}>
      <Notice tone="bad">{messageOf(failure)}</Notice>
      {spent ? <ClaimCommand /> : <Button tone="primary" onClick={() => void trade()}>Try again</Button>}
    </SessionCard>
  );
}
