#include "platform/net/address.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

namespace molecule::net {
namespace {

// Whether the first `bits` bits agree.
bool shares_prefix(const std::uint8_t* a, const std::uint8_t* b, int bits) {
  int whole = bits / 8;
  if (std::memcmp(a, b, static_cast<std::size_t>(whole)) != 0) return false;
  int rest = bits % 8;
  if (rest == 0) return true;
  auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (a[whole] & mask) == (b[whole] & mask);
}

bool rest_is_zero(const Address::V6& bytes, int bits) {
  for (int bit = bits; bit < 128; ++bit) {
    if (bytes[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) return false;
  }
  return true;
}

struct V4Block {
  Address::V4 first;
  int bits;
  Range range;
};
// The first match counts, so a narrow block stands before the wide one around it.
constexpr V4Block v4_blocks[] = {
    {{0, 0, 0, 0}, 32, Range::unspecified},         {{0, 0, 0, 0}, 8, Range::this_network},
    {{10, 0, 0, 0}, 8, Range::private_network},     {{100, 64, 0, 0}, 10, Range::carrier_nat},
    {{127, 0, 0, 0}, 8, Range::loopback},           {{169, 254, 0, 0}, 16, Range::link_local},
    {{172, 16, 0, 0}, 12, Range::private_network},  {{192, 0, 0, 0}, 24, Range::protocol},
    {{192, 0, 2, 0}, 24, Range::documentation},     {{192, 88, 99, 0}, 24, Range::protocol},
    {{192, 168, 0, 0}, 16, Range::private_network}, {{198, 18, 0, 0}, 15, Range::benchmarking},
    {{198, 51, 100, 0}, 24, Range::documentation},  {{203, 0, 113, 0}, 24, Range::documentation},
    {{224, 0, 0, 0}, 4, Range::multicast},          {{255, 255, 255, 255}, 32, Range::broadcast},
    {{240, 0, 0, 0}, 4, Range::reserved},
};

struct V6Block {
  Address::V6 first;
  int bits;
  Range range;
};
constexpr V6Block v6_blocks[] = {
    {{}, 128, Range::unspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, Range::loopback},
    {{}, 96, Range::compatible},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, Range::translated},
    {{1}, 64, Range::discard},
    {{0x20, 0x01, 0, 0}, 32, Range::tunnelled},
    {{0x20, 0x01, 0, 2, 0, 0}, 48, Range::benchmarking},
    {{0x20, 0x01, 0, 0x10}, 28, Range::orchid},
    {{0x20, 0x01, 0, 0x20}, 28, Range::orchid},
    {{0x20, 0x01, 0, 0}, 23, Range::protocol},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, Range::documentation},
    {{0x20, 0x02}, 16, Range::tunnelled},
    {{0x3f, 0xff, 0}, 20, Range::documentation},
    {{0x5f, 0x00}, 16, Range::protocol},
    {{0xfc}, 7, Range::unique_local},
    {{0xfe, 0x80}, 10, Range::link_local},
    {{0xfe, 0xc0}, 10, Range::site_local},
    {{0xff}, 8, Range::multicast},
};

constexpr Address::V6 nat64 = {0, 0x64, 0xff, 0x9b};
constexpr Address::V6 global_unicast = {0x20};
constexpr Address::V6 mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Range range_of_v4(const Address::V4& bytes) {
  for (const V4Block& block : v4_blocks) {
    if (shares_prefix(bytes.data(), block.first.data(), block.bits)) return block.range;
  }
  return Range::global;
}

}  // namespace

std::string_view range_text(Range range) {
  switch (range) {
    case Range::global: return "public";
    case Range::unspecified: return "unspecified";
    case Range::this_network: return "this network";
    case Range::loopback: return "loopback";
    case Range::private_network: return "private network";
    case Range::unique_local: return "unique local";
    case Range::carrier_nat: return "carrier-grade NAT";
    case Range::link_local: return "link-local";
    case Range::site_local: return "site-local";
    case Range::protocol: return "protocol assignment";
    case Range::documentation: return "documentation";
    case Range::benchmarking: return "benchmarking";
    case Range::multicast: return "multicast";
    case Range::broadcast: return "broadcast";
    case Range::reserved: return "reserved";
    case Range::compatible: return "IPv4-compatible";
    case Range::tunnelled: return "tunnelled";
    case Range::translated: return "locally translated";
    case Range::discard: return "discard";
    case Range::orchid: return "ORCHID";
  }
  return "unknown";
}

Address::Address(const V4& bytes) { std::ranges::copy(bytes, bytes_.begin() + 12); }

Address::Address(const V6& bytes)
    : bytes_(bytes), v6_(!shares_prefix(bytes.data(), mapped.data(), 96)) {}

std::optional<Address> Address::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1] = {};
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != text.npos)
    return std::nullopt;
  std::ranges::copy(text, terminated);
  V4 v4{};
  if (::inet_pton(AF_INET, terminated, v4.data()) == 1) {
    // Some systems accept leading zeros; only the text we would write ourselves is an address here.
    Address address(v4);
    if (address.text() != text) return std::nullopt;
    return address;
  }
  V6 v6{};
  if (::inet_pton(AF_INET6, terminated, v6.data()) == 1) return Address(v6);
  return std::nullopt;
}

std::string Address::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  const void* from = v6_ ? bytes_.data() : bytes_.data() + 12;
  ::inet_ntop(v6_ ? AF_INET6 : AF_INET, from, buffer, sizeof buffer);
  return buffer;
}

Range Address::range() const {
  if (!v6_) return range_of_v4(v4_bytes());
  // A network whose resolver synthesises these reaches every IPv4 host this way, so the host
  // decides.
  if (shares_prefix(bytes_.data(), nat64.data(), 96)) return range_of_v4(v4_bytes());
  for (const V6Block& block : v6_blocks) {
    if (shares_prefix(bytes_.data(), block.first.data(), block.bits)) return block.range;
  }
  return shares_prefix(bytes_.data(), global_unicast.data(), 3) ? Range::global : Range::reserved;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int longest = address->v6() ? 128 : 32;
  Cidr block;
  block.first_ = *address;
  block.bits_ = longest;
  if (slash == text.npos) return block;

  std::string_view digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  int bits = 0;
  for (char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    bits = bits * 10 + (digit - '0');
  }
  if (bits > longest) return std::nullopt;
  block.bits_ = bits;
  if (!rest_is_zero(address->v6_bytes(), 128 - longest + bits)) return std::nullopt;
  return block;
}

bool Cidr::contains(const Address& address) const {
  if (address.v6() != first_.v6()) return false;
  const int skipped = first_.v6() ? 0 : 96;
  return shares_prefix(address.v6_bytes().data(), first_.v6_bytes().data(), skipped + bits_);
}

std::string Cidr::text() const { return first_.text() + "/" + std::to_string(bits_); }

}  // namespace molecule::net
