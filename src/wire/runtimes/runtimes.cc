#include "wire/runtimes/runtimes.h"

#include <algorithm>
#include <array>

namespace molecule::runtimes {
namespace {

using Keys = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> claude_keys{"ANTHROPIC_API_KEY",
                                                      "CLAUDE_CODE_OAUTH_TOKEN"};
constexpr std::array<std::string_view, 2> gemini_keys{"GEMINI_API_KEY", "GOOGLE_API_KEY"};
constexpr std::array<std::string_view, 2> codex_keys{"OPENAI_API_KEY", "CODEX_API_KEY"};
constexpr std::array<std::string_view, 5> any_keys{
    "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "GROQ_API_KEY"};

constexpr std::array<Runtime, 11> table{{
    {"claude-code", "Claude Code", "Anthropic's coding agent", Executor::stream_json, "claude",
     "npm install -g @anthropic-ai/claude-code", claude_keys, true},
    {"gemini-cli", "Gemini CLI", "Google's coding agent", Executor::acp, "gemini",
     "npm install -g @google/gemini-cli", gemini_keys, true},
    {"opencode", "OpenCode", "an open coding agent for any model", Executor::acp, "opencode",
     "npm install -g opencode-ai", any_keys, true},
    {"codex", "Codex", "OpenAI's coding agent", Executor::app_server, "codex",
     "npm install -g @openai/codex", codex_keys, true},
    {"openclaw", "OpenClaw", "a personal assistant with a gateway of its own", Executor::agent_http,
     "openclaw", "npm install -g openclaw", any_keys, false},
    {"hermes", "Hermes", "a model asked directly, with tools", Executor::router, "", "", any_keys,
     false},
    {"langgraph", "LangGraph", "a graph of LangChain's", Executor::worker, "python3",
     "python3 -m venv .venv && .venv/bin/pip install langgraph langchain-anthropic langchain-openai langchain-mcp-adapters",
     any_keys, true},
    {"deepagents", "DeepAgents", "LangChain's planning agent", Executor::worker, "python3",
     "python3 -m venv .venv && .venv/bin/pip install deepagents langchain-openai langchain-mcp-adapters",
     any_keys, true},
    {"crewai", "CrewAI", "a crew of one", Executor::worker, "python3",
     "python3 -m venv .venv && .venv/bin/pip install crewai", any_keys, true},
    {"autogen", "AutoGen", "Microsoft's AssistantAgent", Executor::worker, "python3",
     "python3 -m venv .venv && .venv/bin/pip install autogen-agentchat 'autogen-ext[openai,anthropic,mcp]'",
     any_keys, true},
    {"command", "Command", "any program: the text comes on its input, its output is the answer",
     Executor::exec, "", "", Keys{}, true},
}};

std::string listed(bool there_only) {
  std::string out;
  for (const Runtime& each : table) {
    if (there_only && !each.there) continue;
    out.append(out.empty() ? "" : ", ").append(each.id);
  }
  return out;
}

}  // namespace

std::span<const Runtime> all() { return table; }

const Runtime* find(std::string_view id) {
  const auto found = std::ranges::find(table, id, &Runtime::id);
  return found == table.end() ? nullptr : &*found;
}

std::string names_there() { return listed(true); }
std::string names() { return listed(false); }

std::string keys_of(const Runtime& runtime) {
  std::string out;
  for (const std::string_view key : runtime.keys) out.append(out.empty() ? "" : " or ").append(key);
  return out;
}

}  // namespace molecule::runtimes
