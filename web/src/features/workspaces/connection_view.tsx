import { useState } from "react";
import type { Connection } from "@/api/wire";
import { CopyButton } from "@/ui/copy_button";
import list from "@/ui/section.module.css";
import { TabList } from "@/ui/tab_list";

const sdkNote = "Debian and Ubuntu need the package python3-venv for it.";

const snippetNames: readonly [key: keyof Connection, label: string, note?: string][] = [
  ["curl_register_template", "curl", "For any shell. It stands for one round: register, heartbeat, hear one message, answer it."],
  ["python_snippet", "Python SDK", `For a program. Its first lines say how to get the SDK in a checkout of the platform. ${sdkNote}`],
  ["command_snippet", "Command line", `For any shell, in a checkout of the platform; the answers are in my_agent.py. ${sdkNote}`],
];

const fieldNames: readonly [key: keyof Connection, label: string][] = [
  ["workspace_id", "Workspace id"],
  ["platform_url", "Platform URL"],
  ["auth_token", "Token"],
  ["registry_endpoint", "Register at"],
  ["heartbeat_endpoint", "Heartbeat at"],
];

/** Paste-ready snippets, one tab for each the platform sent, and every value with its own copy button. */
export function ConnectionView({ connection, onCopied }: { connection: Connection; onCopied?: () => void }) {
  const snippets = snippetNames.filter(([key]) => Boolean(connection[key]));
  const tabs = [...snippets.map(([id, label]) => ({ id, label })), { id: "fields", label: "Fields" }];
  const [tab, setTab] = useState(tabs[0]?.id ?? "fields");
  const [key, , note] = snippets.find(([name]) => name === tab) ?? [];
  const snippet = key && connection[key];
  return (
    <div className={list.section}>
      <TabList label="Ways to connect" prefix="connect-" tabs={tabs} active={tab} onChange={setTab} />
      <div role="tabpanel" id={`connect-panel-${tab}`} aria-labelledby={`connect-tab-${tab}`} tabIndex={-1}>
        {tab === "fields" || snippet === undefined ? (
          <ul className={list.list}>
            {fieldNames
              .filter(([key]) => Boolean(connection[key]))
              .map(([key, label]) => (
                <li key={key}>
                  <div className={list.main}>
                    <div className={list.sub}>{label}</div>
                    <code>{connection[key]}</code>
                  </div>
                  <CopyButton text={connection[key]} what={label.toLowerCase()} {...(onCopied ? { onCopied } : {})} />
                </li>
              ))}
          </ul>
        ) : (
          <div className={list.section}>
            {note && <p className={list.sub}>{note}</p>}
            <pre className={list.code} style={{ maxHeight: 260 }} tabIndex={0} aria-label="Snippet" data-snippet={tab}>
              {snippet}
            </pre>
            <div className={list.row}>
              <CopyButton labelled text={snippet} what="snippet" {...(onCopied ? { onCopied } : {})} />
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
