// Network addresses and what kind of place they are. The platform connects to URLs that strangers
// register, so every address is asked where it leads before a socket is opened: only globally
// routed unicast is public, everything else has a name for the refusal.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::net {

// Where an address leads, from the IANA special-purpose registries.
enum class Range {
  global,
  unspecified,      // 0.0.0.0, ::
  this_network,     // 0.0.0.0/8
  loopback,         // 127.0.0.0/8, ::1
  private_network,  // 10/8, 172.16/12, 192.168/16
  unique_local,     // fc00::/7
  carrier_nat,      // 100.64.0.0/10
  link_local,       // 169.254/16 (cloud metadata lives here), fe80::/10
  site_local,       // fec0::/10
  protocol,         // 192.0.0.0/24, 192.88.99.0/24, 2001::/23 and 5f00::/16
  documentation,    // the three TEST-NETs, 2001:db8::/32, 3fff::/20
  benchmarking,     // 198.18.0.0/15, 2001:2::/48
  multicast,        // 224.0.0.0/4, ff00::/8
  broadcast,        // 255.255.255.255
  reserved,         // 240.0.0.0/4, and IPv6 outside 2000::/3
  compatible,       // ::/96, obsolete
  tunnelled,        // 6to4 2002::/16, Teredo 2001::/32
  translated,       // NAT64 for local use, 64:ff9b:1::/48
  discard,          // 100::/64
  orchid,           // 2001:10::/28, 2001:20::/28
};
std::string_view range_text(Range range);  // For a sentence: "link-local".

class Address {
 public:
  using V4 = std::array<std::uint8_t, 4>;
  using V6 = std::array<std::uint8_t, 16>;

  // 0.0.0.0
  Address() = default;
  explicit Address(const V4& bytes);
  // An IPv4-mapped address (::ffff:a.b.c.d) is the IPv4 address it stands for, so it cannot be used
  // to get round a rule about the latter.
  explicit Address(const V6& bytes);

  // Four decimal numbers without leading zeros, or RFC 4291 text without brackets or zone. Nothing
  // else: not 127.1, 0x7f000001, 017700000001 or 0177.0.0.1, which other programs read as
  // addresses.
  static std::optional<Address> parse(std::string_view text);

  bool v6() const { return v6_; }
  V4 v4_bytes() const { return {bytes_[12], bytes_[13], bytes_[14], bytes_[15]}; }
  const V6& v6_bytes() const { return bytes_; }  // Of an IPv4 address: the mapped form.
  std::string text() const;

  // Addresses that embed another one for a translator (64:ff9b::/96) are in the embedded one's
  // range.
  Range range() const;
  bool is_public() const { return range() == Range::global; }

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  V6 bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  bool v6_ = false;
};

// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or one address alone. Bits below the prefix must
// be zero, so a typing error does not open more than was meant.
class Cidr {
 public:
  static std::optional<Cidr> parse(std::string_view text);
  bool contains(const Address& address) const;
  std::string text() const;

 private:
  Address first_;
  int bits_ = 0;  // Of the family's own length.
};

}  // namespace molecule::net
