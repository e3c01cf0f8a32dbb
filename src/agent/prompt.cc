#include "agent/prompt.h"

#include <fmt/format.h>

#include "agent/coordinator.h"
#include "platform/files/files.h"

namespace molecule::agent {
namespace {

constexpr std::size_t file_max = 256u << 10;

void add(std::string& out, std::string_view block) {
  while (block.ends_with('\n')) block.remove_suffix(1);
  if (block.empty()) return;
  if (!out.empty()) out += "\n\n";
  out += block;
}

constexpr std::string_view how_to_speak =
    "# Your organisation\n"
    "You are one member of an organisation of agents. What you are told comes from a person or from a "
    "colleague; your answer goes back to whoever asked. The tools of the server `molecule` reach the "
    "others: list_peers shows whom you may ask, delegate_task hands one of them a piece of work and "
    "gives you the result, delegate_task_async does it without waiting and check_task_status tells how "
    "it stands, send_message_to_user writes to the person besides your answer.\n"
    "When a colleague fails, try once more after half a minute if the trouble looks passing; say so in "
    "your answer if it does not, and never leave a piece of work out in silence.";

}  // namespace

std::string system_text(const Config& config, const Skills& skills, const std::string& peers,
                        bool tools, bool leads) {
  std::string out;
  if (const std::string& name = config.text("name"); !name.empty()) {
    const std::string& role = config.text("role");
    add(out, role.empty() ? fmt::format("You are {}.", name)
                          : fmt::format("You are {}: {}.", name, role));
  }
  for (const std::string& name : config.list("prompt_files"))
    add(out, files::read(config.directory() / name, file_max).value_or(""));
  for (const char* name : {"MEMORY.md", "USER.md"})
    add(out, files::read(config.directory() / name, file_max).value_or(""));
  if (leads) add(out, team_rules());
  if (!skills.loaded.empty()) {
    std::string block = "# Your skills";
    for (const Skill& each : skills.loaded)
      block += fmt::format("\n\n## {}\n{}\n\n{}", each.name, each.description, each.body);
    add(out, block);
  }
  if (tools) add(out, how_to_speak);
  if (!peers.empty()) add(out, "# Your colleagues\n" + peers);
  return out;
}

}  // namespace molecule::agent
