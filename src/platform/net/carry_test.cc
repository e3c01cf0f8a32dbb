#include "platform/net/carry.h"

#include <array>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/io/scope.h"
#include "platform/net/local.h"

namespace molecule::net {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Carry : public ::testing::Test {
 protected:
  Carry() { fs::create_directories(directory_); }
  ~Carry() override { fs::remove_all(directory_); }

  static io::Task<std::string> all_of(Stream& stream) {
    std::string all;
    std::array<char, 4096> some{};
    for (;;) {
      const std::size_t got = co_await stream.read(some);
      if (got == 0) co_return all;
      all.append(some.data(), got);
    }
  }
  // Hears all of it, then answers with it twice.
  static io::Task<void> answer(Listener& at) {
    const auto stream = co_await at.accept();
    const std::string heard = co_await all_of(*stream);
    co_await stream->write(heard + heard);
    co_await stream->shutdown_write();
  }

  io::Loop loop_;
  const Url url_ = Url::parse("http://whatever.example/");
  const fs::path directory_ =
      fs::temp_directory_path() / ("molecule-carry-" + std::to_string(::getpid()));
};

TEST_F(Carry, BringsAllBytesBothWaysAndTheEndOfEach) {
  const auto story = [this]() -> io::Task<std::string> {
    Listener outer(loop_, listen_at(directory_ / "outer"));
    Listener inner(loop_, listen_at(directory_ / "inner"));
    LocalConnector to_inner((directory_ / "inner").string());
    LocalConnector to_outer((directory_ / "outer").string());
    io::Scope scope(loop_, [](std::string_view, std::exception_ptr) {});
    scope.spawn("answer", answer(inner));
    scope.spawn("carry", carry(outer, to_inner, url_));
    const auto stream = co_await to_outer.dial(url_);
    const std::string much(1 << 20, 'm');
    co_await stream->write(much);
    co_await stream->shutdown_write();
    std::string heard = co_await all_of(*stream);
    scope.cancel();
    co_await scope.join();
    co_return heard;
  };
  EXPECT_EQ(io::run(loop_, io::within(20s, story())), std::string(2 << 20, 'm'));
}

TEST_F(Carry, ClosesWhatLeadsNowhereAndGoesOn) {
  const auto story = [this]() -> io::Task<std::string> {
    Listener outer(loop_, listen_at(directory_ / "outer"));
    LocalConnector to_inner((directory_ / "inner").string());
    LocalConnector to_outer((directory_ / "outer").string());
    io::Scope scope(loop_, [](std::string_view, std::exception_ptr) {});
    scope.spawn("carry", carry(outer, to_inner, url_));
    const auto lost = co_await to_outer.dial(url_);
    EXPECT_EQ(co_await all_of(*lost), "");
    Listener inner(loop_, listen_at(directory_ / "inner"));
    scope.spawn("answer", answer(inner));
    const auto found = co_await to_outer.dial(url_);
    co_await found->write("x");
    co_await found->shutdown_write();
    std::string heard = co_await all_of(*found);
    scope.cancel();
    co_await scope.join();
    co_return heard;
  };
  EXPECT_EQ(io::run(loop_, io::within(20s, story())), "xx");
}

}  // namespace
}  // namespace molecule::net
