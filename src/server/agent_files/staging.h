// Work on an agent's files that blocks: a file on its way in, out of its sight until it is whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/files/beneath.h"
#include "platform/files/fresh_file.h"
#include "server/agent_files/places.h"

namespace molecule::agent_files {

inline constexpr std::size_t piece = 256u << 10;  // Bytes of a file that are held in memory.

class Staged {
 public:
  // Throws Fault conflict `files_not_ready` before the agent's first start.
  explicit Staged(const provision::Premises& premises);

  void append(std::string_view text);
  // Whether place() would put it there, as far as can be told before.
  void require_placeable(const Place& place, std::string_view path) const;
  // Throws Fault too_large `agent_disk_full` when the agent would have more than it may.
  files::Beneath::Placed place(const Place& place, std::string_view path,
                               const files::Beneath::Guard& guard);

 private:
  void require_to_fit(const Place& place, std::string_view path) const;

  const provision::Premises& premises_;
  files::FreshFile file_;
  std::uint64_t size_ = 0;
};

// Throws Fault bad_request `config_invalid` with the problems when no agent could go by it.
void require_config(std::string_view text);

struct Text {
  std::string content;
  std::string version;
};
// Nothing: it is longer. Throws Fault conflict `file_not_text` for what is no UTF-8.
std::optional<Text> read_text(const Place& place, std::string_view path, std::size_t most);

files::Beneath::Opened open_file(const Place& place, std::string_view path);

void take_away(const provision::Premises& premises, const Place& place, std::string_view path,
               const files::Beneath::Guard& guard, bool whole);

}  // namespace molecule::agent_files
