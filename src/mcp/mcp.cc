#include "mcp/mcp.h"

#include <iostream>

#include <unistd.h>

#include "mcp/attendance.h"
#include "mcp/lines.h"
#include "mcp/session.h"
#include "mcp/words.h"
#include "platform/io/stop.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;

constexpr int done = 0;
constexpr int wrong_settings = 2;
constexpr int refused = 3;
constexpr auto last_calls = 700ms;  // That calls get once the client has gone.

constexpr std::string_view help =
    "\nWhat it needs, in its environment:\n"
    "  PLATFORM_URL               where the platform answers\n"
    "  WORKSPACE_ID               the workspace that this agent is\n"
    "  MOLECULE_WORKSPACE_TOKEN   its token (or MOLECULE_WORKSPACE_TOKEN_FILE)\n"
    "`molecule mcp doctor` looks at all of it.\n";

// All that runs, as locals in the order in which they need each other.
io::Task<int> served(Settings& settings, const io::Clock& clock, io::Random& random,
                     io::Stop& stop) {
  io::Context here = co_await io::context();
  io::Loop& loop = *here.loop;
  client::Platform platform(settings.platform_url, settings.ca_file, clock, random);
  std::string why_refused;
  Session* session_at = nullptr;
  std::optional<Inbox> inbox;
  // What came before the client was ready is told once it is.
  const std::function<void()> announce = [&] {
    if (!inbox || session_at == nullptr || !session_at->may_announce()) return;
    inbox->push_new(
        [&](const Item& item) { session_at->announce(announced(item, settings.several())); });
  };
  if (settings.has_inbox) {
    try {
      inbox.emplace(platform, settings, clock, announce);
    } catch (const Fault& fault) {
      log::error("there is no inbox: nothing can be kept of what was handled",
                 log::field("error", fault.text()));
      settings.no_inbox = "the inbox is not there: " + fault.text() +
                          "; set CONFIGS_DIR to a directory that can be written";
    }
  }
  Tools tools(platform, settings, inbox ? &*inbox : nullptr, random);
  Attendance attendance(platform, settings, clock, [&](std::string why) {
    why_refused = std::move(why);
    stop.request();
  });
  Lines* out = nullptr;
  Session::Ends ends;
  ends.write = [&](std::string message) { out->write(std::move(message)); };
  ends.ready = announce;
  Session session(loop, tools, std::move(ends), settings.push_method);
  session_at = &session;
  Lines::Ears ears;
  ears.line = [&](const std::string& line) { session.take(line); };
  ears.too_long = [&] { session.too_long(); };
  ears.end = [&] { stop.request(); };
  Lines lines(loop, STDIN_FILENO, STDOUT_FILENO, std::move(ears));
  out = &lines;

  io::Scope background(loop, [](std::string_view, std::exception_ptr) {
    log::error("something of this server ended unexpectedly");
  });
  if (settings.beats) background.spawn("attendance", attendance.run());
  if (inbox) background.spawn("inbox", inbox->run());
  co_await stop.requested();
  co_await session.end(why_refused.empty() ? last_calls : 0ms);
  background.cancel();
  co_await background.join();
  platform.close();
  if (why_refused.empty()) co_return done;
  std::cerr << why_refused << "\n";
  co_return refused;
}

}  // namespace

int run(const io::Clock& clock, io::Random& random) {
  std::optional<Settings> settings;
  try {
    settings = read_settings();
  } catch (const Fault& fault) {
    std::cerr << fault.text() << "\n" << help;
    return wrong_settings;
  }
  io::hold_stop_signals();
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload);
  return io::run(loop, served(*settings, clock, random, stop));
}

}  // namespace molecule::mcp
