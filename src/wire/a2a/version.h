// The version of A2A that a request says it is in (specification 1.0 §3.6).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/fault.h"
#include "wire/a2a/a2a.h"

namespace molecule::a2a {

inline constexpr std::string_view version_name = "A2A-Version";

// What is spoken where, newest first.
inline constexpr std::string_view rpc_versions[] = {"1.0", "0.3"};
inline constexpr std::string_view rest_versions[] = {"1.0"};

// Of "1.0", "1.0.1" or the like; a patch number says nothing. Nothing for what is none of ours.
std::optional<Generation> version_of(std::string_view text);
// Throws Fault version_not_supported, which names what is spoken. Nothing asked is nothing wrong:
// a method's name and a path tell their generation.
void require_version(std::optional<std::string_view> asked,
                     std::span<const std::string_view> spoken);

}  // namespace molecule::a2a
