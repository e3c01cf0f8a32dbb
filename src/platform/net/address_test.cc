#include "platform/net/address.h"

#include <string>

#include <gtest/gtest.h>

namespace molecule::net {
namespace {

struct Case {
  std::string_view text;
  Range range;
};

// First and last of every block, and the neighbours outside it.
constexpr Case cases[] = {
    {"0.0.0.0", Range::unspecified},
    {"0.0.0.1", Range::this_network},
    {"0.255.255.255", Range::this_network},
    {"1.0.0.0", Range::global},
    {"1.1.1.1", Range::global},
    {"8.8.8.8", Range::global},
    {"9.255.255.255", Range::global},
    {"10.0.0.0", Range::private_network},
    {"10.1.2.3", Range::private_network},
    {"10.255.255.255", Range::private_network},
    {"11.0.0.0", Range::global},
    {"100.63.255.255", Range::global},
    {"100.64.0.0", Range::carrier_nat},
    {"100.100.100.200", Range::carrier_nat},
    {"100.127.255.255", Range::carrier_nat},
    {"100.128.0.0", Range::global},
    {"126.255.255.255", Range::global},
    {"127.0.0.0", Range::loopback},
    {"127.0.0.1", Range::loopback},
    {"127.1.2.3", Range::loopback},
    {"127.255.255.255", Range::loopback},
    {"128.0.0.0", Range::global},
    {"169.253.255.255", Range::global},
    {"169.254.0.0", Range::link_local},
    {"169.254.169.254", Range::link_local},
    {"169.254.255.255", Range::link_local},
    {"169.255.0.0", Range::global},
    {"172.15.255.255", Range::global},
    {"172.16.0.0", Range::private_network},
    {"172.17.0.1", Range::private_network},
    {"172.31.255.255", Range::private_network},
    {"172.32.0.0", Range::global},
    {"191.255.255.255", Range::global},
    {"192.0.0.0", Range::protocol},
    {"192.0.0.170", Range::protocol},
    {"192.0.0.255", Range::protocol},
    {"192.0.1.0", Range::global},
    {"192.0.1.255", Range::global},
    {"192.0.2.0", Range::documentation},
    {"192.0.2.255", Range::documentation},
    {"192.0.3.0", Range::global},
    {"192.88.98.255", Range::global},
    {"192.88.99.0", Range::protocol},
    {"192.88.99.1", Range::protocol},
    {"192.88.99.255", Range::protocol},
    {"192.88.100.0", Range::global},
    {"192.167.255.255", Range::global},
    {"192.168.0.0", Range::private_network},
    {"192.168.1.1", Range::private_network},
    {"192.168.255.255", Range::private_network},
    {"192.169.0.0", Range::global},
    {"198.17.255.255", Range::global},
    {"198.18.0.0", Range::benchmarking},
    {"198.19.255.255", Range::benchmarking},
    {"198.20.0.0", Range::global},
    {"198.51.99.255", Range::global},
    {"198.51.100.0", Range::documentation},
    {"198.51.100.255", Range::documentation},
    {"198.51.101.0", Range::global},
    {"203.0.112.255", Range::global},
    {"203.0.113.0", Range::documentation},
    {"203.0.113.255", Range::documentation},
    {"203.0.114.0", Range::global},
    {"223.255.255.255", Range::global},
    {"224.0.0.0", Range::multicast},
    {"224.0.0.251", Range::multicast},
    {"239.255.255.255", Range::multicast},
    {"240.0.0.0", Range::reserved},
    {"250.1.1.1", Range::reserved},
    {"255.255.255.254", Range::reserved},
    {"255.255.255.255", Range::broadcast},

    {"::", Range::unspecified},
    {"0:0:0:0:0:0:0:0", Range::unspecified},
    {"::1", Range::loopback},
    {"0:0:0:0:0:0:0:1", Range::loopback},
    {"0000:0000:0000:0000:0000:0000:0000:0001", Range::loopback},
    {"::2", Range::compatible},
    {"::127.0.0.1", Range::compatible},
    {"::7f00:1", Range::compatible},
    {"::8.8.8.8", Range::compatible},
    {"::10.0.0.1", Range::compatible},
    {"::169.254.169.254", Range::compatible},
    {"::ffff:0.0.0.0", Range::unspecified},
    {"::ffff:127.0.0.1", Range::loopback},
    {"::ffff:7f00:1", Range::loopback},
    {"::FFFF:127.0.0.1", Range::loopback},
    {"0:0:0:0:0:ffff:7f00:0001", Range::loopback},
    {"::ffff:10.0.0.1", Range::private_network},
    {"::ffff:a00:1", Range::private_network},
    {"::ffff:172.16.0.1", Range::private_network},
    {"::ffff:192.168.0.1", Range::private_network},
    {"::ffff:c0a8:1", Range::private_network},
    {"::ffff:169.254.169.254", Range::link_local},
    {"::ffff:a9fe:a9fe", Range::link_local},
    {"::ffff:100.64.0.1", Range::carrier_nat},
    {"::ffff:198.18.0.1", Range::benchmarking},
    {"::ffff:224.0.0.1", Range::multicast},
    {"::ffff:255.255.255.255", Range::broadcast},
    {"::ffff:240.0.0.1", Range::reserved},
    {"::ffff:192.0.2.1", Range::documentation},
    {"::ffff:0.1.2.3", Range::this_network},
    {"::ffff:8.8.8.8", Range::global},
    {"::ffff:0:127.0.0.1", Range::reserved},  // IPv4-translated, obsolete.
    {"::1:0:0:1", Range::reserved},
    {"0:1::", Range::reserved},
    {"64:ff9b::8.8.8.8", Range::global},
    {"64:ff9b::808:808", Range::global},
    {"64:ff9b::127.0.0.1", Range::loopback},
    {"64:ff9b::7f00:1", Range::loopback},
    {"64:ff9b::10.0.0.1", Range::private_network},
    {"64:ff9b::192.168.1.1", Range::private_network},
    {"64:ff9b::169.254.169.254", Range::link_local},
    {"64:ff9b::a9fe:a9fe", Range::link_local},
    {"64:ff9b::100.64.0.1", Range::carrier_nat},
    {"64:ff9b::0.0.0.0", Range::unspecified},
    {"64:ff9b::224.0.0.1", Range::multicast},
    {"64:ff9b::255.255.255.255", Range::broadcast},
    {"64:ff9b:0:0:1::", Range::reserved},
    {"64:ff9b:1::", Range::translated},
    {"64:ff9b:1::8.8.8.8", Range::translated},
    {"64:ff9b:1::127.0.0.1", Range::translated},
    {"64:ff9b:1:fffe::7f00:1", Range::translated},
    {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Range::translated},
    {"64:ff9b:2::1", Range::reserved},
    {"64:ff9a::1", Range::reserved},
    {"100::", Range::discard},
    {"100::1", Range::discard},
    {"100::ffff:ffff:ffff:ffff", Range::discard},
    {"100:0:0:1::", Range::reserved},
    {"1fff:ffff::1", Range::reserved},
    {"2000::", Range::global},
    {"2000::1", Range::global},
    {"2001::", Range::tunnelled},
    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", Range::tunnelled},
    {"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Range::tunnelled},
    {"2001:1::1", Range::protocol},
    {"2001:2::", Range::benchmarking},
    {"2001:2:0:ffff::1", Range::benchmarking},
    {"2001:2:1::", Range::protocol},
    {"2001:3::1", Range::protocol},
    {"2001:f:ffff::1", Range::protocol},
    {"2001:10::", Range::orchid},
    {"2001:1f:ffff::1", Range::orchid},
    {"2001:20::", Range::orchid},
    {"2001:2f:ffff::1", Range::orchid},
    {"2001:30::1", Range::protocol},
    {"2001:1ff:ffff::", Range::protocol},
    {"2001:200::", Range::global},
    {"2001:4860:4860::8888", Range::global},
    {"2001:db7:ffff::1", Range::global},
    {"2001:db8::", Range::documentation},
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Range::documentation},
    {"2001:DB8::1", Range::documentation},
    {"2001:db9::", Range::global},
    {"2002::", Range::tunnelled},
    {"2002:7f00:1::", Range::tunnelled},
    {"2002:a9fe:a9fe::1", Range::tunnelled},
    {"2002:808:808::1", Range::tunnelled},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::tunnelled},
    {"2003::1", Range::global},
    {"2400:cb00::1", Range::global},
    {"2606:4700:4700::1111", Range::global},
    {"2a00:1450:4001:800::200e", Range::global},
    {"3ffe::1", Range::global},
    {"3fff::", Range::documentation},
    {"3fff:fff:ffff::1", Range::documentation},
    {"3fff:1000::", Range::global},
    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::global},
    {"4000::", Range::reserved},
    {"5f00::1", Range::protocol},
    {"5f01::1", Range::reserved},
    {"8000::1", Range::reserved},
    {"e000::1", Range::reserved},
    {"fbff::1", Range::reserved},
    {"fc00::", Range::unique_local},
    {"fc00::1", Range::unique_local},
    {"fd00:ec2::254", Range::unique_local},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::unique_local},
    {"fe00::1", Range::reserved},
    {"fe7f::1", Range::reserved},
    {"fe80::", Range::link_local},
    {"fe80::1", Range::link_local},
    {"fe80::a9fe:a9fe", Range::link_local},
    {"febf:ffff::1", Range::link_local},
    {"fec0::", Range::site_local},
    {"feff:ffff::1", Range::site_local},
    {"ff00::", Range::multicast},
    {"ff01::1", Range::multicast},
    {"ff02::1", Range::multicast},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::multicast},
};

