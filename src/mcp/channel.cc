#include "mcp/channel.h"

#include <charconv>

#include <unistd.h>

#include "mcp/channel_settings.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr std::size_t file_max = 1u << 20;
constexpr auto look_every = 1s;
constexpr auto platform_within = 15s;
constexpr auto file_within = 60s;
// Claude Code takes up channels a tenth of a second after it has said that it is there.
constexpr auto until_heard = 2s;

fs::path pid_file(const Settings& settings) { return settings.state / "bot.pid"; }
fs::path cursor_file(const Settings& settings) { return settings.state / "cursor.json"; }

std::string own_pid() { return std::to_string(::getpid()); }

// Beside our number; the older plugin writes its number alone.
constexpr std::string_view ours = "molecule mcp --channel";

struct Holder {
  std::string pid;
  bool is_ours = false;
};
Holder holder_in(const fs::path& file) {
  const std::string text = files::read(file, 256).value_or("");
  return {text.substr(0, text.find_first_of(" \r\n")), text.find(ours) != std::string::npos};
}

std::string base_name(std::string_view path) { return fs::path(path).filename().string(); }

// The plugin for bun holds no lock; it has its number in the file. Whatever else runs under that
// number by now is not it.
bool is_older_plugin(const Holder& holder) {
  const std::string& pid = holder.pid;
  if (holder.is_ours || pid == own_pid()) return false;
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos) return false;
  std::error_code error;
  const fs::path folder = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error);
  bool is_named = folder.string().find("molecule") != std::string::npos;
  const std::string words = files::read(fmt::format("/proc/{}/cmdline", pid), 4096).value_or("");
  const std::size_t program_end = std::min(words.find('\0'), words.size());
  if (base_name(std::string_view(words).substr(0, program_end)) != "bun") return false;
  for (std::size_t at = program_end; at < words.size();) {
    const std::string_view word(words.c_str() + at);
    is_named |= word.find("molecule") != std::string_view::npos || base_name(word) == "server.ts";
    at += word.size() + 1;
  }
  return is_named;
}

}  // namespace

Channel::Channel(Platforms& platforms, Settings& settings, Ears ears)
    : platforms_(platforms),
      settings_(settings),
      ears_(std::move(ears)),
      files_(platforms, settings.state) {
  take_over_cursors();
  take_turn();
}

Channel::~Channel() {
  std::error_code error;
  if (lock_ && holder_in(pid_file(settings_)).pid == own_pid())
    fs::remove(pid_file(settings_), error);
}

bool Channel::take_turn() {
  if (lock_) return false;
  const Holder other = holder_in(pid_file(settings_));
  try {
    std::optional<files::FileLock> lock;
    lock.emplace(settings_.state / "bot.lock", 0ms);
    if (!is_older_plugin(other)) {
      files::write_private(pid_file(settings_), fmt::format("{}\n{}\n", own_pid(), ours));
      lock_ = std::move(lock);
      return true;
    }
  } catch (const Fault& fault) {
    if (fault.code() != "file_locked")
      log::warn("this session cannot say that it is the first", log::field("error", fault.text()));
  }
  if (!std::exchange(told_of_other_, true))
    log::warn("another session gets the messages; this one does when that ends",
              log::field("pid", other.pid));
  return false;
}

// {"WORKSPACE": "ACTIVITY"}: everything up to there was seen.
void Channel::take_over_cursors() {
  try {
    const auto text = files::read(cursor_file(settings_), file_max);
    if (!text) return;
    const json::Document document = json::Document::parse(*text);
    const Node root = document.root();
    for (const client::Credential& each : settings_.members) {
      const std::string workspace = each.workspace().text();
      const Node at = root.find(workspace);
      const auto id = at.is(Type::string) ? ActivityId::parse(at.string()) : std::nullopt;
      if (!id) continue;
      Claims(settings_.state / "inbox" / workspace).change([&](Claims::Agreed& agreed) {
        if (!agreed.cursor) agreed.cursor = id;
      });
    }
  } catch (const Fault& fault) {
    log::warn("cursor.json cannot be read; what waits for an answer comes again",
              log::field("error", fault.text()));
  }
}

void Channel::keep_cursors(Inbox& inbox) {
  try {
    json::Object out;
    for (const auto& [workspace, id] : inbox.cursors()) out.add(workspace.text(), id);
    std::string text = out.text();
    if (text == kept_ || text == "{}") return;
    files::write_private(cursor_file(settings_), text);
    kept_ = std::move(text);
  } catch (const Fault& fault) {
    log::warn("cursor.json cannot be written", log::field("error", fault.text()));
  }
}

// A platform that knows no cursors answers as if nobody had named one.
io::Task<void> Channel::look_at_platforms() {
  std::string old;
  for (client::Credential& each : settings_.members) {
    const std::string workspace = each.workspace().text();
    client::Ask ask;
    ask.path = fmt::format("/workspaces/{}/activity?type=a2a_receive&since_id={}&limit=1",
                           workspace, ActivityId().text());
    ask.repeatable = true;
    ask.answer_within = platform_within;
    ask.patience = 0s;
    try {
      const client::Answer answer = co_await platforms_.ask(each, ask);
      if (answer.status == 200) old += (old.empty() ? "" : ", ") + workspace;
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
    }
  }
  if (!old.empty())
    ears_.too_old(
        fmt::format("the platform of {} is too old for this channel: it knows no since_id "
                    "in /workspaces/…/activity. Update the platform.",
                    old));
}

io::Task<void> Channel::run(Inbox* inbox) {
  co_await look_at_platforms();
  for (;;) {
    if (take_turn()) ears_.first();
    if (inbox != nullptr && is_first()) keep_cursors(*inbox);
    co_await io::sleep(look_every);
  }
}

void Channel::began() {
  began_ = true;
  came_.notify();
}

void Channel::show(const Item& item) {
  unshown_.push_back(item);
  came_.notify();
}

io::Task<void> Channel::show_all() {
  while (!began_) co_await came_.wait(1h);
  co_await io::sleep(until_heard);
  heard_ = true;
  ears_.heard();
  for (;;) {
    if (unshown_.empty()) {
      co_await came_.wait(1h);
      continue;
    }
    const Item item = std::move(unshown_.front());
    unshown_.pop_front();
    std::vector<LocalFile> here;
    if (!item.files.empty()) {
      const json::Document document = json::Document::parse(item.files);
      std::vector<NamedFile> named = named_files(document.root());
      client::Credential& as =
          *std::ranges::find(settings_.members, item.workspace, &client::Credential::workspace);
      here = co_await files_.bring(as, std::move(named), file_within);
    }
    ears_.message(item, here);
  }
}

std::string Channel::banner() const {
  std::string out = "molecule channel: watching";
  for (std::size_t i = 0; i < settings_.members.size(); ++i)
    out += fmt::format("{} {} at {}", i > 0 ? "," : "", settings_.members[i].workspace().text(),
                       settings_.url_of(i));
  return out + fmt::format("; messages are waited for, and shown to {} session\n",
                           is_first() ? "this" : "another");
}

}  // namespace molecule::mcp
