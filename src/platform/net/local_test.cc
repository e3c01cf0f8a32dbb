#include "platform/net/local.h"

#include <array>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"
#include "platform/net/url.h"

namespace molecule::net {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class LocalSocket : public ::testing::Test {
 protected:
  LocalSocket() { fs::create_directories(directory_); }
  ~LocalSocket() override { fs::remove_all(directory_); }

  // One byte there and back.
  static io::Task<std::string> passed(io::Loop& loop, Listener& listener, std::string file) {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
    auto answer = [](Listener& at) -> io::Task<void> {
      // Whoever wanted to listen here, too, has looked whether somebody does.
      std::size_t got = 0;
      while (got == 0) {
        const auto stream = co_await at.accept();
        std::array<char, 8> bytes{};
        got = co_await stream->read(bytes);
        if (got > 0) co_await stream->write(std::string_view(bytes.data(), got));
      }
    };
    scope.spawn("answer", answer(listener));
    LocalConnector connector(std::move(file));
    const Url url = Url::parse("http://whatever.example/");
    const auto stream = co_await connector.dial(url);
    co_await stream->write("hello");
    std::array<char, 8> bytes{};
    const std::size_t got = co_await stream->read(bytes);
    co_await scope.join();
    co_return std::string(bytes.data(), got);
  }

  io::Loop loop_;
  const fs::path directory_ =
      fs::temp_directory_path() / ("molecule-local-" + std::to_string(::getpid()));
};

TEST_F(LocalSocket, CarriesBytesAndTakesThePlaceOfOneThatIsGone) {
  const fs::path file = directory_ / "there.sock";
  for (int round = 0; round < 2; ++round) {
    Listener listener(loop_, listen_at(file));
    EXPECT_EQ(io::run(loop_, io::within(10s, passed(loop_, listener, file.string()))), "hello");
    struct stat seen{};
    ASSERT_EQ(::stat(file.c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 0777, 0666u);
  }
}

TEST_F(LocalSocket, LiesAsDeepAsDirectoriesDo) {
  const fs::path deep = directory_ / std::string(120, 'd') / std::string(80, 'e');
  fs::create_directories(deep);
  const fs::path file = deep / "there.sock";
  Listener listener(loop_, listen_at(file));
  EXPECT_EQ(io::run(loop_, io::within(10s, passed(loop_, listener, file.string()))), "hello");
}

TEST_F(LocalSocket, IsNotTakenFromWhoListens) {
  const fs::path file = directory_ / "there.sock";
  Listener listener(loop_, listen_at(file));
  EXPECT_THROW(listen_at(file), Fault);
  EXPECT_EQ(io::run(loop_, io::within(10s, passed(loop_, listener, file.string()))), "hello");
}

TEST_F(LocalSocket, SaysWhyItCannotBeReached) {
  auto dial = [](std::string file) -> io::Task<std::string> {
    LocalConnector connector(std::move(file));
    const Url url = Url::parse("http://whatever.example/");
    std::string why;
    try {
      co_await connector.dial(url);
    } catch (const Fault& fault) {
      why = fault.code() + ": " + fault.text();
    }
    co_return why;
  };
  const std::string file = (directory_ / "none.sock").string();
  EXPECT_THAT(io::run(loop_, dial(file)),
              ::testing::AllOf(::testing::HasSubstr("agent_unreachable: " + file),
                               ::testing::HasSubstr("No such file")));
}

}  // namespace
}  // namespace molecule::net
