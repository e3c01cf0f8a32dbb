#include "platform/net/url.h"

#include <string>

#include <gtest/gtest.h>

#include "base/fault.h"

namespace molecule::net {
namespace {

TEST(Url, ReadsItsParts) {
  Url url = Url::parse("HTTP://Agent.Example.COM:8443/a2a/x?y=1&z=%20#part");
  EXPECT_EQ(url.scheme, Scheme::http);
  EXPECT_EQ(url.host, "agent.example.com");
  EXPECT_FALSE(url.literal.has_value());
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a2a/x?y=1&z=%20");
  EXPECT_EQ(url.origin(), "http://agent.example.com:8443");
  EXPECT_EQ(url.text(), "http://agent.example.com:8443/a2a/x?y=1&z=%20");
}

TEST(Url, KnowsThePortOfItsScheme) {
  EXPECT_EQ(Url::parse("http://a.example").port, 80);
  EXPECT_EQ(Url::parse("https://a.example").port, 443);
  EXPECT_EQ(Url::parse("https://a.example:443/").authority(), "a.example");
  EXPECT_EQ(Url::parse("https://a.example:80/").authority(), "a.example:80");
  EXPECT_EQ(Url::parse("http://a.example:80/").origin(), Url::parse("http://A.example").origin());
  EXPECT_NE(Url::parse("http://a.example/").origin(), Url::parse("https://a.example/").origin());
}

TEST(Url, AlwaysHasAPath) {
  EXPECT_EQ(Url::parse("http://a.example").target, "/");
  EXPECT_EQ(Url::parse("http://a.example?q").target, "/?q");
  EXPECT_EQ(Url::parse("http://a.example#q").target, "/");
  EXPECT_EQ(Url::parse("http://a.example/#q?x").target, "/");
  EXPECT_EQ(Url::parse("http://a.example/?a[]=1&b=~!$'()*+,;:@").target, "/?a[]=1&b=~!$'()*+,;:@");
}

TEST(Url, KnowsAddressesFromNames) {
  Url v4 = Url::parse("http://192.168.0.1:8080/");
  ASSERT_TRUE(v4.literal.has_value());
  EXPECT_EQ(v4.literal->range(), Range::private_network);
  EXPECT_EQ(v4.authority(), "192.168.0.1:8080");

  Url v6 = Url::parse("http://[2001:DB8::0001]:8080/");
  ASSERT_TRUE(v6.literal.has_value());
  EXPECT_EQ(v6.host, "2001:db8::1");
  EXPECT_EQ(v6.authority(), "[2001:db8::1]:8080");

  Url mapped = Url::parse("http://[::ffff:169.254.169.254]/");
  ASSERT_TRUE(mapped.literal.has_value());
  EXPECT_EQ(mapped.literal->range(), Range::link_local);
  EXPECT_EQ(mapped.authority(), "169.254.169.254");

  EXPECT_FALSE(Url::parse("http://1.2.3.4.example/").literal.has_value());
  EXPECT_FALSE(Url::parse("http://127.0.0.1.nip.example/").literal.has_value());
}

constexpr std::string_view refused[] = {
    "",
    "a.example",
    "//a.example/",
    "/path",
    "http:",
    "http:/a.example",
    "http:a.example",
    "http//a.example",
    "http://",
    "http:///",
    "http://?q",
    "http://#f",
    "http://:80/",
    "ftp://a.example/",
    "file:///etc/passwd",
    "gopher://a.example/",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "httpx://a.example/",
    "ws://a.example/",
    " http://a.example/",
    "http://a.example/ ",
    "http://a.example/a b",
    "http://a.example/\t",
    "http://a.example/\r\nHost: b.example",
    "http://a.example/%0",
    "http://a.example/%",
    "http://a.example/%zz",
    "http://a.example\\@b.example/",
    "http://a.example/\\b",
    "http:\\\\a.example/",
    "http://user@a.example/",
    "http://user:pw@a.example/",
    "http://@a.example/",
    "http://a.example@b.example/",
    "http://a.example:80@b.example/",
    "http://a.example:/",
    "http://a.example:0/",
    "http://a.example:00080/",
    "http://a.example:080/",
    "http://a.example:65536/",
    "http://a.example:99999/",
    "http://a.example:123456/",
    "http://a.example:-1/",
    "http://a.example:+80/",
    "http://a.example:80x/",
    "http://a.example:80:80/",
    "http://a.example:8 0/",
    "http://a..example/",
    "http://.a.example/",
    "http://a.example./",
    "http://./",
    "http://-a.example/",
    "http://a-.example/",
    "http://a.example-/",
    "http://a_b.example/",
    "http://a%2eexample/",
    "http://a.example%00/",
    "http://a,b.example/",
    "http://a;b.example/",
    "http://(a)/",
    "http://a*b/",
    "http://\xc3\xa9.example/",
    "http://a.example/\xc3\xa9",
    "http://\xef\xbc\x91"
    "27.0.0.1/",
    "http://127\xe3\x80\x82"
    "0.0.1/",
    "http://0/",
    "http://127/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.000.000.001/",
    "http://010.0.0.1/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://1.2.3/",
    "http://4294967295/",
    "http://99999999999999/",
    "http://169.254.43518/",
    "http://0xa9fea9fe/",
    "http://a.0x7f/",
    "http://a.123/",
    "http://a.0x/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://x[::1]/",
    "http://[]/",
    "http://[:]/",
    "http://[127.0.0.1]/",
    "http://[a.example]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.x]/",
    "http://[::1]:/",
    "http://[::1]:0/",
    "http://[::1]80/",
    "http://[[::1]]/",
    "http://a.example/<b>",
    "http://a.example/\"",
    "http://a.example/^",
    "http://a.example/`",
    "http://a.example/{b}",
    "http://a.example/|",
    "http://a.example/\x7f",
};

TEST(Url, RefusesWhatTwoProgramsCouldReadDifferently) {
  for (auto text : refused) {
    try {
      Url url = Url::parse(text);
      ADD_FAILURE() << text << " was read as " << url.text();
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "url_invalid") << text;
      EXPECT_EQ(fault.kind(), Kind::bad_request) << text;
    }
  }
  EXPECT_THROW(Url::parse(std::string_view("http://a.example/\0", 18)), Fault);
  EXPECT_THROW(Url::parse(std::string_view("http://a\0.example/", 18)), Fault);
}

TEST(Url, BoundsItsLength) {
  std::string fits = "http://a.example/";
  fits.append(url_size_max - fits.size(), 'x');
  EXPECT_EQ(Url::parse(fits).text(), fits);
  EXPECT_THROW(Url::parse(fits + "x"), Fault);
  std::string label(63, 'a');
  EXPECT_NO_THROW(Url::parse("http://" + label + "/"));
  EXPECT_THROW(Url::parse("http://" + label + "a/"), Fault);
  EXPECT_THROW(Url::parse("http://" + label + "." + label + "." + label + "." + label + "/"),
               Fault);
}

TEST(Url, ReadsItsOwnTextAgain) {
  for (auto text : {"http://a.example", "https://A.example:8443/x?y", "http://[2001:db8::1]/",
                    "http://10.0.0.1:1/", "http://[::ffff:10.0.0.1]:1/"}) {
    Url url = Url::parse(text);
    EXPECT_EQ(Url::parse(url.text()), url) << text;
  }
}

TEST(Url, ResolvesWhatARedirectMeans) {
  Url base = Url::parse("https://a.example:8443/x/y?z=1");
  EXPECT_EQ(base.resolve("http://b.example/").text(), "http://b.example/");
  EXPECT_EQ(base.resolve("//b.example/q").text(), "https://b.example/q");
  EXPECT_EQ(base.resolve("/q?r").text(), "https://a.example:8443/q?r");
  EXPECT_EQ(base.resolve("q").text(), "https://a.example:8443/x/q");
  EXPECT_EQ(base.resolve("q/a:b").text(), "https://a.example:8443/x/q/a:b");
  EXPECT_EQ(base.resolve("?r=2").text(), "https://a.example:8443/x/y?r=2");
  EXPECT_EQ(base.resolve("#f").text(), base.text());
  for (auto location : {"", "file:///etc/passwd", "http://127.1/", "//user@b.example/",
                        "\\\\b.example", "a b", "http:/b", "javascript:1"}) {
    EXPECT_THROW(base.resolve(location), Fault) << location;
  }
}

}  // namespace
}  // namespace molecule::net
