#include "platform/net/dial.h"

#include <array>
#include <map>
#include <set>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"

namespace molecule::net {
namespace {

using namespace std::chrono_literals;

// Answers from a table; each further question for a name gets its next answer.
class ScriptedResolver final : public Resolver {
 public:
  std::map<std::string, std::vector<std::vector<std::string>>> answers;
  std::set<std::string> silent;  // Nobody answers for these.
  int asked = 0;

  io::Task<std::vector<Address>> resolve(std::string host) override {
    ++asked;
    if (silent.contains(host)) throw Fault(Kind::bad_gateway, "agent_timeout", "no answer");
    auto found = answers.find(host);
    if (found == answers.end()) throw Fault(Kind::bad_gateway, "agent_unreachable", "no address");
    auto& rounds = found->second;
    std::vector<Address> addresses;
    for (const auto& text : rounds.front()) addresses.push_back(*Address::parse(text));
    if (rounds.size() > 1) rounds.erase(rounds.begin());
    co_return addresses;
  }
};

struct Ended {
  std::string code;
  std::string text;
};

class Dial : public ::testing::Test {
 protected:
  Ended check(DialSettings settings, std::string_view url, Kind refused = Kind::bad_request) {
    Dialer dialer(std::move(settings), resolver, metrics);
    Url parsed = Url::parse(url);
    try {
      io::run(loop, dialer.check(parsed));
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), refused);
      return {fault.code(), fault.text()};
    }
    return {"allowed", ""};
  }
  Ended dial(DialSettings settings, std::string_view url) {
    Dialer dialer(std::move(settings), resolver, metrics);
    Url parsed = Url::parse(url);
    try {
      auto stream = io::run(loop, dialer.dial(parsed));
      return {"connected", stream->peer()};
    } catch (const Fault& fault) {
      return {fault.code(), fault.text()};
    }
  }
  static DialSettings dev() {
    DialSettings settings;
    settings.dev = true;
    return settings;
  }
  static DialSettings allowing(std::vector<std::string> entries) {
    DialSettings settings;
    settings.allow = std::move(entries);
    return settings;
  }

  io::Loop loop;
  ScriptedResolver resolver;
  metrics::Registry metrics;
};

TEST_F(Dial, RefusesEveryAddressThatIsNotPublic) {
  for (auto host : {"127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254",
                    "100.64.0.1", "0.0.0.0", "[::1]", "[::]", "[fe80::1]", "[fd00::1]",
                    "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]",
                    "224.0.0.1", "255.255.255.255", "198.18.0.1", "240.0.0.1"}) {
    auto url = std::string("http://") + host + ":1/";
    EXPECT_EQ(check({}, url).code, "url_not_allowed") << host;
    EXPECT_EQ(dial({}, url).code, "url_not_allowed") << host;
  }
  EXPECT_EQ(check({}, "http://8.8.8.8/").code, "allowed");
  EXPECT_EQ(check({}, "https://[2606:4700::1]/").code, "allowed");
  EXPECT_EQ(resolver.asked, 0);
}

TEST_F(Dial, SaysWhichAddressIsBlockedAndWhy) {
  const std::string next =
      ": an agent there joins by itself (molecule join, or an SDK), or the operator allows the "
      "address (--dial-allow)";
  EXPECT_EQ(check({}, "http://169.254.169.254/").text,
            "the URL leads to the blocked address 169.254.169.254 (link-local)" + next);
  resolver.answers["agent.example"] = {{"10.1.2.3"}};
  EXPECT_EQ(
      check({}, "http://agent.example/").text,
      "the host agent.example leads to the blocked address 10.1.2.3 (private network)" + next);
}

TEST_F(Dial, TheDevProfileReachesNearNetworksButNeverMetadata) {
  for (auto host : {"127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[::1]", "[fd00::1]",
                    "[::ffff:127.0.0.1]"}) {
    EXPECT_EQ(check(dev(), std::string("http://") + host + "/").code, "allowed") << host;
  }
  for (auto host : {"169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]",
                    "255.255.255.255", "[64:ff9b::a9fe:a9fe]", "[::ffff:169.254.169.254]",
                    "[2002:7f00:1::]", "192.0.2.1"}) {
    EXPECT_EQ(check(dev(), std::string("http://") + host + "/").code, "url_not_allowed") << host;
  }
}

TEST_F(Dial, TheOperatorsListOpensBlocksAndNames) {
  EXPECT_EQ(check(allowing({"10.1.0.0/16"}), "http://10.1.2.3/").code, "allowed");
  EXPECT_EQ(check(allowing({"10.1.0.0/16"}), "http://10.2.0.1/").code, "url_not_allowed");
  EXPECT_EQ(check(allowing({"::1"}), "http://[::1]/").code, "allowed");
  resolver.answers["agent.internal"] = {{"10.9.9.9"}};
  resolver.answers["x.agent.internal"] = {{"10.9.9.9"}};
  EXPECT_EQ(check(allowing({"Agent.internal"}), "http://agent.internal/").code, "allowed");
  EXPECT_EQ(check(allowing({"agent.internal"}), "http://x.agent.internal/").code,
            "url_not_allowed");
  EXPECT_EQ(check(allowing({"*.agent.internal"}), "http://x.agent.internal/").code, "allowed");
  EXPECT_EQ(check(allowing({"*.agent.internal"}), "http://agent.internal/").code,
            "url_not_allowed");
  EXPECT_EQ(check(allowing({"agent.internal"}), "http://10.9.9.9/").code, "url_not_allowed");
  for (auto entry :
       {"", "*", "10.0.0.1/8", "http://a.example", "a.example:80", "a b", "127.1", "*.", "[::1]"}) {
    EXPECT_THROW(Dialer(allowing({entry}), resolver, metrics), Fault) << entry;
  }
}

