#include "cli/profiles.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/files/file_lock.h"
#include "platform/files/files.h"
#include "platform/process/environment.h"

namespace molecule::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_max = 256u << 10;
constexpr std::size_t name_max = 64;
constexpr std::chrono::seconds lock_patience{10};
constexpr files::Codes codes{"profiles_unreadable", "profiles_unsafe"};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > name_max || text.front() == '-') return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// The whole file, which holds tokens: the room is wiped.
Secret private_text(const fs::path& file) {
  std::string room(file_max, '\0');
  const std::size_t size = files::read_private(file, room, codes);
  Secret text(room.substr(0, size));
  std::ranges::fill(room, '\0');
  if (size == file_max) {
    throw bad_request("bad_profiles",
                      fmt::format("{} is larger than {} bytes", file.string(), file_max));
  }
  return text;
}

// Beside the file, which itself is replaced: a lock of the old one would hold nobody off.
files::FileLock locked(const fs::path& file) {
  std::error_code error;
  const fs::path folder = files::folder_of(file);
  if (!fs::exists(folder, error)) files::make_private_directory(folder);
  return {file.string() + ".lock", lock_patience};
}

}  // namespace

fs::path Profiles::usual_file() {
  if (auto named = process::environment("MOLECULE_CONFIG")) return *named;
  if (auto home = process::environment("XDG_CONFIG_HOME"))
    return fs::path(*home) / "molecule" / "profiles.conf";
  const std::string home = process::environment("HOME").value_or("/");
  return fs::path(home) / ".config" / "molecule" / "profiles.conf";
}

Profiles Profiles::load(const fs::path& file) {
  Profiles profiles;
  profiles.file_ = file;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(file, error);
  if (!fs::exists(status)) return profiles;
  if (fs::is_symlink(status)) {
    throw conflict(std::string(codes.unsafe),
                   fmt::format("{}: must be a plain file, no link", file.string()));
  }
  profiles.exists_ = true;
  const Secret text = private_text(file);
  std::string_view rest = text.reveal();
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    profiles.take_line(trimmed(rest.substr(0, end)), number);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  return profiles;
}

// No fault repeats a line: it may hold a token.
void Profiles::take_line(std::string_view line, int number) {
  const auto wrong = [&](std::string_view what) {
    return bad_request("bad_profiles",
                       fmt::format("{}, line {}: {}", file_.string(), number, what));
  };
  if (line.empty() || line.front() == '#') return;
  if (line.front() == '[') {
    const std::string_view name =
        line.back() == ']' ? trimmed(line.substr(1, line.size() - 2)) : std::string_view();
    if (!is_name(name)) throw wrong("a profile begins with its [name]");
    if (look_up(name) != nullptr) throw wrong("this profile is there already");
    make(name);
    return;
  }
  const std::size_t equals = line.find('=');
  if (equals == line.npos) throw wrong("expected key = value");
  const std::string_view key = trimmed(line.substr(0, equals));
  const std::string value(trimmed(line.substr(equals + 1)));
  if (all_.empty()) {
    if (key != "current") throw wrong("only `current` may stand before the first [name]");
    current_ = value;
    return;
  }
  Profile& profile = all_.back();
  if (key == "url") {
    profile.url = value;
  } else if (key == "token") {
    profile.token = Secret(value);
  } else if (key == "ca") {
    profile.ca_file = value;
  } else if (key == "output") {
    profile.output = value;
  } else {
    profile.others.emplace_back(key, value);
  }
}

Profile* Profiles::look_up(std::string_view name) {
  const auto found =
      std::ranges::find_if(all_, [&](const Profile& each) { return each.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

Profile& Profiles::find(std::string_view name) {
  if (Profile* found = look_up(name)) return *found;
  std::string known;
  for (const Profile& each : all_) known += (known.empty() ? "" : ", ") + each.name;
  throw bad_request("profile_not_found",
                    known.empty() ? fmt::format("{} holds no profile yet", file_.string())
                                  : fmt::format("there is no profile {}; {} holds {}", name,
                                                file_.string(), known));
}

Profile& Profiles::make(std::string_view name) {
  if (Profile* found = look_up(name)) return *found;
  if (!is_name(name)) {
    throw bad_request("bad_profile_name",
                      "the name of a profile is made of letters, digits, and - _ . between them");
  }
  Profile profile;
  profile.name = name;
  return all_.emplace_back(std::move(profile));
}

void Profiles::remove(std::string_view name) {
  std::erase_if(all_, [&](const Profile& each) { return each.name == name; });
  if (current_ == name) current_.clear();
}

void Profiles::change(const fs::path& file, const std::function<void(Profiles&)>& how) {
  const files::FileLock lock = locked(file);
  Profiles profiles = load(file);
  how(profiles);
  profiles.save();
}

void Profiles::begin_anew(const fs::path& file, std::string_view text,
                          const std::function<void(const Profiles&)>& when) {
  const files::FileLock lock = locked(file);
  when(load(file));
  files::write_private(file, text, codes);
}

void Profiles::save() const {
  std::string text = "# Platforms that `molecule` works with; it holds tokens, keep it private.\n";
  if (!current_.empty()) text += fmt::format("current = {}\n", current_);
  for (const Profile& each : all_) {
    text += fmt::format("\n[{}]\n", each.name);
    if (!each.url.empty()) text += fmt::format("url = {}\n", each.url);
    if (!each.token.empty()) text += fmt::format("token = {}\n", each.token.reveal());
    if (!each.ca_file.empty()) text += fmt::format("ca = {}\n", each.ca_file);
    if (!each.output.empty()) text += fmt::format("output = {}\n", each.output);
    for (const auto& [key, value] : each.others) text += fmt::format("{} = {}\n", key, value);
  }
  const Secret whole(std::move(text));
  files::write_private(file_, whole.reveal(), codes);
}

}  // namespace molecule::cli
