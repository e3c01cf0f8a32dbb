import type { Token } from "@/api/wire";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import list from "@/ui/section.module.css";
import { Until } from "@/ui/until";

interface TokenRowProps {
  token: Token;
  asking: boolean;
  busy: boolean;
  onAsk: (asks: boolean) => void;
  onRevoke: () => void;
}

/** One token: what it is for, and whether anybody uses it. */
export function TokenRow({ token, asking, busy, onAsk, onRevoke }: TokenRowProps) {
  return (
    <li>
      <div className={list.main}>
        {token.label ? (
          <>
            {token.label} <code className={list.sub}>{token.prefix}…</code>
          </>
        ) : (
          <code>{token.prefix}…</code>
        )}
        <div className={list.sub}>
          made <Age at={Date.parse(token.created_at)} />
          {token.last_used_at ? (
            <>
              , last used <Age at={Date.parse(token.last_used_at)} />
            </>
          ) : (
            ", never used"
          )}
          {token.expires_at && (
            <>
              , <Until at={Date.parse(token.expires_at)} />
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
        <Button tone="danger_quiet" onClick={() => onAsk(true)} aria-label={`Revoke ${token.label ? `${token.label}, ` : ""}${token.prefix}`}>
          Revoke
        </Button>
      )}
    </li>
  );
}
