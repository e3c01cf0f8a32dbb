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

// What an initialize is answered with.
inline std::string_view agreed_on(std::string_view asked) {
  const bool known = std::ranges::find(handshake_revisions, asked) != handshake_revisions.end();
  return known ? asked : handshake_revisions.back();
}

inline bool knows_annotations(std::string_view revision) { return revision >= "2025-03-26"; }
inline bool knows_titles(std::string_view revision) { return revision >= "2025-06-18"; }

namespace meta {
inline constexpr std::string_view version = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view capabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view server = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view subscription = "io.modelcontextprotocol/subscriptionId";
}  // namespace meta

inline constexpr int unsupported_version = -32022;

}  // namespace molecule::mcp
