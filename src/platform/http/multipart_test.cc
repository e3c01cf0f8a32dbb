#include "platform/http/multipart.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace molecule::http {
namespace {

using Event = MultipartReader::Event;
using ::testing::ElementsAre;

struct Read {
  std::vector<std::string> parts;  // "name|filename|type|bytes"
  Event end = Event::more;
};

Read read(std::string_view body, std::size_t step, std::string_view boundary = "b") {
  MultipartReader reader(boundary);
  Read out;
  std::string bytes;
  for (;;) {
    const Event event = reader.next();
    switch (event) {
      case Event::more:
        if (body.empty()) return out;
        reader.take(body.substr(0, step));
        body.remove_prefix(std::min(step, body.size()));
        break;
      case Event::part: bytes.clear(); break;
      case Event::bytes: bytes += reader.bytes(); break;
      case Event::part_over:
        out.parts.push_back(reader.part().name + "|" + reader.part().filename.value_or("-") + "|" +
                            reader.part().media_type + "|" + bytes);
        break;
      default: out.end = event; return out;
    }
  }
}

TEST(Multipart, IsTheSameInEverySplit) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nfirst\r\n--not the boundary\r\n--\r\n"
      "\r\n--b\r\ncontent-disposition: form-data; name=note\r\n\r\n"
      "\r\n--b--\r\nepilogue";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    Read got = read(body, step);
    EXPECT_EQ(got.end, Event::over);
    EXPECT_THAT(
        got.parts,
        ElementsAre("files|a.txt|text/plain|first\r\n--not the boundary\r\n--\r\n", "note|-||"));
  }
}

TEST(Multipart, ReadsNamesAsTheyAreSent) {
  auto named = [](std::string_view parameters) {
    return read(
        "--b\r\nContent-Disposition: form-data; " + std::string(parameters) + "\r\n\r\nx\r\n--b--",
        7);
  };
  EXPECT_THAT(named(R"(name="files"; filename="a \"b\" c.txt")").parts,
              ElementsAre(R"(files|a "b" c.txt||x)"));
  EXPECT_THAT(named(R"(name="files"; filename="C:\dir\a.txt")").parts,
              ElementsAre(R"(files|C:\dir\a.txt||x)"));
  EXPECT_THAT(named(R"(name=files; filename="../../etc/passwd")").parts,
              ElementsAre("files|../../etc/passwd||x"));
  EXPECT_THAT(named(R"(name="files"; filename="a; name=evil.txt")").parts,
              ElementsAre("files|a; name=evil.txt||x"));
  EXPECT_THAT(named(R"(filename*=UTF-8''x.txt; name="files"; filename="")").parts,
              ElementsAre("files|||x"));
}

TEST(Multipart, RefusesWhatTwoReadersWouldReadDifferently) {
  const std::string part = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n";
  EXPECT_EQ(read("--b\nContent-Disposition: form-data; name=f\n\nx\n--b--", 9).end, Event::bad);
  EXPECT_EQ(read(part + "Content-Disposition: form-data; name=\"g\"\r\n\r\nx\r\n--b--", 9).end,
            Event::bad);
  EXPECT_EQ(read(part + " folded: 1\r\n\r\nx\r\n--b--", 9).end, Event::bad);
  EXPECT_EQ(read(part + "X: a\nb\r\n\r\nx\r\n--b--", 9).end, Event::bad);
  EXPECT_EQ(read(part + std::string("X: a\0b\r\n\r\nx\r\n--b--", 20), 9).end, Event::bad);
  EXPECT_EQ(read("--b\r\n\r\nx\r\n--b--", 9).end, Event::bad) << "a part without a name";
  EXPECT_EQ(read("--b\r\nContent-Disposition: form-data; name=f; name=g\r\n\r\nx\r\n--b--", 9).end,
            Event::bad);
  EXPECT_EQ(read("--b\r\nContent-Disposition: attachment; name=f\r\n\r\nx\r\n--b--", 9).end,
            Event::bad);
  EXPECT_EQ(read(part + "\r\nx\r\n--bXY", 9).end, Event::bad) << "longer than the boundary";
  EXPECT_EQ(read(part + "\r\nhalf", 9).end, Event::more) << "ends before its end";
  EXPECT_EQ(read(part + "\r\nx\r\n--b", 9).end, Event::more);
}

TEST(Multipart, HasBounds) {
  const std::string one = "--b\r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n";
  std::string many;
  for (std::size_t i = 0; i < MultipartReader::parts_max; ++i) many += one;
  EXPECT_EQ(read(many + "--b--", 1000).end, Event::over);
  EXPECT_EQ(read(many + one + "--b--", 1000).end, Event::too_many);
  EXPECT_EQ(read("--b\r\nX: " + std::string(MultipartReader::head_max + 10, 'x'), 1000).end,
            Event::too_long);
  EXPECT_EQ(read(std::string(MultipartReader::preamble_max * 2, 'x') + "\r\n" + one, 100).end,
            Event::bad);
}

TEST(Multipart, FindsTheBoundaryOrNothing) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b'c\""), "a b'c");
  EXPECT_EQ(multipart_boundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary="), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=a; boundary=b"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=\"a"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=\"a\\\"b\""), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/mixed; boundary=abc"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x')),
            std::nullopt);
}

}  // namespace
}  // namespace molecule::http
