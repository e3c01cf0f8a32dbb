import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import list from "@/ui/section.module.css";
import { Until } from "@/ui/until";

export interface Credential {
  id: string;
  prefix: string;
  label?: string;
  /** What it may do. */
  about?: string;
  created_at: string;
  /** Who made it, as the end of a sentence. */
  by?: string;
  last_used_at?: string;
  expires_at?: string;
}

interface CredentialRowProps {
  credential: Credential;
  asking: boolean;
  busy: boolean;
  onAsk: (asks: boolean) => void;
  onRevoke: () => void;
}

/** One credential: what it is for, and whether anybody uses it. */
export function CredentialRow({ credential: { prefix, label, about, created_at, by, last_used_at, expires_at }, asking, busy, onAsk, onRevoke }: CredentialRowProps) {
  return (
    <li>
      <div className={list.main}>
        {label ? (
          <>
            {label} <code className={list.sub}>{prefix}…</code>
          </>
        ) : (
          <code>{prefix}…</code>
        )}
        {about && <div>{about}</div>}
        <div className={list.sub}>
          made <Age at={Date.parse(created_at)} />
          {by && ` by ${by}`}
          {last_used_at ? (
            <>
              , last used <Age at={Date.parse(last_used_at)} />
            </>
          ) : (
            ", never used"
          )}
          {expires_at && (
            <>
              , <Until at={Date.parse(expires_at)} />
            </>
          )}
        </div>
      </div>
      {asking ? (
        <>
          <Button tone="danger" disabled={busy} onClick={onRevoke}>
            Revoke for good
          </Button>
          <Button onClick={() => onAsk(false)}>Keep</Button>
        </>
      ) : (
        <Button tone="danger_quiet" onClick={() => onAsk(true)} aria-label={`Revoke ${label ? `${label}, ` : ""}${prefix}`}>
          Revoke
        </Button>
      )}
    </li>
  );
}
