// How an agent joins: the addresses it needs and texts that a person pastes into a shell or a file.
#include "server/workspaces/workspaces_service.h"

namespace molecule::workspaces {

namespace {

constexpr std::string_view python_text = R"py(# Needs the SDK, in a checkout of the platform:
#   python3 -m venv .venv && .venv/bin/pip install ./sdk/python
# Run this with .venv/bin/python.
import os

from molecule_agent import RemoteAgentClient

client = RemoteAgentClient(
    workspace_id="{{WORKSPACE_ID}}",
    platform_url="{{PLATFORM_URL}}",
    agent_card={
        "name": "my-agent",
        "description": "Counts the words of what it is told",
        "skills": [{"id": "count-words", "name": "Count words", "description": "Counts words", "tags": ["text"]}],
    },
)
token = os.environ.get("MOLECULE_WORKSPACE_TOKEN", "{{AUTH_TOKEN}}")
if token:
    client.save_token(token)

client.register()


def handle(message, client):
    with client.working(message.text[:80]):
        return f"That was {len(message.text.split())} words."


client.stop_on_signals()
print("connected; write to this workspace on the canvas, stop with Ctrl-C")
client.run_agent_loop(handle)
)py";

// The same words mean the same to bash, dash, zsh and fish: what they do not agree about stands in
// single quotes, without a quote or two backslashes in a row inside, and goes to sh. The token is
// in no command's arguments, where others of the machine could read it.
constexpr std::string_view curl_text = R"sh(printf %s '
# Needs only sh, curl and sed.
PLATFORM="{{PLATFORM_URL}}"
ID="{{WORKSPACE_ID}}"
TOKEN="{{AUTH_TOKEN}}"
say() {
  printf "header = \"%s\"\n" "${TOKEN:+Authorization: Bearer }$TOKEN" |
    curl -sS -K - -H "Content-Type: application/json" "$@"
}

# 1. Register. Without a token this claims the workspace, and the answer holds the token, once.
ANSWER=$(say "$PLATFORM/registry/register" -d "{\"id\":\"$ID\",\"delivery_mode\":\"poll\",
  \"agent_card\":{\"name\":\"curl-agent\",\"skills\":[{\"id\":\"echo\",\"name\":\"Echo\"}]}}")
TOKEN=${TOKEN:-$(printf "%s" "$ANSWER" | sed -n "s/.*\"auth_token\":\"\([^\"]*\)\".*/\1/p")}
printf "%s\n" "$ANSWER" | sed -e "s/\"auth_token\":\"[^\"]*\"/\"auth_token\":\"(kept)\"/" \
  -e "s/\"platform_inbound_secret\":\"[^\"]*\"/\"platform_inbound_secret\":\"(not shown)\"/"

# 2. Say that it lives: every 30 seconds, 90 seconds without one is offline.
say "$PLATFORM/registry/heartbeat" \
  -d "{\"workspace_id\":\"$ID\",\"current_task\":\"listening\",\"active_tasks\":0}"; echo

# 3. Wait up to 25 seconds for a message from the canvas; write one now.
say -G "$PLATFORM/workspaces/$ID/activity" \
  -d type=a2a_receive -d since_secs=60 -d order=asc -d wait=25; echo

# 4. Answer on the canvas.
say "$PLATFORM/workspaces/$ID/notify" -d "{\"message\":\"Hello from curl\"}"; echo
' | sh
)sh";

constexpr std::string_view command_text = R"sh(export MOLECULE_PLATFORM_URL='{{PLATFORM_URL}}'
export MOLECULE_WORKSPACE_ID='{{WORKSPACE_ID}}'
export MOLECULE_WORKSPACE_TOKEN='{{AUTH_TOKEN}}'
python3 -m venv .venv && .venv/bin/pip install ./sdk/python
test -e my_agent.py || printf '%s\n' 'def handle(message, client):' '    return f"I heard: {message.text}"' > my_agent.py
.venv/bin/python -m molecule_agent connect --handler my_agent:handle
)sh";

// Words that mean the same to bash, dash, zsh, fish, PowerShell and cmd: no variable, no quote.
// `echo` is the shell's own in all of them, so the token is in no process's arguments. The program
// that answers is the person's to choose; `cat` says back what it hears.
constexpr std::string_view join_text =
    "echo {{AUTH_TOKEN}} | molecule join {{PLATFORM_URL}} --workspace {{WORKSPACE_ID}} --token-stdin --command cat";
