import { useCallback, useEffect, useState } from "react";
import { ApiError, messageOf } from "@/api/api_error";
import { addressOf } from "@/api/root";
import { readSession, type Session } from "@/api/session_api";
import { ClaimPage } from "@/features/session/claim_page";
import { SignedOutPage } from "@/features/session/signed_out_page";
import { Button } from "@/ui/button";
import { Loading } from "@/ui/notice";
import { dismissAll } from "@/ui/toast";
import { ToastRegion } from "@/ui/toast_region";
import { CanvasPage } from "./canvas_page";
import { claimCode, pathHere } from "./routes";
import styles from "./page.module.css";

type Standing = { is: "asking" } | { is: "out" } | { is: "in"; session: Session } | { is: "failed"; error: unknown };

/** It is there and said why not. */
const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.status >= 400 && error.status < 500;

/** Decides which page this is: a claim link, signed out, or the canvas. */
export function App() {
  const [code, setCode] = useState(() => claimCode(pathHere()));
  const [standing, setStanding] = useState<Standing>({ is: "asking" });

  const ask = useCallback(
    () =>
      readSession().then(
        (session) => setStanding(session ? { is: "in", session } : { is: "out" }),
        (error: unknown) => setStanding({ is: "failed", error }),
      ),
    [],
  );

  useEffect(() => {
    if (code === undefined) void ask();
  }, [ask, code]);

  const onSignedIn = useCallback(() => {
    window.history.replaceState(null, "", addressOf("/"));
    setCode(undefined);
  }, []);
  const onSignedOut = useCallback(() => {
    // What was said to somebody who was signed in is not for whoever comes next.
    dismissAll();
    setStanding({ is: "out" });
  }, []);

  return (
    <>
      {code !== undefined ? (
        <ClaimPage code={code} onSignedIn={onSignedIn} />
      ) : standing.is === "in" ? (
        <CanvasPage session={standing.session} onSignedOut={onSignedOut} />
      ) : standing.is === "out" ? (
        <SignedOutPage onRetry={() => void ask()} />
      ) : standing.is === "failed" ? (
        <main className={styles.centre}>
          <div className={styles.card} role="alert">
            <h1>{isRefusal(standing.error) ? "The platform refused to answer" : "The platform does not answer"}</h1>
            <p>{messageOf(standing.error)}</p>
            {!isRefusal(standing.error) && (
              <ul>
                <li>
                  Is <code>molecule serve</code> running on that machine?
                </li>
                <li>Does its log show that it is ready?</li>
              </ul>
            )}
            <div className={styles.row}>
              <Button tone="primary" onClick={() => void ask()}>
                Try again
              </Button>
            </div>
          </div>
        </main>
      ) : (
        <main className={styles.centre}>
          <Loading text="Loading canvas…" />
        </main>
      )}
      <ToastRegion />
    </>
  );
}
