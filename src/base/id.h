// Strong 128-bit identifiers. Two kinds of id never have the same type, so a workspace id cannot be
// passed where a token id is meant. The text form is the lowercase canonical UUID spelling.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace molecule {

using IdBytes = std::array<std::uint8_t, 16>;

// Accepts any UUID spelling with dashes (upper or lower case). Nothing else.
std::optional<IdBytes> parse_id(std::string_view text);
std::string id_text(const IdBytes& bytes);

template <class Tag>
class Id {
 public:
  constexpr Id() = default;  // The nil id; never names anything.
  constexpr explicit Id(const IdBytes& bytes) : bytes_(bytes) {}

  static std::optional<Id> parse(std::string_view text) {
    auto bytes = parse_id(text);
    if (!bytes) return std::nullopt;
    return Id(*bytes);
  }
  std::string text() const { return id_text(bytes_); }
  const IdBytes& bytes() const { return bytes_; }
  bool nil() const { return bytes_ == IdBytes{}; }

  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  IdBytes bytes_{};
};

using WorkspaceId = Id<struct WorkspaceTag>;
using TokenId = Id<struct TokenTag>;
using TicketId = Id<struct TicketTag>;
using ActivityId = Id<struct ActivityTag>;
using SessionId = Id<struct SessionTag>;
using RequestId = Id<struct RequestTag>;
using DelegationId = Id<struct DelegationTag>;

}  // namespace molecule

template <class Tag>
struct std::hash<molecule::Id<Tag>> {
  std::size_t operator()(const molecule::Id<Tag>& id) const noexcept {
    // Ids may be chosen by clients, so both halves are mixed rather than one taken as random.
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, id.bytes().data(), 8);
    std::memcpy(&b, id.bytes().data() + 8, 8);
    a ^= b * 0x9e3779b97f4a7c15ULL;
    a ^= a >> 32;
    return static_cast<std::size_t>(a * 0xd6e8feb86659fd93ULL);
  }
};
