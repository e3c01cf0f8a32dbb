#include "join/belongings.h"

#include "platform/files/files.h"

namespace molecule::join {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t line_max = 4096;

std::optional<std::string> line_of(const fs::path& file) {
  auto text = files::read(file, line_max);
  if (!text) return std::nullopt;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) return std::nullopt;
  return text;
}

}  // namespace

fs::path Belongings::default_state() {
  if (auto chosen = process::environment("MOLECULE_STATE_DIR")) return *chosen;
  if (auto state = process::environment("XDG_STATE_HOME")) return fs::path(*state) / "molecule";
  if (auto home = process::environment("HOME"))
    return fs::path(*home) / ".local" / "state" / "molecule";
  throw bad_request("no_state_directory",
                    "nothing says where to keep the token: set MOLECULE_STATE_DIR or use --state");
}

Belongings::Belongings(const fs::path& state, WorkspaceId workspace)
    : directory_(state / "join" / workspace.text()) {
  files::make_private_directory(directory_);
  lock_.emplace(directory_);
}

std::optional<Secret> Belongings::token() const {
  auto line = line_of(directory_ / "token");
  if (!line) return std::nullopt;
  return Secret(std::move(*line));
}

void Belongings::keep_token(const Secret& token) {
  files::write_private(directory_ / "token", std::string(token.reveal()) + "\n");
}

std::optional<crypto::SigningKey> Belongings::key() const {
  const fs::path file = directory_ / "agent_key";
  if (!fs::exists(file)) return std::nullopt;
  return crypto::load_signing_key(file);
}

void Belongings::keep_key(const crypto::SigningKey& key) {
  crypto::create_signing_key(directory_ / "agent_key", key);
}

std::optional<std::string> Belongings::fingerprint() const {
  return line_of(directory_ / "platform_fingerprint");
}

void Belongings::keep_fingerprint(const std::string& fingerprint) {
  if (this->fingerprint() == fingerprint) return;
  files::write_private(directory_ / "platform_fingerprint", fingerprint + "\n");
}

}  // namespace molecule::join