TEST(Address, IsInTheRangeTheRegistriesName) {
  for (const Case& each : cases) {
    auto address = Address::parse(each.text);
    ASSERT_TRUE(address.has_value()) << each.text;
    EXPECT_EQ(range_text(address->range()), range_text(each.range)) << each.text;
    EXPECT_EQ(address->is_public(), each.range == Range::global) << each.text;
  }
}

// Other programs read these as addresses, most of them as 127.0.0.1.
constexpr std::string_view not_addresses[] = {
    "",
    " ",
    "0",
    "127",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    ".127.0.0.1",
    "127..0.1",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1\n",
    "127.0.0.1/8",
    "127.0.0.1:80",
    "127.0.0.1.1",
    "127.0.0.256",
    "127.0.0.-1",
    "127.0.0.+1",
    "127.0.0.1e0",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.01",
    "127.0.00.1",
    "127.000.000.001",
    "00127.0.0.1",
    "010.0.0.1",
    "0300.0250.1.1",
    "4294967295",
    "4294967296",
    "99999999999",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.4x",
    "a.b.c.d",
    "\xef\xbc\x91.1.1.1",
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1",
    "[::1]",
    ":::",
    ":",
    "1::2::3",
    "::1%lo",
    "fe80::1%eth0",
    "::1/128",
    "12345::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "::ffff:127.1",
    "::ffff:0177.0.0.1",
    "::ffff:127.0.0.256",
    "::g",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "::127.0.0.1.",
    "0000:0000:0000:0000:0000:0000:0000:0000:0001",
};

