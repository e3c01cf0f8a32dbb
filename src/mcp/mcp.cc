#include "mcp/mcp.h"

#include <iostream>
#include <map>

#include <unistd.h>

#include "dialogue/session.h"
#include "mcp/attendance.h"
#include "mcp/channel.h"
#include "mcp/channel_settings.h"
#include "mcp/channel_tools.h"
#include "mcp/lines.h"
#include "mcp/tools.h"
#include "mcp/words.h"
#include "platform/io/stop.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;

constexpr int done = 0;
constexpr int wrong_settings = 2;
constexpr int refused = 3;
constexpr int wrong_channel = 1;
constexpr int too_old = 2;
constexpr auto last_calls = 700ms;  // That calls get once the client has gone.

constexpr std::string_view help =
    "\nWhat it needs, in its environment:\n"
    "  PLATFORM_URL               where the platform answers\n"
    "  WORKSPACE_ID               the workspace that this agent is\n"
    "  MOLECULE_WORKSPACE_TOKEN   its token (or MOLECULE_WORKSPACE_TOKEN_FILE)\n"
    "`molecule mcp doctor` looks at all of it.\n";

constexpr std::string_view channel_help =
    "\nWhat it needs, in {} or in the environment:\n"
    "  MOLECULE_PLATFORM_URL=where the platform answers\n"
    "  MOLECULE_WORKSPACE_IDS=the workspaces to watch, with commas between them\n"
    "  MOLECULE_WORKSPACE_TOKENS=their tokens, in the same order\n";

Face face_of(const Settings& settings) {
  if (settings.channel) return {channel_tools, channel_instructions};
  return {workspace_tools, [] { return instructions(wait_hint()); }};
}

// All that runs, as locals in the order in which they need each other.
io::Task<int> served(Settings& settings, const io::Clock& clock, io::Random& random,
                     io::Stop& stop) {
  io::Context here = co_await io::context();
  io::Loop& loop = *here.loop;
  Platforms platform(settings, clock, random);
  std::string why_ended;
  int status = done;
  const auto end = [&](int with, std::string why) {
    status = with;
    why_ended = std::move(why);
    stop.request();
  };
  Session* session_at = nullptr;
  Lines* out = nullptr;
  const auto announce_turn = [&](const std::string& params) {
    out->write(notification(settings.push_method, params));
  };
  std::optional<Inbox> inbox;
  std::optional<Channel> channel;
  // What came before the client was ready is told once it is.
  const std::function<void()> announce = [&] {
    if (!inbox || session_at == nullptr || !session_at->may_announce()) return;
    if (channel && !channel->is_first()) return;
    inbox->push_new([&](const Item& item) {
      if (channel) {
        channel->show(item);
      } else {
        announce_turn(announced(item, settings.several()));
      }
    });
  };
  std::map<WorkspaceId, std::string> refusals;  // That the client has not heard of yet.
  const auto tell_refusals = [&] {
    if (!channel || !channel->is_heard()) return;
    for (const auto& [workspace, why] : std::exchange(refusals, {}))
      announce_turn(turn_of_refusal(workspace, why, channel_file().string()));
  };
  if (settings.channel) {
    Channel::Ears ears;
    ears.first = announce;
    ears.heard = tell_refusals;
    ears.message = [&](const Item& item, const std::vector<LocalFile>& files) {
      announce_turn(turn_of(item, files));
    };
    ears.too_old = [&](std::string why) { end(too_old, std::move(why)); };
    channel.emplace(platform, settings, std::move(ears));
    std::cerr << channel->banner() << std::flush;
  }
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
  Tools tools(platform, settings, inbox ? &*inbox : nullptr, random, face_of(settings));
  Attendance attendance(
      platform, settings, clock,
      [&](const WorkspaceId& workspace, std::string why) {
        if (settings.channel) {
          refusals[workspace] = std::move(why);
          tell_refusals();
        } else {
          end(refused, std::move(why));
        }
      },
      [&](Severity severity, std::string_view text) {
        if (session_at != nullptr) session_at->tell(severity, text);
      });
  Session::Ends ends;
  ends.write = [&](std::string message) { out->write(std::move(message)); };
  ends.ready = [&] {
    announce();
    if (channel) channel->began();
  };
  Session session(loop, tools, std::move(ends));
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
  if (channel) {
    background.spawn("channel", channel->run(inbox ? &*inbox : nullptr));
    background.spawn("messages", channel->show_all());
  }
  co_await stop.requested();
  co_await session.end(why_ended.empty() ? last_calls : 0ms);
  background.cancel();
  co_await background.join();
  platform.close();
  if (!why_ended.empty()) std::cerr << why_ended << "\n";
  co_return status;
}

int run_with(Settings& settings, const io::Clock& clock, io::Random& random) {
  io::hold_stop_signals();
  io::Loop loop;
  io::Stop stop(loop);
  io::Reload reload(loop);
  const io::StopOnSignals signals(stop, reload);
  return io::run(loop, served(settings, clock, random, stop));
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
  return run_with(*settings, clock, random);
}

int run_channel(const io::Clock& clock, io::Random& random) {
  std::optional<Settings> settings;
  try {
    settings = read_channel_settings();
  } catch (const Fault& fault) {
    std::cerr << fault.text() << "\n" << fmt::format(channel_help, channel_file().string());
    return wrong_channel;
  }
  return run_with(*settings, clock, random);
}

}  // namespace molecule::mcp
