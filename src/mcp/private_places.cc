#include "mcp/private_places.h"

#include <algorithm>

#include "platform/process/environment.h"

namespace molecule::mcp {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [end, rest] = std::ranges::mismatch(folder, path);
  return end == folder.end();
}

// Another name of the same file, too.
bool is_same(const fs::path& place, const struct stat& file) {
  struct stat found{};
  return ::stat(place.c_str(), &found) == 0 && found.st_dev == file.st_dev &&
         found.st_ino == file.st_ino;
}

}  // namespace

PrivatePlaces::PrivatePlaces(const fs::path& state) {
  // What the system shows of processes and devices has credentials in it, and our own.
  for (const char* system : {"/proc", "/sys", "/dev"}) folders_.emplace_back(system);
  add(state);
  for (const char* name : {"CONFIGS_DIR", "MOLECULE_STATE_DIR", "MOLECULE_WORKSPACE_TOKEN_FILE",
                           "MOLECULE_API_KEY_FILE", "MOLECULE_CA_FILE", "MOLECULE_CONFIG",
                           "MOLECULE_DATA_DIR", "CLAUDE_CONFIG_DIR", "CODEX_HOME"}) {
    if (const auto named = process::environment(name); named && !named->empty()) add(*named);
  }
  add(process::default_data_directory());
  if (const auto base = process::environment("XDG_CONFIG_HOME")) add(fs::path(*base) / "molecule");
  if (const auto base = process::environment("XDG_STATE_HOME")) add(fs::path(*base) / "molecule");
  if (const auto home = process::environment("HOME")) {
    for (const char* name :
         {".molecule-workspace", ".molecule", ".claude", ".claude/channels/molecule",
          ".claude.json", ".codex", ".gemini", ".ssh", ".gnupg", ".aws", ".netrc", ".npmrc",
          ".git-credentials", ".config/molecule"})
      add(fs::path(*home) / name);
  }
}

void PrivatePlaces::add(const fs::path& place) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(place, error), error);
  if (error || real.empty()) return;
  if (!fs::is_directory(real, error)) {
    files_.push_back(real);
    return;
  }
  folders_.push_back(real);
  for (const char* credential : {".auth_token", ".env"}) files_.push_back(real / credential);
}

bool PrivatePlaces::hold(const fs::path& path, const struct stat& file) const {
  return std::ranges::any_of(folders_, [&](const auto& each) { return is_below(path, each); }) ||
         std::ranges::any_of(files_, [&](const auto& each) { return is_same(each, file); });
}

}  // namespace molecule::mcp
