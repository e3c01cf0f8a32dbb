#include "manage/manage.h"

#include <deque>
#include <iostream>

#include <unistd.h>

#include "dialogue/session.h"
#include "manage/tools.h"
#include "mcp/lines.h"
#include "platform/io/scope.h"
#include "platform/io/stop.h"
#include "platform/log/log.h"
#include "platform/process/environment.h"

namespace molecule::manage {
namespace {

using namespace std::chrono_literals;

constexpr int done = 0;
constexpr int wrong_settings = 2;
constexpr int refused = 3;
constexpr auto last_calls = 700ms;     // That calls get once the client has gone.
constexpr auto key_known_within = 2s;  // What the key opens; then everything is offered.
constexpr auto key_asked_every = 2s;   // Until the platform has told.

struct Settings {
  std::string url;
  std::string ca_file;
  client::Credential key;
};

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    auto value = process::environment(name);
    if (value && !value->empty()) return std::move(*value);
  }
  return {};
}

client::Credential key_in_environment() {
  if (const std::string file = first_of({"MOLECULE_API_KEY_FILE"}); !file.empty())
    return client::Credential(std::filesystem::path(file));
  Secret key(first_of({"MOLECULE_API_KEY", "ADMIN_TOKEN"}));
  // A platform in its dev profile asks for none.
  if (key.empty()) return client::Credential(std::move(key));
  if (const std::string wrong = client::Credential::wrong_with(key.reveal()); !wrong.empty())
    throw bad_request("bad_configuration", "MOLECULE_API_KEY " + wrong);
  return client::Credential(std::move(key));
}

Settings read_settings() {
  std::string url = first_of({"MOLECULE_API_URL", "MOLECULE_URL", "PLATFORM_URL"});
  if (url.empty()) url = "http://localhost:8080";
  return {std::move(url), first_of({"MOLECULE_CA_FILE"}), key_in_environment()};
}

Scope scope_in(const client::Answer& me) {
  std::string word = me.word("scope");
  if (word.empty()) word = me.word("role");
  // A word that is not known opens the least.
  return word == "admin" ? Scope::admin : word == "operate" ? Scope::operate : Scope::read;
}

// Whether the platform has told what the key opens.
io::Task<bool> learned(client::Platform& platform, client::Credential& key, Tools& tools,
                       std::string& why_refused) {
  client::Ask me;
  me.path = "/auth/me";
  me.repeatable = true;
  me.patience = 0ms;
  me.answer_within = key_known_within;
  const client::Answer answer = co_await platform.ask(key, me);
  if (answer.ok()) tools.limit_to(scope_in(answer));
  if (answer.status == 401)
    why_refused = fmt::format(
        "the platform at {} refuses this key ({}); set MOLECULE_API_KEY to one that stands",
        platform.url(), answer.error());
  co_return answer.status < 500;
}

// A platform that was away when this began is asked until it tells. A key that it refuses by then
// is told by the answers of the tools.
io::Task<void> learn(client::Platform& platform, client::Credential& key, Tools& tools) {
  std::string why_refused;
  for (bool known = false; !known;) {
    co_await io::sleep(key_asked_every);
    try {
      known = co_await learned(platform, key, tools, why_refused);
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
    }
  }
}

// All that runs, as locals in the order in which they need each other.
io::Task<int> served(Settings& settings, client::Platform& platform, const io::Clock& clock,
                     io::Random& random, io::Stop& stop) {
  io::Context here = co_await io::context();
  io::Loop& loop = *here.loop;
  Tools tools(platform, settings.key, clock, random);
  mcp::Lines* out = nullptr;
  mcp::Session::Ends ends;
  ends.write = [&](std::string message) { out->write(std::move(message)); };
  mcp::Session session(loop, tools, std::move(ends));
  // What the key opens is known before the first line is answered.
  bool known = false;
  std::deque<std::string> early;
  mcp::Lines::Ears ears;
  ears.line = [&](const std::string& line) {
    if (known) {
      session.take(line);
    } else {
      early.push_back(line);
    }
  };
  ears.too_long = [&] { session.too_long(); };
  ears.end = [&] { stop.request(); };
  mcp::Lines lines(loop, STDIN_FILENO, STDOUT_FILENO, std::move(ears));
  out = &lines;

  std::string why_refused;
  bool learned_it = false;
  try {
    learned_it = co_await learned(platform, settings.key, tools, why_refused);
  } catch (const Fault& fault) {
    log::warn("the platform does not answer; tools say so until it does",
              log::field("error", fault.text()));
  }
  known = true;
  if (why_refused.empty()) {
    for (const std::string& line : early) session.take(line);
    early.clear();
    io::Scope learning(loop, [](std::string_view, std::exception_ptr) {});
    if (!learned_it) learning.spawn("scope", learn(platform, settings.key, tools));
    co_await stop.requested();
    learning.cancel();
    co_await learning.join();
  }
  co_await session.end(why_refused.empty() ? last_calls : 0ms);
  platform.close();
  if (why_refused.empty()) co_return done;
  std::cerr << why_refused << "\n";
  co_return refused;
}

}  // namespace

const char* const needed =
    "  MOLECULE_API_URL   where the platform answers (or MOLECULE_URL, PLATFORM_URL;\n"
    "                     default http://localhost:8080)\n"
    "  MOLECULE_API_KEY   an organisation key or the admin token (or\n"
    "                     MOLECULE_API_KEY_FILE, ADMIN_TOKEN)\n";

int run(const io::Clock& clock, io::Random& random) {
  std::optional<Settings> settings;
  std::optional<client::Platform> platform;
  try {
    settings.emplace(read_settings());
    platform.emplace(settings->url, settings->ca_file, clock, random);
  } catch (const Fault& fault) {
    std::cerr << fault.text() << "\n\nWhat it takes, from its environment:\n" << needed;
    return wrong_settings;
  }
  io::hold_stop_signals();
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload);
  return io::run(loop, served(*settings, *platform, clock, random, stop));
}

}  // namespace molecule::manage
