#include "platform/http/forwarded.h"

#include <gtest/gtest.h>

namespace molecule::http {
namespace {

std::string client_of(std::vector<Header> headers) {
  Request request;
  request.headers = std::move(headers);
  auto trusts = [](const net::Address& address) { return address.text().starts_with("10."); };
  auto found = read_forwarded(request, trusts);
  return found.client ? found.client->text() : "nobody";
}

TEST(Forwarded, AnAddressMayHaveAPortBracketsAndQuotes) {
  auto text = [](std::string_view given) {
    auto address = forwarded_address(given);
    return address ? address->text() : "none";
  };
  EXPECT_EQ(text("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(text("192.0.2.1:52341"), "192.0.2.1");
  EXPECT_EQ(text("2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(text("[2001:db8::7]"), "2001:db8::7");
  EXPECT_EQ(text("[2001:db8::7]:443"), "2001:db8::7");
  EXPECT_EQ(text("\"[2001:db8::7]:443\""), "2001:db8::7");
  for (std::string_view other :
       {"unknown", "_hidden", "", "[2001:db8::7", "[::1]x", "1.2.3", "a:b"})
    EXPECT_EQ(text(other), "none") << other;
}

TEST(Forwarded, TheFirstHopFromTheRightThatIsNotOursIsTheClient) {
  EXPECT_EQ(client_of({{"X-Forwarded-For", "1.1.1.1, 9.9.9.9:1234, 10.1.2.3"}}), "9.9.9.9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "1.1.1.1, junk"}}), "nobody");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "9.9.9.9, unknown, 10.1.2.3"}}), "10.1.2.3");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "10.1.1.1, 10.1.2.3"}}), "10.1.1.1");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "1.1.1.1, 9.9.9.9"}, {"X-Forwarded-For", "10.1.2.3"}}),
            "9.9.9.9")
      << "several headers are one list";
  EXPECT_EQ(client_of({{"X-Forwarded-For", "[2001:db8::7]:80, 10.1.2.3:80"}}), "2001:db8::7");
  EXPECT_EQ(client_of({}), "nobody");
}

TEST(Forwarded, TheStandardsHeaderSaysTheSame) {
  EXPECT_EQ(client_of({{"Forwarded",
                        "for=1.1.1.1, for=\"[2001:db8::7]:80\";proto=https, "
                        "for=10.0.0.1"}}),
            "2001:db8::7");
  EXPECT_EQ(client_of({{"Forwarded", "for=unknown"}}), "nobody");
  EXPECT_EQ(client_of({{"Forwarded", "for=1.1.1.1"}, {"X-Forwarded-For", "2.2.2.2"}}), "2.2.2.2");
  Request request;
  request.headers = {{"Forwarded", "for=192.0.2.1;Proto=\"https\";host=\"mol.example\""}};
  auto found = read_forwarded(request, [](const net::Address&) { return false; });
  EXPECT_EQ(found.secure, true);
  EXPECT_EQ(found.host, "mol.example");
}

TEST(Forwarded, AProxyIsKnownByItsHeaders) {
  Request request;
  EXPECT_FALSE(names_proxy(request));
  for (std::string_view name : {"X-Forwarded-For", "forwarded", "Via", "X-Real-IP",
                                "x-forwarded-proto", "X-Forwarded-Host"}) {
    request.headers = {{name, "x"}};
    EXPECT_TRUE(names_proxy(request)) << name;
  }
}

}  // namespace
}  // namespace molecule::http
