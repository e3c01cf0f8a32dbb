// Revisions of MCP that are spoken, and what sets them apart.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace molecule::mcp {

// Of the handshake era, oldest first. Their texts compare as their dates do.
inline constexpr std::array<std::string_view, 4> handshake_revisions{"2024-11-05", "2025-03-26",
                                                                     "2025-06-18", "2025-11-25"};
// Each request says who speaks; there is no handshake.
inline constexpr std::string_view stateless_revision = "2026-07-28";

inline bool is_handshake_revision(std::string_view text) {
  return std::ranges::find(handshake_revisions, text) != handshake_revisions.end();
}

// What an initialize is answered with.
inline std::string_view agreed_on(std::string_view asked) {
  return is_handshake_revision(asked) ? asked : handshake_revisions.back();
}

inline bool knows_batches(std::string_view revision) { return revision <= "2025-03-26"; }
inline bool knows_annotations(std::string_view revision) { return revision >= "2025-03-26"; }
inline bool knows_audio(std::string_view revision) { return revision >= "2025-03-26"; }
inline bool knows_completions(std::string_view revision) { return revision >= "2025-03-26"; }
inline bool knows_resource_links(std::string_view revision) { return revision >= "2025-06-18"; }
inline bool knows_elicitation(std::string_view revision) { return revision >= "2025-06-18"; }
inline bool knows_titles(std::string_view revision) { return revision >= "2025-06-18"; }

namespace meta {
inline constexpr std::string_view version = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view capabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view server = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view subscription = "io.modelcontextprotocol/subscriptionId";
}  // namespace meta

// Codes of errors beside those of JSON-RPC.
inline constexpr int resource_not_found = -32002;  // Before the stateless era.
inline constexpr int header_mismatch = -32020;
inline constexpr int unsupported_version = -32022;

}  // namespace molecule::mcp