TEST(Address, IsWrittenInOneWayOnly) {
  for (auto text : not_addresses) EXPECT_FALSE(Address::parse(text).has_value()) << text;
  EXPECT_FALSE(Address::parse(std::string_view("127.0.0.1\0", 10)).has_value());
  EXPECT_FALSE(Address::parse(std::string_view("1\0", 2)).has_value());
  EXPECT_FALSE(Address::parse(std::string(1000, '1')).has_value());
}

TEST(Address, ReadsWhatItWrites) {
  for (const Case& each : cases) {
    auto address = Address::parse(each.text);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(Address::parse(address->text()), address) << each.text;
  }
  EXPECT_EQ(Address::parse("2001:DB8:0:0:0:0:0:1")->text(), "2001:db8::1");
  EXPECT_EQ(Address::parse("::ffff:127.0.0.1")->text(), "127.0.0.1");
}

TEST(Address, MappedIsTheAddressItMaps) {
  EXPECT_EQ(Address::parse("::ffff:10.1.2.3"), Address::parse("10.1.2.3"));
  EXPECT_FALSE(Address::parse("::ffff:10.1.2.3")->v6());
  EXPECT_TRUE(Address::parse("64:ff9b::10.1.2.3")->v6());
}

TEST(Cidr, ContainsItsBlock) {
  auto block = Cidr::parse("10.0.0.0/8");
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->text(), "10.0.0.0/8");
  EXPECT_TRUE(block->contains(*Address::parse("10.255.0.1")));
  EXPECT_TRUE(block->contains(*Address::parse("::ffff:10.1.1.1")));
  EXPECT_FALSE(block->contains(*Address::parse("11.0.0.0")));
  EXPECT_FALSE(block->contains(*Address::parse("::a00:1")));

  auto odd = Cidr::parse("172.16.0.0/12");
  EXPECT_TRUE(odd->contains(*Address::parse("172.31.255.255")));
  EXPECT_FALSE(odd->contains(*Address::parse("172.32.0.0")));

  auto local = Cidr::parse("fd00::/8");
  EXPECT_TRUE(local->contains(*Address::parse("fd12::1")));
  EXPECT_FALSE(local->contains(*Address::parse("fc12::1")));

  auto one = Cidr::parse("127.0.0.1");
  EXPECT_TRUE(one->contains(*Address::parse("127.0.0.1")));
  EXPECT_FALSE(one->contains(*Address::parse("127.0.0.2")));

  auto all = Cidr::parse("0.0.0.0/0");
  EXPECT_TRUE(all->contains(*Address::parse("255.255.255.255")));
  EXPECT_FALSE(all->contains(*Address::parse("::1")));
}

TEST(Cidr, RefusesWhatCouldOpenMoreThanWasMeant) {
  for (auto text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1",
                    "10.0.0.0/8 ", "10.0.0.1/8", "10.1.0.0/8", "10/8", "fd00::/129", "fd00::1/8",
                    "fd00::/8/8", "::/1x", "localhost", "10.0.0.0/255.0.0.0", "192.168.1.1/31"}) {
    EXPECT_FALSE(Cidr::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace molecule::net
