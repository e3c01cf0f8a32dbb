// The configuration of an agent: shown with what became of it, and replaced as a whole or in part.
#include "platform/json/json.h"
#include "server/agent_files/agent_files_service.h"
#include "server/agent_files/problems.h"
#include "server/agent_files/staging.h"
#include "wire/agent_config/merging.h"

namespace molecule::agent_files {
namespace {

using files::Beneath;

// What its agent says of it on its card.
void tell_state(api::AgentConfig& config, const provision::Service::Standing& now) {
  if (!now.running) {
    config.state = api::AgentConfigState::stopped;
    if (!now.reason.empty()) config.reason = now.reason;
    return;
  }
  if (now.card.text.empty()) {
    config.state = api::AgentConfigState::pending;
    return;
  }
  const json::Document card = json::Document::parse(now.card.text);
  const auto said = [&](std::string_view name) {
    const json::Node node = card.root().find(name);
    return node && node.is(json::Type::string) ? std::string(node.string()) : std::string();
  };
  const std::string mark = agent_config::mark_of(config.text);
  const std::string used = said("configuration_mark");
  if (used.empty()) {
    config.state = api::AgentConfigState::unknown;
  } else if (said("configuration_refused_mark") == mark) {
    config.state = api::AgentConfigState::refused;
    config.reason = said("configuration_refused");
  } else {
    config.state = used == mark ? api::AgentConfigState::applied : api::AgentConfigState::pending;
  }
}

// Empty where there is none yet.
Text config_text_of(const Place& place) {
  try {
    auto text = read_text(place, config_name, agent_config::text_max);
    if (!text)
      throw Fault(Kind::too_large, "file_too_large",
                  fmt::format("config.yaml is longer than {} bytes", agent_config::text_max));
    return std::move(*text);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::not_found) return {};
    throw;
  }
}

}  // namespace

io::Task<api::AgentConfig> Service::config(auth::Self::Caller caller, WorkspaceId id) {
  const Target from = co_await target(caller, id, "/configs", "");
  require_to_see(caller);
  api::AgentConfig config;
  const auto look = [&] {
    Text text = config_text_of(from.place);
    const agent_config::Verdict verdict = agent_config::judge(text.content);
    config.problems = shown(verdict.wrong);
    config.remarks = shown(verdict.remarks);
    config.text = std::move(text.content);
    if (!text.version.empty()) config.version = std::move(text.version);
    config.data = RawObject("{}");
    try {
      config.data = RawObject(agent_config::json_of(config.text));
    } catch (const Fault&) {
      // Its problems say it.
    }
  };
  co_await hands_.run(look);
  tell_state(config, agents_.standing(id));
  co_return config;
}

io::Task<http::Reply<api::AgentConfigSaved>> Service::keep_config(Target to, std::string text,
                                                                  Beneath::Guard guard,
                                                                  std::string_view status) {
  api::AgentConfigSaved saved;
  saved.status = status;
  const auto judge = [&] { saved.remarks = shown(agent_config::judge(text).remarks); };
  co_await hands_.run(judge);
  const Beneath::Placed placed =
      co_await put(std::move(to), std::string(config_name), std::move(text), std::move(guard));
  saved.version = placed.version;
  http::Reply<api::AgentConfigSaved> reply;
  reply.headers.emplace_back("ETag", etag_of(placed.version));
  reply.body = std::move(saved);
  co_return reply;
}

io::Task<http::Reply<api::AgentConfigSaved>> Service::put_config(auth::Self::Caller caller,
                                                                 WorkspaceId id,
                                                                 const http::Request& request,
                                                                 api::AgentConfigText body) {
  Beneath::Guard guard = guard_of(request);
  Target to = co_await target_of_write(caller, id, "/configs", "");
  co_return co_await keep_config(std::move(to), std::move(body.text), std::move(guard), "saved");
}

io::Task<http::Reply<api::AgentConfigSaved>> Service::change_config(auth::Self::Caller caller,
                                                                    WorkspaceId id,
                                                                    const http::Request& request,
                                                                    RawObject body) {
  Beneath::Guard guard = guard_of(request);
  Target to = co_await target_of_write(caller, id, "/configs", "");
  std::string text;
  const auto merge = [&] {
    const Text now = config_text_of(to.place);
    // What is changed is what was read, whoever asks for no version.
    if (!guard.version && !now.version.empty()) guard.version = now.version;
    const json::Document changes = json::Document::parse(body.text);
    text = agent_config::merged(now.content, changes.root());
  };
  co_await hands_.run(merge);
  co_return co_await keep_config(std::move(to), std::move(text), std::move(guard), "updated");
}

}  // namespace molecule::agent_files
