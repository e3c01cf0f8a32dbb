// What the environment says: whose server this is, where its platform answers, and how.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
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

  bool several() const { return members.size() > 1; }
};

// Throws Fault bad_request `bad_configuration` with every problem on a line of its own.
Settings read_settings();

// MOLECULE_MCP_POLL_TIMEOUT_SECS, read anew for every client.
std::chrono::seconds wait_hint();

}  // namespace molecule::mcp
