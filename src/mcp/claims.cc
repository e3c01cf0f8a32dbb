#include "mcp/claims.h"

#include <charconv>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/file_lock.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::mcp {
namespace {

constexpr std::size_t file_max = 16u << 20;
constexpr std::chrono::milliseconds lock_patience{100};
constexpr char until_mark = ';';

// When the process began, in ticks since the machine did: the 22nd field. The name in the second
// may hold anything, and ends with the last parenthesis.
std::optional<std::string> began(std::string_view pid) {
  const auto text = files::read(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(name_end + 1);
  for (int field = 2; field < 22; ++field) {
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(blank + 1);
  }
  return std::string(rest.substr(0, rest.find(' ')));
}

void read_numbers(json::Node from, std::map<std::string, std::int64_t>& to) {
  for (std::size_t i = 0; from.is(json::Type::object) && i < from.size(); ++i) {
    if (const json::Node seq = from.value_at(i); seq.is(json::Type::integer))
      to.emplace(from.name_at(i), seq.integer());
  }
}

Claims::Agreed read_agreed(const std::filesystem::path& file) {
  Claims::Agreed out;
  const auto text = files::read(file, file_max);
  if (!text || text->empty()) return out;
  try {
    json::Document document = json::Document::parse(*text);
    const json::Node root = document.root();
    if (const json::Node cursor = root.find("cursor"); cursor.is(json::Type::string))
      out.cursor = ActivityId::parse(cursor.string());
    if (const json::Node seq = root.find("cursor_seq"); seq.is(json::Type::integer))
      out.cursor_seq = seq.integer();
    read_numbers(root.find("done"), out.done);
    const json::Node in_hand = root.find("in_hand");
    for (std::size_t i = 0; in_hand.is(json::Type::object) && i < in_hand.size(); ++i) {
      if (const json::Node who = in_hand.value_at(i); who.is(json::Type::string))
        out.in_hand.emplace(in_hand.name_at(i), who.string());
    }
  } catch (const Fault& fault) {
    log::warn("the file of handled messages cannot be read; what waits for an answer comes again",
              log::field("file", file.string()), log::field("error", fault.text()));
    return {};
  }
  return out;
}

std::string written(const Claims::Agreed& agreed) {
  json::Object out;
  out.add("cursor", agreed.cursor).add("cursor_seq", agreed.cursor_seq);
  out.add("done", agreed.done).add("in_hand", agreed.in_hand);
  return out.text();
}

}  // namespace

Claims::Claims(const std::filesystem::path& directory)
    : file_(directory / "inbox.json"), lock_(directory / "inbox.lock") {
  files::make_private_directory(directory);
}

void Claims::change(const std::function<void(Agreed&)>& change) {
  const files::FileLock lock(lock_, lock_patience);
  Agreed agreed = read_agreed(file_);
  const std::string before = written(agreed);
  change(agreed);
  const std::string after = written(agreed);
  if (after != before) files::write_private(file_, after);
}

std::string Claims::hold_until(Instant until) const {
  return fmt::format("{}{}{}", self_, until_mark, until.micros());
}

bool Claims::is_others(const std::string& holder, Instant now) const {
  const std::size_t mark = holder.find(until_mark);
  const std::string process = holder.substr(0, mark);
  if (process == self_) return false;
  if (mark != std::string::npos) {
    std::int64_t until = 0;
    std::from_chars(holder.data() + mark + 1, holder.data() + holder.size(), until);
    if (until <= now.micros()) return false;
  }
  return runs(process);
}

std::string Claims::self() {
  const std::string pid = std::to_string(::getpid());
  return fmt::format("{}:{}", pid, began(pid).value_or(""));
}

bool Claims::runs(const std::string& process) {
  const std::size_t colon = process.find(':');
  const std::string pid = process.substr(0, colon);
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos) return false;
  const auto since = began(pid);
  return since && colon != std::string::npos && *since == process.substr(colon + 1);
}

}  // namespace molecule::mcp
