import { lazy, Suspense, useState } from "react";
import type { Workspace } from "@/api/workspace";
import { SecretsView } from "@/features/secrets/secrets_view";
import { unsavedStore } from "@/features/secrets/unsaved";
import { About } from "@/features/settings/about";
import { Appearance } from "@/features/settings/appearance";
import { Sessions } from "@/features/settings/sessions";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Loading, Notice } from "@/ui/notice";
import { Section } from "@/ui/section";
import list from "@/ui/section.module.css";
import { TabList } from "@/ui/tab_list";
import { navigate } from "./routes";

const KeysView = lazy(() => import("@/features/tokens/keys_view"));

const tabs = [
  { id: "general", label: "General" },
  { id: "secrets", label: "Global secrets" },
  { id: "keys", label: "Keys" },
  { id: "about", label: "About" },
];

interface SettingsDialogProps {
  dev: boolean;
  /** The open one: its own settings are tabs of its panel. */
  workspace: Workspace | undefined;
  onClose: () => void;
  onDocs: () => void;
  /** Absent where nobody signs in. */
  onSignOut: (() => void) | undefined;
}

/** What belongs to this browser and to the whole organisation. */
export function SettingsDialog({ dev, workspace, onClose, onDocs, onSignOut }: SettingsDialogProps) {
  const [tab, setTab] = useState("general");
  // What was to be done when it turned out that something would be lost.
  const [kept, setKept] = useState<{ leave: () => void }>();
  function leaving(leave: () => void) {
    if (tab === "secrets" && unsavedStore.get()) setKept({ leave });
    else leave();
  }
  return (
    <Dialog open side onClose={() => leaving(onClose)} title="Settings" description="Of this browser and of the organisation.">
      <div className={list.form}>
        {kept && (
          <Notice tone="warn" role="alert">
            <p>The secret that you wrote is not saved.</p>
            <div className={list.row}>
              <Button
                tone="danger"
                onClick={() => {
                  setKept(undefined);
                  kept.leave();
                }}
              >
                Discard it
              </Button>
              <Button autoFocus onClick={() => setKept(undefined)}>
                Keep writing
              </Button>
            </div>
          </Notice>
        )}
        <TabList label="Settings sections" prefix="settings-" tabs={tabs} active={tab} onChange={(next) => leaving(() => setTab(next))} />
        <div className={list.form} role="tabpanel" id={`settings-panel-${tab}`} aria-labelledby={`settings-tab-${tab}`}>
          {tab === "general" && (
            <>
              <Appearance />
              <Sessions onSignOut={onSignOut} />
              {workspace && (
                <Section title={`Of ${workspace.name}`}>
                  <div className={list.row}>
                    {(["tokens", "secrets"] as const).map((id) => (
                      <Button
                        key={id}
                        onClick={() => {
                          onClose();
                          navigate({ tab: id });
                        }}
                      >
                        {id === "tokens" ? "Its tokens" : "Its secrets"}
                      </Button>
                    ))}
                  </div>
                </Section>
              )}
            </>
          )}
          {tab === "secrets" && <SecretsView owner={undefined} />}
          {tab === "keys" && (
            <Suspense fallback={<Loading text="Reading…" />}>
              <KeysView />
            </Suspense>
          )}
          {tab === "about" && <About dev={dev} onDocs={onDocs} />}
        </div>
      </div>
    </Dialog>
  );
}
