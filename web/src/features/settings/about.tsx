import { useCallback } from "react";
import { messageOf } from "@/api/api_error";
import { readHealth, readPlatformKey } from "@/api/system_api";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy_button";
import { Logo } from "@/ui/logo";
import { Failure, Loading, Notice } from "@/ui/notice";
import { Facts, Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { shortAge } from "@/ui/time";
import styles from "./settings.module.css";

interface AboutProps {
  /** The platform runs in its development profile. */
  dev: boolean;
  onDocs: () => void;
}

/** The version this page was built for; a platform that was renewed since is another one. */
const pageVersion = (): string | undefined =>
  /\d+\.\d+\.\d+\S*/.exec(document.querySelector('meta[name="generator"]')?.getAttribute("content") ?? "")?.[0];

/** "93s" as the platform says it, for people. */
const uptimeWords = (uptime: string): string => shortAge(Number.parseFloat(uptime) * 1000);

/** Which platform this is, and whether it is well. */
export function About({ dev, onDocs }: AboutProps) {
  const read = useCallback(async () => {
    const [health, key] = await Promise.all([readHealth(), readPlatformKey().catch(() => undefined)]);
    return { health, key };
  }, []);
  const { value, loading, error, reload } = useLiveLoaded(read);
  const page = pageVersion();
  const renewed = value && page !== undefined && value.health.version !== page;
  return (
    <Section title="About">
      <div className={styles.brand}>
        <Logo size={28} />
        <div>
          <strong>Molecule AI</strong>
          <p className={list.muted}>A control plane for organisations of AI agents.</p>
        </div>
      </div>
      {error !== undefined && <Failure text={`The platform did not say: ${messageOf(error)}`} onRetry={() => void reload()} />}
      {loading && !value && <Loading text="Asking the platform…" />}
      {renewed && (
        <Notice tone="warn" action={<Button onClick={() => window.location.reload()}>Reload</Button>}>
          The platform was renewed to {value.health.version}; this page is of {page}.
        </Notice>
      )}
      {value && (
        <Facts
          facts={[
            ["Version", value.health.version],
            ["Address", window.location.origin],
            ["Running for", uptimeWords(value.health.uptime)],
            ["Database", value.health.database],
            ["Profile", dev ? "development: nobody has to sign in" : "production"],
            [
              "Platform key",
              value.key && (
                <span className={list.row} style={{ flexWrap: "nowrap" }}>
                  <code>{value.key.fingerprint}</code>
                  <CopyButton text={value.key.fingerprint} what="fingerprint" />
                </span>
              ),
            ],
            ["Licence", "Apache-2.0"],
          ]}
        />
      )}
      <div className={list.row}>
        <Button onClick={onDocs}>Documentation</Button>
      </div>
    </Section>
  );
}
