import type { Secret } from "@/api/wire";
import { Age } from "@/ui/age";
import { Button, HeldButton } from "@/ui/button";
import list from "@/ui/section.module.css";
import { byService } from "./secret_kinds";
import styles from "./secrets.module.css";

/** From so many on they stand in groups. */
const groupsFrom = 4;

interface SecretRowsProps {
  secrets: readonly Secret[];
  /** Whether these are one workspace's, and global ones come along. */
  ofWorkspace: boolean;
  /** Names that are stored globally, too. */
  globals: ReadonlySet<string>;
  asking: string | undefined;
  onAsk: (key: string | undefined) => void;
  onChange: (secret: Secret) => void;
  onRemove: (secret: Secret) => void;
}

export function SecretRows(props: SecretRowsProps) {
  const groups = byService(props.secrets);
  if (props.secrets.length < groupsFrom || groups.length < 2)
    return (
      <ul className={list.list} aria-label="Secrets">
        {groups.flatMap(({ secrets }) => secrets.map((secret) => <Row key={secret.key} secret={secret} {...props} />))}
      </ul>
    );
  return groups.map(({ service, secrets }) => (
    <div key={service} className={styles.group}>
      <h3>{service}</h3>
      <ul className={list.list} aria-label={`${service} secrets`}>
        {secrets.map((secret) => (
          <Row key={secret.key} secret={secret} {...props} />
        ))}
      </ul>
    </div>
  ));
}

function Row({ secret, ofWorkspace, globals, asking, onAsk, onChange, onRemove }: SecretRowsProps & { secret: Secret }) {
  const inherited = ofWorkspace && secret.scope === "global";
  const overrides = ofWorkspace && !inherited && globals.has(secret.key);
  return (
    <li>
      <div className={list.main}>
        <code>{secret.key}</code>
        {inherited && <span className={styles.mark}>Global</span>}
        {overrides && (
          <span className={styles.mark} data-mark="override" title="Every other workspace gets the global value">
            Override
          </span>
        )}
        <div className={list.sub}>
          changed <Age at={Date.parse(secret.updated_at)} />
          {asking === secret.key && <span role="alert"> · {lossWords(ofWorkspace, overrides)}</span>}
        </div>
      </div>
      {asking === secret.key ? (
        <>
          <HeldButton tone="danger" onClick={() => onRemove(secret)}>
            Remove for good
          </HeldButton>
          <Button onClick={() => onAsk(undefined)}>Keep</Button>
        </>
      ) : (
        <>
          <Button onClick={() => onChange(secret)} aria-label={`${inherited ? "Override" : "Update"} ${secret.key}`}>
            {inherited ? "Override" : "Update"}
          </Button>
          {!inherited && (
            <Button tone="danger_quiet" aria-label={`Remove ${secret.key}`} onClick={() => onAsk(secret.key)}>
              Remove
            </Button>
          )}
        </>
      )}
    </li>
  );
}

/** Who loses what when it is removed. */
function lossWords(ofWorkspace: boolean, overrides: boolean): string {
  if (!ofWorkspace) return "every workspace without one of its own loses it";
  return overrides ? "the global value counts again" : "its agent loses it on its next pull";
}
