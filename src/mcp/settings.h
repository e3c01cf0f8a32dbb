// What the environment says: whose server this is, where its platform answers, and how.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "client/credential.h"

namespace molecule::mcp {

struct Settings {
  std::string platform_url;                 // PLATFORM_URL
  std::vector<client::Credential> members;  // Not empty; the first is the primary.
  std::string name;                         // MOLECULE_AGENT_NAME
  std::string description;                  // MOLECULE_AGENT_DESCRIPTION
  std::vector<std::string> skills;          // MOLECULE_AGENT_SKILLS
  std::chrono::seconds wait_hint{2};        // MOLECULE_MCP_POLL_TIMEOUT_SECS; 0: push alone
  bool beats = true;                        // MOLECULE_MCP_DISABLE_HEARTBEAT
  std::string no_inbox = "the inbox is switched off (MOLECULE_MCP_DISABLE_INBOX)";
  bool has_inbox = true;                      // MOLECULE_MCP_DISABLE_INBOX
  std::chrono::seconds delegation_wait{300};  // DELEGATION_TIMEOUT
  std::string push_method;                    // MOLECULE_MCP_PUSH_METHOD
  std::filesystem::path state;                // CONFIGS_DIR, or what stands for it.
  std::string ca_file;                        // MOLECULE_CA_FILE

  // What only a channel's environment says (channel_settings.h).
  bool channel = false;                          // What is pushed is shown as a turn of its own.
  std::vector<std::string> urls;                 // Where each member's platform answers.
  bool registers = true;                         // MOLECULE_AUTO_REGISTER_POLL
  std::chrono::milliseconds beat_every{20'000};  // MOLECULE_HEARTBEAT_INTERVAL_MS
  // How old a message may be that nobody waits for, where none was handled before.
  std::chrono::seconds window{600};  // MOLECULE_POLL_WINDOW_SECS

  bool several() const { return members.size() > 1; }
  const std::string& url_of(std::size_t member) const {
    return urls.empty() ? platform_url : urls[member];
  }
};

// What stands where an id belongs, as it may be shown: it may be a token.
std::string beginning(std::string_view text);

// Throws Fault bad_request `bad_configuration` with every problem on a line of its own.
Settings read_settings();

// MOLECULE_MCP_POLL_TIMEOUT_SECS, read anew for every client.
std::chrono::seconds wait_hint();

}  // namespace molecule::mcp