// A session of Claude Code that shows what is written as turns. It is sh's for the same reason as
// the one above; what was set up before is kept aside.
constexpr std::string_view channel_text = R"sh(printf %s '
set -eu
umask 077
state=${MOLECULE_STATE_DIR:-$HOME/.claude/channels/molecule}
token="{{AUTH_TOKEN}}"
if [ "$token" = YOUR-TOKEN ]; then echo "put a token in the place of YOUR-TOKEN" >&2; exit 1; fi
mkdir -p "$state"
if [ -e "$state/.env" ]; then cp -p "$state/.env" "$state/.env.before"; fi
cat >"$state/.env" <<END
MOLECULE_PLATFORM_URL={{PLATFORM_URL}}
MOLECULE_WORKSPACE_IDS={{WORKSPACE_ID}}
MOLECULE_WORKSPACE_TOKENS=$token
END
claude plugin marketplace add ./integrations/claude-channel
claude plugin install molecule@molecule-channel
' | sh && claude --dangerously-load-development-channels plugin:molecule@molecule-channel
)sh";

// Clients of the Model Context Protocol, which start `molecule mcp` themselves. One line each, and
// nothing in it that shells differ about; a file's text where the client has no line for it.
constexpr std::string_view claude_text =
    "claude mcp add {{SERVER}} -s user -e PLATFORM_URL={{PLATFORM_URL}} -e "
    "WORKSPACE_ID={{WORKSPACE_ID}} -e MOLECULE_WORKSPACE_TOKEN={{AUTH_TOKEN}} -- molecule mcp";
constexpr std::string_view codex_text =
    "codex mcp add {{SERVER}} --env PLATFORM_URL={{PLATFORM_URL}} --env "
    "WORKSPACE_ID={{WORKSPACE_ID}} --env MOLECULE_WORKSPACE_TOKEN={{AUTH_TOKEN}} -- molecule mcp";
constexpr std::string_view gemini_text =
    "gemini mcp add -s user -e PLATFORM_URL={{PLATFORM_URL}} -e WORKSPACE_ID={{WORKSPACE_ID}} -e "
    "MOLECULE_WORKSPACE_TOKEN={{AUTH_TOKEN}} {{SERVER}} molecule mcp";
constexpr std::string_view hermes_text =
    "hermes mcp add {{SERVER}} --command molecule --env PLATFORM_URL={{PLATFORM_URL}} "
    "WORKSPACE_ID={{WORKSPACE_ID}} MOLECULE_WORKSPACE_TOKEN={{AUTH_TOKEN}} --args mcp";
// Quotes that PowerShell and cmd take otherwise.
constexpr std::string_view openclaw_text =
    R"sh(openclaw mcp set {{SERVER}} '{"command":"molecule","args":["mcp"],"env":{"PLATFORM_URL":"{{PLATFORM_URL}}","WORKSPACE_ID":"{{WORKSPACE_ID}}","MOLECULE_WORKSPACE_TOKEN":"{{AUTH_TOKEN}}"}}')sh";
constexpr std::string_view mcp_text = R"json({
  "mcpServers": {
    "{{SERVER}}": {
      "type": "stdio",
      "command": "molecule",
      "args": ["mcp"],
      "env": {
        "PLATFORM_URL": "{{PLATFORM_URL}}",
        "WORKSPACE_ID": "{{WORKSPACE_ID}}",
        "MOLECULE_WORKSPACE_TOKEN": "{{AUTH_TOKEN}}"
      }
    }
  }
})json";
constexpr std::string_view opencode_text = R"json({
  "mcp": {
    "{{SERVER}}": {
      "type": "local",
      "command": ["molecule", "mcp"],
      "environment": {
        "PLATFORM_URL": "{{PLATFORM_URL}}",
        "WORKSPACE_ID": "{{WORKSPACE_ID}}",
        "MOLECULE_WORKSPACE_TOKEN": "{{AUTH_TOKEN}}"
      }
    }
  }
})json";

// On a machine that has joined before the token is kept.
constexpr std::string_view rejoin_text =
    "molecule join {{PLATFORM_URL}} --workspace {{WORKSPACE_ID}} --command cat";

// What stands for a token that is not known any more.
constexpr std::string_view no_token = "YOUR-TOKEN";
constexpr std::size_t server_name_max = 40;

