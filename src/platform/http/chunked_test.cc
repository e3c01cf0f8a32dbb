#include "platform/http/chunked.h"

#include <gtest/gtest.h>

namespace molecule::http {
namespace {

using State = ChunkedReader::State;

struct Read {
  State state;
  std::string body;
  std::string rest;
};

Read read(std::string_view text, std::size_t max = 1000) {
  ChunkedReader reader(max);
  Read result;
  result.state = reader.read(text, result.body);
  result.rest = text;
  return result;
}

TEST(Chunked, JoinsChunksAndLeavesWhatFollows) {
  Read result = read("3\r\nabc\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /");
  EXPECT_EQ(result.state, State::done);
  EXPECT_EQ(result.body, "abc0123456789");
  EXPECT_EQ(result.rest, "GET /");
}

TEST(Chunked, ReadsTheSameByteByByte) {
  std::string text = "3\r\nabc\r\n5;x\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n";
  ChunkedReader reader(100);
  std::string body;
  State state = State::more;
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(state, State::more);
    std::string_view one(text.data() + i, 1);
    state = reader.read(one, body);
  }
  EXPECT_EQ(state, State::done);
  EXPECT_EQ(body, "abchello");
}

TEST(Chunked, RefusesEveryOtherSpelling) {
  for (std::string_view bad : {"\r\n",
                               "x\r\n",
                               "3 \r\nabc\r\n",
                               " 3\r\nabc\r\n",
                               "0x3\r\nabc\r\n",
                               "+3\r\nabc\r\n",
                               "-1\r\n",
                               "3\nabc\r\n",
                               "3\r\nabcd\r\n",
                               "3\r\nab\r\n0\r\n\r\n",
                               "3\r\nabc\n0\r\n\r\n",
                               "3\r\nabc0\r\n\r\n",
                               "3\r\nabc\r\r\n",
                               "0\r\n\n",
                               "0\r\n\r\r",
                               "0\r\n a: b\r\n\r\n",
                               "0\r\n: b\r\n\r\n",
                               "0\r\na: b\n\r\n",
                               "3;a\nb\r\nabc\r\n",
                               "1000000000000000f\r\n",
                               "fffffffffffffffff\r\n",
                               "3\t\r\nabc\r\n",
                               "3;\x01\r\nabc\r\n"}) {
    EXPECT_EQ(read(bad).state, State::bad) << bad;
  }
}

TEST(Chunked, BoundsDataExtensionsAndTrailers) {
  EXPECT_EQ(read("a\r\n0123456789\r\n0\r\n\r\n", 10).state, State::done);
  EXPECT_EQ(read("b\r\n", 10).state, State::too_large);
  EXPECT_EQ(read("6\r\n012345\r\n5\r\n", 10).state, State::too_large);
  EXPECT_EQ(read("fffffffffffffff\r\n", 10).state, State::too_large);
  EXPECT_EQ(read("3;" + std::string(300, 'e') + "\r\n").state, State::bad);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "1;ee\r\nx\r\n";
  EXPECT_EQ(read(many).state, State::bad);
  EXPECT_EQ(read("0\r\nX: " + std::string(5000, 't') + "\r\n\r\n").state, State::bad);
}

TEST(Chunked, TrailersAreKeptForWhoWantsThem) {
  std::string out, trailers;
  ChunkedReader reader(100, &trailers);
  std::string_view text = "1\r\na\r\n0\r\nx: 1\r\ny: b c\r\n\r\nnext";
  EXPECT_EQ(reader.read(text, out), State::done);
  EXPECT_EQ(trailers, "x: 1\r\ny: b c\r\n");
  EXPECT_EQ(text, "next");
}

}  // namespace
}  // namespace molecule::http
