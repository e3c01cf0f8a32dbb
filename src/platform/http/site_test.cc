#include "platform/http/site.h"

#include <gtest/gtest.h>

namespace molecule::http {
namespace {

TEST(Site, AnswersToLoopbackItsAddressAndTheListedNames) {
  Site site("192.168.1.5", {"molecule.example", "other:8443"}, {});
  for (const char* good :
       {"localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]:8080", "192.168.1.5:8080",
        "molecule.example", "MOLECULE.example:80", "other:8443"}) {
    EXPECT_TRUE(site.host_allowed(good)) << good;
  }
  for (const char* bad : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                          "192.168.1.6", "other:1", "localhost:x", "10.0.0.1"}) {
    EXPECT_FALSE(site.host_allowed(bad)) << bad;
  }
}

TEST(Site, AWildcardAddressTakesLiteralAddressesButNotNames) {
  Site site("0.0.0.0", {}, {});
  EXPECT_TRUE(site.host_allowed("10.0.0.7:8080"));
  EXPECT_TRUE(site.host_allowed("[fe80::1]"));
  EXPECT_FALSE(site.host_allowed("rebound.example"));
  EXPECT_TRUE(Site("0.0.0.0", {"*"}, {}).host_allowed("anything.example"));
}

TEST(Site, OriginsAreTheSameHostOrListedExactly) {
  Site site("127.0.0.1", {}, {"https://canvas.example", "http://localhost:3000/"});
  EXPECT_EQ(site.judge("http://localhost:8080", "localhost:8080"), Site::Origin::same);
  EXPECT_EQ(site.judge("https://LOCALHOST:8080", "localhost:8080"), Site::Origin::same);
  EXPECT_EQ(site.judge("https://canvas.example", "localhost:8080"), Site::Origin::listed);
  EXPECT_EQ(site.judge("http://localhost:3000", "localhost:8080"), Site::Origin::listed);
  for (const char* bad :
       {"null", "", "http://localhost", "http://localhost:8081", "https://canvas.example.evil",
        "http://canvas.example", "file://", "ftp://localhost:8080", "http://"}) {
    EXPECT_EQ(site.judge(bad, "localhost:8080"), Site::Origin::refused) << bad;
  }
}

}  // namespace
}  // namespace molecule::http