// What a client calls the server of a workspace: made of its name, so that a second workspace takes
// nobody's place there.
std::string server_name(std::string_view workspace_name) {
  std::string out = "molecule-";
  const std::size_t begin = out.size();
  for (char c : workspace_name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!kept && out.ends_with('-')) continue;
    if (out.size() - begin == server_name_max) break;
    out += kept ? c : '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

std::string filled(std::string_view text, std::string_view url, std::string_view id,
                   std::string_view token, std::string_view server = {}) {
  std::string out;
  out.reserve(text.size() + 256);
  while (!text.empty()) {
    std::size_t open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    std::size_t close = text.find("}}", open);
    std::string_view name = text.substr(open + 2, close - open - 2);
    out += name == "PLATFORM_URL"   ? url
           : name == "WORKSPACE_ID" ? id
           : name == "SERVER"       ? server
                                    : token;
    text.remove_prefix(close + 2);
  }
  return out;
}

Fault not_external(const Row& row) {
  api::NotExternal members{
      row.runtime,
      "only agents that join by themselves are connected by hand; this one runs in a container"};
  return bad_request("not_external", "this workspace does not use an external runtime")
      .with(json::members(members));
}

}  // namespace

std::string platform_url(const Settings& settings, const http::Request& request) {
  if (!settings.external_platform_url.empty()) {
    std::string url = settings.external_platform_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  // The host ends up in texts that people paste into a shell, so it is held to what a host may
  // contain.
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
  if (request.host.empty() || request.host.find_first_not_of(allowed) != std::string_view::npos) {
    throw bad_request("invalid_host", "the Host header is not a host name");
  }
  return fmt::format("{}://{}", request.secure ? "https" : "http", request.host);
}

api::Connection connection_of(WorkspaceId id, std::string_view name, std::string_view url,
                              std::string_view token) {
  std::string id_text = id.text();
  const std::string server = server_name(name);
  const std::string_view shown = token.empty() ? no_token : token;
  const auto client = [&](std::string_view text) {
    return filled(text, url, id_text, shown, server);
  };
  return {
      .workspace_id = id,
      .platform_url = std::string(url),
      .auth_token = std::string(token),
      .registry_endpoint = fmt::format("{}/registry/register", url),
      .heartbeat_endpoint = fmt::format("{}/registry/heartbeat", url),
      .curl_register_template = filled(curl_text, url, id_text, token),
      .python_snippet = filled(python_text, url, id_text, token),
      .command_snippet = filled(command_text, url, id_text, token),
      .join_snippet = filled(token.empty() ? rejoin_text : join_text, url, id_text, token),
      .claude_code_channel_snippet = client(channel_text),
      .universal_mcp_snippet = client(mcp_text),
      .claude_code_snippet = client(claude_text),
      .codex_snippet = client(codex_text),
      .gemini_snippet = client(gemini_text),
      .opencode_snippet = client(opencode_text),
      .hermes_channel_snippet = client(hermes_text),
      .openclaw_snippet = client(openclaw_text),
  };
}

io::Task<api::ConnectionAnswer> Service::connection(auth::Self::Caller, WorkspaceId id,
                                                    const http::Request& request) {
  std::string url = platform_url(settings_, request);
  auto work = [this, id](sql::Read& read) { return table_.live(read, id); };
  Row row = co_await db_.read(work);
  if (!joins_by_itself(row.runtime)) throw not_external(row);
  co_return api::ConnectionAnswer{connection_of(id, row.name, url, "")};
}

io::Task<http::Reply<api::ConnectionAnswer>> Service::rotate(auth::Holder::Caller caller,
                                                             WorkspaceId id,
                                                             const http::Request& request) {
  std::string url = platform_url(settings_, request);
  auto work = [this, id, by = caller.by(),
               maker =
                   caller.is_operator() ? caller.actor() : std::string("workspace")](sql::Tx& tx) {
    Row row = table_.live(tx, id);
    if (!joins_by_itself(row.runtime)) throw not_external(row);
    ports_.tokens.revoke_all(tx, id);
    Secret token = ports_.tokens.mint(tx, id, auth::TokenOptions::by(maker)).text;
    // Whoever holds the new token is the agent; the way in without one is closed.
    table_.close_claim(tx, id);
    table_.announce(tx, events::event<events::Type::EXTERNAL_CREDENTIALS_ROTATED>(id, {id, by}));
    return std::pair(std::move(row.name), std::move(token));
  };
  auto [name, token] = co_await db_.write(work);
  co_return http::Reply<api::ConnectionAnswer>{200, {connection_of(id, name, url, token.reveal())}}
      .unkept();
}

}  // namespace molecule::workspaces
