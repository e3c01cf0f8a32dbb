#include "server/mcp_endpoint/stream.h"

#include <gtest/gtest.h>

#include "platform/io/scope.h"

namespace molecule::mcp_endpoint {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<Letterbox> box_of(io::Loop& loop, std::shared_ptr<Waiting> of_all) {
  auto box = std::make_shared<Letterbox>();
  box->loop = &loop;
  box->of_all = std::move(of_all);
  return box;
}

// What was posted to it.
void let_run(io::Loop& loop) {
  auto turn = []() -> io::Task<void> { co_await io::sleep(1ms); };
  io::run(loop, turn());
}

const std::string large(4u << 20, 'x');

TEST(Letterbox, IsFullOfBytesAndOfLetters) {
  io::Loop loop;
  const auto all = std::make_shared<Waiting>();
  const auto box = box_of(loop, all);
  EXPECT_TRUE(post(box, large));
  EXPECT_TRUE(post(box, large));
  EXPECT_FALSE(post(box, "x"));
  const auto another = box_of(loop, all);
  for (std::size_t i = 0; i < Letterbox::letters_max; ++i) EXPECT_TRUE(post(another, "x"));
  EXPECT_FALSE(post(another, "x"));
  // Nobody reads them, so they are gone.
  let_run(loop);
  EXPECT_EQ(all->bytes, 0u);
  EXPECT_TRUE(post(box, "x"));
  let_run(loop);
}

TEST(Letterbox, AllTogetherHoldSoMuch) {
  io::Loop loop;
  const auto all = std::make_shared<Waiting>();
  for (std::size_t i = 0; i < Letterbox::bytes_of_all_max / large.size(); ++i)
    EXPECT_TRUE(post(box_of(loop, all), large));
  EXPECT_FALSE(post(box_of(loop, all), "x"));
  let_run(loop);
  EXPECT_EQ(all->bytes, 0u);
}

}  // namespace
}  // namespace molecule::mcp_endpoint
