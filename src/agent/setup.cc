#include "agent/setup.h"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>

#include "agent/preflight.h"
#include "agent/prompt.h"
#include "platform/files/files.h"
#include "platform/log/log.h"
#include "platform/process/environment.h"

namespace molecule::agent {
namespace {

// Of our own environment, beside the keys: where a provider of one's own answers.
constexpr std::array<const char*, 4> passed_on{"ANTHROPIC_BASE_URL", "OPENAI_BASE_URL",
                                               "GOOGLE_GEMINI_BASE_URL", "TZ"};

// A name that no program takes for something else.
bool may_be_set(std::string_view name) {
  constexpr std::array<std::string_view, 6> ours{
      "PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "IFS"};
  return !name.empty() && name.find('=') == std::string_view::npos &&
         std::ranges::find(ours, name) == ours.end();
}

void set(Environment& environment, std::string_view name, std::string_view value) {
  for (auto& [each, text] : environment) {
    if (each != name) continue;
    text = value;
    return;
  }
  environment.emplace_back(name, value);
}

bool has(const Environment& environment, std::string_view name) {
  return std::ranges::any_of(
      environment, [&](const auto& each) { return each.first == name && !each.second.empty(); });
}

}  // namespace

Setup::Setup(Config config, Places places, Home* home, io::Loop& loop, io::Random& random,
             std::function<void()> changed)
    : config_(std::move(config)),
      places_(std::move(places)),
      home_(home),
      loop_(loop),
      random_(random),
      changed_(std::move(changed)),
      runtime_(runtimes::find(config_.text("runtime"))) {
  executor_ = executor_for(*runtime_, config_, places_, loop_, random_);
  skills_ = load_skills(config_, runtime_->id);
  tell_of(skills_);
  content_ = content_of(config_, skills_);
  take();
  if (!home_) looked_ = true;
}

void Setup::tell_of(const Skills& skills) const {
  for (const Remark& each : skills.refused)
    log::warn("a skill is left out", log::field("skill", each.key), log::field("error", each.text));
}

std::string Setup::content_of(const Config& config, const Skills& skills) {
  std::string all = agent::system_text(config, skills, "", false, false);
  for (const auto& [key, value] : config.all())
    all += fmt::format("\n{}={:?} {:?}", key, value->text, fmt::join(value->items, "\n"));
  for (const Skill& each : skills.loaded)
    all += fmt::format("\n{:?} {:?} {:?} {:?} {:?}", each.id, each.name, each.description,
                       fmt::join(each.tags, "\n"), fmt::join(each.examples, "\n"));
  for (const Remark& each : skills.refused) all += fmt::format("\n{:?} {:?}", each.key, each.text);
  return all;
}

void Setup::take() {
  Environment now;
  set(now, "PATH", places_.path);
  set(now, "HOME", places_.home.string());
  set(now, "LANG", process::environment("LANG").value_or("C.UTF-8"));
  set(now, "WORKSPACE_ID", config_.text("workspace_id"));
  set(now, "PLATFORM_URL", config_.text("platform_url"));
  const auto inherit = [&](const char* name) {
    if (auto value = process::environment(name)) set(now, name, *value);
  };
  for (const char* name : passed_on) inherit(name);
  for (const std::string_view name : runtime_->keys) inherit(std::string(name).c_str());
  for (const std::string& name : config_.list("runtime_config.required_env")) inherit(name.c_str());
  std::vector<Secret> hidden;
  for (const auto& [name, value] : secrets_) {
    if (!may_be_set(name)) continue;
    set(now, name, value.reveal());
    hidden.push_back(value);
  }
  std::string missing;
  const bool has_key = runtime_->keys.empty() ||
                       std::ranges::any_of(runtime_->keys, [&](auto key) { return has(now, key); });
  if (!has_key) missing = runtimes::keys_of(*runtime_);
  for (const std::string& name : config_.list("runtime_config.required_env")) {
    if (!has(now, name)) missing.append(missing.empty() ? "" : ", and ").append(name);
  }
  redactor_ = std::make_shared<const Redactor>(hidden);
  if (now != environment_) {
    environment_ = std::move(now);
    ++edition_;
  }
  if (std::exchange(missing_, missing) != missing) {
    if (missing.empty()) {
      log::info("the agent has all that it needs");
    } else if (looked_) {
      log::warn("the agent is not set up yet", log::field("missing", missing));
    }
  }
}

void Setup::see(const Home::Peers& peers) {
  const bool leads = peers.team && config_.text("coordinator") != "off";
  if (std::exchange(leads_, leads) == leads) return;
  ++edition_;
  if (leads) {
    log::info("the agent leads a team, which does the work");
  } else {
    log::info("the agent leads no team any more");
  }
}

io::Task<void> Setup::look() {
  if (!home_) co_return;
  auto secrets = co_await home_->secrets();
  if (!secrets) co_return;
  const std::string before = missing_;
  const bool first = !std::exchange(looked_, true);
  secrets_ = std::move(*secrets);
  take();
  looked_now_.notify();
  if (first && !missing_.empty())
    log::warn("the agent is not set up yet", log::field("missing", missing_));
  if (first || before != missing_) changed_();
  // A command has no tools that could be refused.
  if (runtime_->executor == runtimes::Executor::exec) co_return;
  const auto peers = co_await home_->peers();
  if (peers) see(*peers);
}

io::Task<void> Setup::run() {
  for (;;) {
    co_await look();
    const bool soon = !looked_ || !missing_.empty();
    co_await asked_.wait(soon ? look_for_missing : look_every);
  }
}

void Setup::look_again() {
  const Refused before = refused_;
  const std::string used = config_.mark();
  try {
    refused_ = {};
    const auto text = files::read(config_.directory() / "config.yaml");
    if (text) {
      const auto verdict = agent_config::judge(*text);
      refused_.mark = agent_config::mark_of(*text);
      if (!verdict.wrong.empty())
        throw bad_request("bad_configuration", verdict.wrong.front().sentence());
    }
    Config now = Config::load(config_.directory());
    for (const Finding& each : examine(now, places_.path)) {
      if (each.weight == Finding::Weight::fail && !each.of_platform)
        throw bad_request("bad_configuration", fmt::format("{}: {}", each.title, each.detail));
    }
    const runtimes::Runtime* runtime = runtimes::find(now.text("runtime"));
    Skills skills = load_skills(now, runtime->id);
    std::string content = content_of(now, skills);
    refused_ = {};
    if (content != content_) {
      executor_ = executor_for(*runtime, now, places_, loop_, random_);
      config_ = std::move(now);
      runtime_ = runtime;
      skills_ = std::move(skills);
      content_ = std::move(content);
      tell_of(skills_);
      ++edition_;
      take();
      if (const auto level = enum_from<log::Level>(config_.text("observability.log_level")))
        log::set_threshold(*level);
      log::info("the configuration was read again");
      looked_now_.notify();
      changed_();
    } else {
      config_ = std::move(now);
      if (used != config_.mark() || before != refused_) changed_();
    }
  } catch (const Fault& fault) {
    refused_.reason = fault.text();
    if (before != refused_) changed_();
    log::warn("the configuration cannot be read; the earlier one stays",
              log::field("error", fault.text()));
  }
  asked_.notify();
}

io::Task<void> Setup::looked(std::chrono::nanoseconds within) {
  if (!looked_) co_await looked_now_.wait(within);
}

io::Task<void> Setup::ready() {
  while (!looked_ || !missing_.empty()) co_await looked_now_.wait(look_every);
}

io::Task<std::shared_ptr<Executor>> Setup::executor() {
  // Whoever has just given the key need not wait.
  if (!looked_ || !missing_.empty()) co_await look();
  if (!missing_.empty()) {
    throw Fault(
        Kind::unavailable, "not_configured",
        fmt::format("This agent is not set up yet: {} needs {}. Give it as a secret of this "
                    "workspace; nothing has to be started again.",
                    runtime_->title, missing_));
  }
  co_return executor_;
}

io::Task<std::string> Setup::system_text() {
  std::string peers;
  if (home_) {
    auto told = co_await home_->peers();
    if (told) {
      see(*told);
      peers = std::move(told->lines);
    }
  }
  const bool tools = runtime_->executor != runtimes::Executor::exec;
  co_return agent::system_text(config_, skills_, peers, tools, leads_);
}

}  // namespace molecule::agent
