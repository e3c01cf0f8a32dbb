#include "server/agent_files/staging.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/http/syntax.h"
#include "platform/json/json.h"
#include "platform/sandbox/trees.h"
#include "server/agent_files/problems.h"

namespace molecule::agent_files {
namespace {

using files::Beneath;

constexpr std::uint64_t counted_from = 1u << 20;  // Less is not worth counting all there is.
constexpr int tries_max = 5;

Fault not_ready() {
  return conflict("files_not_ready", "the agent has not been started yet; its files come with it");
}

// The room where files wait; whoever removes the agent removes it, too.
std::filesystem::path room(const provision::Premises& premises) {
  if (!Beneath::open(premises.config)) throw not_ready();
  if (::mkdir(premises.incoming.c_str(), 0700) != 0 && errno != EEXIST) throw not_ready();
  return premises.incoming;
}

Beneath open_place(const Place& place) {
  auto directory = Beneath::open(place.directory);
  if (!directory) throw Fault(Kind::not_found, "file_not_found", "there is no such file");
  return std::move(*directory);
}

}  // namespace

Staged::Staged(const provision::Premises& premises)
    : premises_(premises), file_(room(premises) / "file") {}

void Staged::append(std::string_view text) {
  Beneath::append(file_, text);
  size_ += text.size();
}

void require_config(std::string_view text) {
  const agent_config::Verdict verdict = agent_config::judge(text);
  if (verdict.wrong.empty()) return;
  api::AgentConfigRefused refused;
  refused.problems = shown(verdict.wrong);
  throw bad_request("config_invalid", verdict.wrong.front().sentence())
      .with(json::members(refused));
}

// The configuration is refused before it lies there, whichever way it comes.
void Staged::require_to_fit(const Place& place, std::string_view path) const {
  if (place.directory != premises_.config || path != config_name) return;
  std::string text(std::min<std::uint64_t>(size_, agent_config::text_max + 1), '\0');
  const files::Descriptor file(::open(file_.name().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) throw internal();
  text.resize(Beneath::read_at(file, 0, text.data(), text.size()));
  require_config(text);
}

void Staged::require_placeable(const Place& place, std::string_view path) const {
  require_to_fit(place, path);
  try {
    open_place(place).open_file(path);
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::not_found) throw;
  }
}

Beneath::Placed Staged::place(const Place& place, std::string_view path,
                              const Beneath::Guard& guard) {
  require_to_fit(place, path);
  if (size_ > counted_from) {
    std::uint64_t used = 0;
    for (const auto& each : {premises_.config, premises_.workspace, premises_.home})
      used += sandbox::bytes_below(each);
    if (used + size_ > premises_.disk_max) {
      throw Fault(Kind::too_large, "agent_disk_full",
                  fmt::format("the agent would have more than the {} MB that its tier may",
                              premises_.disk_max >> 20))
          .with(json::Object{}
                    .add("used", static_cast<std::int64_t>(used))
                    .add("max", static_cast<std::int64_t>(premises_.disk_max))
                    .members());
    }
  }
  auto directory = Beneath::open(place.directory);
  if (!directory) throw not_ready();
  return directory->place(file_, path, guard, premises_.user);
}

std::optional<Text> read_text(const Place& place, std::string_view path, std::size_t most) {
  const Beneath directory = open_place(place);
  Text text;
  for (int tries = 1;; ++tries) {
    const Beneath::Opened opened = directory.open_file(path);
    if (opened.size > most) return std::nullopt;
    text.content.assign(opened.size + 1, '\0');
    std::size_t got = 0;
    while (got < text.content.size()) {
      const std::size_t n =
          Beneath::read_at(opened.file, got, text.content.data() + got, text.content.size() - got);
      if (n == 0) break;
      got += n;
    }
    text.content.resize(got);
    text.version = opened.version;
    // What somebody wrote meanwhile is half of one and half of another.
    if (Beneath::version_of(opened.file) == opened.version && got == opened.size) break;
    if (tries == tries_max) {
      if (got > opened.size) text.content.resize(opened.size);
      break;
    }
  }
  if (!http::valid_utf8(text.content) || text.content.find('\0') != std::string::npos)
    throw conflict("file_not_text", "the file is no text in UTF-8; file-bytes gives it out");
  return text;
}

Beneath::Opened open_file(const Place& place, std::string_view path) {
  return open_place(place).open_file(path);
}

void take_away(const provision::Premises& premises, const Place& place, std::string_view path,
               const Beneath::Guard& guard, bool whole) {
  std::string gone = (room(premises) / "removed-XXXXXX").string();
  // A name that nobody has; the directory that is removed comes in the place of this empty one.
  if (::mkdtemp(gone.data()) == nullptr) throw not_ready();
  try {
    open_place(place).remove(path, guard, whole, gone);
  } catch (...) {
    sandbox::remove_tree(gone);
    throw;
  }
  sandbox::remove_tree(gone);
}

}  // namespace molecule::agent_files