TEST_F(Dial, ANameWithoutAddressCannotBeRegistered) {
  EXPECT_EQ(check({}, "http://nowhere.example/").code, "url_unresolvable");
  EXPECT_EQ(dial({}, "http://nowhere.example/").code, "agent_unreachable");
}

TEST_F(Dial, ConnectsToTheJudgedAddressAndAsksForItOnce) {
  Listener listener(loop, "127.0.0.1", 0);
  // A name that answers with a public address first and turns inward afterwards gains nothing.
  resolver.answers["rebind.example"] = {{"127.0.0.1"}, {"169.254.169.254"}};
  auto url = "http://rebind.example:" + std::to_string(listener.port()) + "/";
  Ended ended = dial(dev(), url);
  EXPECT_EQ(ended.code, "connected");
  EXPECT_EQ(ended.text, "127.0.0.1");
  EXPECT_EQ(resolver.asked, 1);
  EXPECT_EQ(dial(dev(), url).code, "url_not_allowed");
}

TEST_F(Dial, SkipsBlockedAddressesOfAMixedName) {
  Listener listener(loop, "127.0.0.1", 0);
  resolver.answers["mixed.example"] = {{"169.254.169.254", "0.0.0.0", "127.0.0.1"}};
  Ended ended = dial(dev(), "http://mixed.example:" + std::to_string(listener.port()) + "/");
  EXPECT_EQ(ended.code, "connected");
  EXPECT_EQ(ended.text, "127.0.0.1");
}

TEST_F(Dial, TriesTheNextAddressWhenOneRefuses) {
  Listener listener(loop, "127.0.0.2", 0);
  resolver.answers["two.example"] = {{"127.0.0.1", "127.0.0.2"}};
  Ended ended = dial(dev(), "http://two.example:" + std::to_string(listener.port()) + "/");
  EXPECT_EQ(ended.code, "connected");
  EXPECT_EQ(ended.text, "127.0.0.2");
}

// An address whose host is silent: its queue is full, and more is not even refused.
class SilentListener {
 public:
  explicit SilentListener(const char* address, std::uint16_t port) {
    at_.sin_family = AF_INET;
    at_.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &at_.sin_addr);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&at_), sizeof at_), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    for (int& client : clients_) {
      client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(client, reinterpret_cast<sockaddr*>(&at_), sizeof at_);
    }
  }
  ~SilentListener() {
    for (int client : clients_) ::close(client);
    ::close(listener_);
  }

 private:
  sockaddr_in at_{};
  int listener_ = -1;
  std::array<int, 8> clients_{};
};

TEST_F(Dial, ASilentAddressCostsTheOthersAMoment) {
  Listener listener(loop, "127.0.0.2", 0);
  SilentListener one("127.0.0.3", listener.port());
  SilentListener two("127.0.0.4", listener.port());
  resolver.answers["some.example"] = {{"127.0.0.3", "127.0.0.4", "127.0.0.2"}};
  DialSettings settings = dev();
  settings.connect_timeout = 9s;
  const auto begun = std::chrono::steady_clock::now();
  Ended ended = dial(settings, "http://some.example:" + std::to_string(listener.port()) + "/");
  EXPECT_EQ(ended.code, "connected");
  EXPECT_EQ(ended.text, "127.0.0.2");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2500ms);
}

TEST_F(Dial, AllSilentIsATimeoutOfThemAllTogether) {
  std::uint16_t port = 0;
  {
    Listener listener(loop, "127.0.0.1", 0);
    port = listener.port();
  }
  SilentListener one("127.0.0.3", port);
  SilentListener two("127.0.0.4", port);
  resolver.answers["silent.example"] = {{"127.0.0.3", "127.0.0.4"}};
  DialSettings settings = dev();
  settings.connect_timeout = 700ms;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(dial(settings, "http://silent.example:" + std::to_string(port) + "/").code,
            "agent_timeout");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(Dial, NoWordOfANameIsNoWordThatItHasNoAddress) {
  resolver.silent.insert("slow.example");
  EXPECT_EQ(dial({}, "http://slow.example/").code, "agent_timeout");
  Ended ended = check({}, "http://slow.example/", Kind::unavailable);
  EXPECT_EQ(ended.code, "url_unresolved");
}

TEST_F(Dial, SaysThatNobodyListens) {
  std::uint16_t port = 0;
  {
    Listener listener(loop, "127.0.0.1", 0);
    port = listener.port();
  }
  Ended ended = dial(dev(), "http://127.0.0.1:" + std::to_string(port) + "/");
  EXPECT_EQ(ended.code, "agent_unreachable");
  EXPECT_NE(ended.text.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST_F(Dial, CountsWhatItDid) {
  Listener listener(loop, "127.0.0.1", 0);
  dial(dev(), "http://127.0.0.1:" + std::to_string(listener.port()) + "/");
  dial({}, "http://127.0.0.1/");
  std::string text = metrics.text();
  EXPECT_NE(text.find("molecule_dials_total{result=\"connected\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("molecule_dials_total{result=\"not_allowed\"} 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace molecule::net
