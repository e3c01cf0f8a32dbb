import { useState } from "react";
import type { Workspace } from "@/api/workspace";
import { ChoiceField } from "@/ui/field";
import { PanelBody } from "@/ui/section";
import { SecretsView } from "./secrets_view";

type Scope = "workspace" | "global";

/** The secrets of a workspace, or those that every workspace gets. */
export function SecretsPanel({ workspace }: { workspace: Workspace }) {
  const [scope, setScope] = useState<Scope>("workspace");
  return (
    <PanelBody>
      <ChoiceField
        legend="Whose secrets"
        value={scope}
        onChange={setScope}
        choices={[
          { value: "workspace" as Scope, label: "This workspace", note: `Only ${workspace.name}` },
          { value: "global" as Scope, label: "Global", note: "Every workspace" },
        ]}
      />
      <SecretsView key={scope} owner={scope === "workspace" ? workspace : undefined} />
    </PanelBody>
  );
}
