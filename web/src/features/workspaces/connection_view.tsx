import { useState } from "react";
import type { Connection } from "@/api/wire";
import { CopyButton } from "@/ui/copy_button";
import list from "@/ui/section.module.css";
import { TabList } from "@/ui/tab_list";

const sdkNote = "Debian and Ubuntu need the package python3-venv for it.";

const mcpNote = "One line for any shell, where molecule is installed. molecule mcp doctor says what is wrong, if something is.";

const snippetNames: readonly [key: keyof Connection, label: string, note?: string][] = [
  [
    "join_snippet",
    "One line",
    "The same in bash, zsh, fish and PowerShell, wherever molecule is installed; it dials out and needs no open port. Here cat says back what it hears: put your program in its place, or --agent URL for an A2A server.",
  ],
  ["curl_register_template", "curl", "For any shell. It stands for one round: register, heartbeat, hear one message, answer it."],
  ["python_snippet", "Python SDK", `For a program. Its first lines say how to get the SDK in a checkout of the platform. ${sdkNote}`],
  ["command_snippet", "Command line", `For any shell, in a checkout of the platform; the answers are in my_agent.py. ${sdkNote}`],
  ["claude_code_snippet", "Claude Code", mcpNote],
  [
    "claude_code_channel_snippet",
    "Claude Code channel",
    "Messages come to the session by themselves. For any shell, in a checkout of the platform; the session asks once whether the channel is yours.",
  ],
  ["codex_snippet", "Codex", mcpNote],
  ["gemini_snippet", "Gemini", mcpNote],
  ["opencode_snippet", "OpenCode", "Goes into ~/.config/opencode/opencode.json, or opencode.json of a project."],
  ["hermes_channel_snippet", "Hermes", mcpNote],
  ["openclaw_snippet", "OpenClaw", mcpNote],
  ["universal_mcp_snippet", "MCP", "For Cursor, Cline, Claude Desktop and other clients that read JSON. They start molecule mcp themselves."],
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
  const snippets = snippetNames.flatMap(([id, label, note]) => (connection[id] ? [{ id, label, note, text: connection[id] }] : []));
  const tabs = [...snippets.map(({ id, label }) => ({ id: id as string, label })), { id: "fields", label: "Fields" }];
  const [tab, setTab] = useState(tabs[0]?.id ?? "fields");
  const { text: snippet, note } = snippets.find(({ id }) => id === tab) ?? {};
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
