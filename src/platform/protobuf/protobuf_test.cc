#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/protobuf/bytes_of.h"
#include "platform/protobuf/json_of.h"

namespace molecule::protobuf {
namespace {

using namespace std::string_literals;

constexpr std::string_view colours[] = {"COLOUR_UNSPECIFIED", "RED", "BLUE"};
constexpr Field inner_fields[] = {text(1, "name"), many(text(2, "tags"))};
constexpr Message inner{inner_fields};
constexpr Field outer_fields[] = {int32(1, "count"),
                                  text(2, "title"),
                                  bytes(3, "raw"),
                                  boolean(4, "on"),
                                  choice(5, "colour", colours),
                                  part(6, "inner", inner),
                                  many(part(7, "inners", inner)),
                                  object(8, "metadata"),
                                  value(9, "data"),
                                  time(10, "at"),
                                  by_name(text(11, "labels")),
                                  by_name(part(12, "named", inner))};
constexpr Message outer{outer_fields};

std::string to_bytes(std::string_view json) {
  const json::Document document = json::Document::parse(json, {.nul = json::Nul::kept});
  return bytes_of(document.root(), outer);
}
std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}
std::string there_and_back(std::string_view json) { return json_of(to_bytes(json), outer); }

std::string refusal(std::string_view bytes) {
  try {
    return "read as " + json_of(bytes, outer);
  } catch (const Fault& fault) {
    return fault.text();
  }
}

TEST(Protobuf, LiesInBytesAsTheFormatSays) {
  EXPECT_EQ(to_bytes(R"({"count":150})"), "\x08\x96\x01");
  EXPECT_EQ(to_bytes(R"({"title":"testing"})"), "\x12\x07testing");
  EXPECT_EQ(to_bytes(R"({"inner":{"name":"a"}})"), "\x32\x03\x0a\x01"s + "a");
  EXPECT_EQ(to_bytes(R"({"count":-1})"), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(to_bytes(R"({"at":"1970-01-01T00:00:01.5Z"})"),
            "\x52\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
  EXPECT_EQ(to_bytes(R"({"data":1})"), "\x4a\x09\x11\0\0\0\0\0\0\xf0\x3f"s);
}

TEST(Protobuf, ReadsWhatItWrote) {
  for (const std::string_view json :
       {R"({"count":-7,"title":"a\u0000\"ü☕","raw":"AP8Q","on":false,"colour":"BLUE"})",
        R"({"inner":{"name":"","tags":["a","","b"]},"inners":[{},{"name":"x"}]})",
        R"({"metadata":{"a":null,"b":[1,2.5,-3,[],{}],"c":{"d":true}},"data":null})",
        R"({"data":[{"deep":[[["x"]]]}],"at":"1969-12-31T23:59:59.500000Z"})",
        R"({"labels":{"a":"b","":"c"},"named":{"k":{"tags":["t"]},"l":{}}})", "{}"}) {
    EXPECT_EQ(there_and_back(json), json);
  }
}

TEST(Protobuf, LeavesOutWhatHasNoPlace) {
  EXPECT_EQ(there_and_back(R"({"unknown":1,"title":null,"colour":"GREEN","count":1})"),
            R"({"count":1})");
  // Fields of other numbers, of every type that there is.
  EXPECT_EQ(json_of("\xf8\x01\x05\x08\x02\xf9\x01"
                    "12345678\xfd\x01"
                    "1234\xfa\x01\x02zz",
                    outer),
            R"({"count":2})");
  // The first name of an enum says nothing, and the last of two numbers counts.
  EXPECT_EQ(json_of("\x28\0\x08\x01\x08\x03"s, outer), R"({"count":3})");
  EXPECT_EQ(json_of("\x12\x01t\x08\x02", outer, "title"), R"({"count":2})");
  EXPECT_EQ(text_in("\x08\x02\x12\x01t", 2), "t");
  EXPECT_EQ(text_in("\x08\x02", 2), std::nullopt);
}

TEST(Protobuf, TakesBase64OfEitherAlphabet) {
  for (const std::string_view raw : {"-_8=", "-_8", "+/8=", "+/8"})
    EXPECT_EQ(there_and_back(fmt::format(R"({{"raw":"{}"}})", raw)), R"({"raw":"+/8="})");
}

TEST(Protobuf, RefusesBytesThatAreNoMessage) {
  for (const std::string& bytes :
       {"\x08"s, "\x08\x80"s, std::string("\x08") + std::string(11, '\xff'),
        "\x12\x05"
        "abc"s,
        "\x0b"s, "\x0c"s, "\x0e"s, "\x02\x00"s, "\x12\x02\xc3\x28"s, "\x08"s, "\x0a\x01x"s,
        "\x10\x01"s, "\x28\x09"s, "\x52\x06\x08\x80\x80\x80\x80\x80"s,
        "\x52\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10"s,
        "\x4a\x09\x11\0\0\0\0\0\0\xf8\x7f"s, "\x4a\x02\x10\x01"s, "\x32\0\x32\0"s}) {
    EXPECT_TRUE(refusal(bytes).starts_with("not a message: ")) << refusal(bytes);
  }
}

TEST(Protobuf, IsBoundedInDepthAndNumber) {
  std::string value = "\x08\0"s;
  auto wrap = [&value](int number) {
    std::string wrapped{static_cast<char>(number << 3 | 2)};
    std::size_t size = value.size();
    for (; size > 127; size >>= 7) wrapped += static_cast<char>((size & 127) | 128);
    wrapped += static_cast<char>(size);
    value = wrapped + value;
  };
  for (int i = 0; i < 10'000; ++i) {
    wrap(1);
    wrap(6);
  }
  wrap(9);
  EXPECT_EQ(refusal(value), "not a message: it goes too deep");
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += "\x08\x01";
  EXPECT_EQ(refusal(many), "not a message: it has too many fields");
}

TEST(Protobuf, IsBoundedInWhatItsTextsGrowTo) {
  const std::string quiet = R"({"title":")" + std::string(900, 'a') + R"("})";
  const std::string loud = to_bytes(R"({"title":")" + repeated(R"(\n)", 900) + R"("})");
  EXPECT_EQ(json_of(to_bytes(quiet), outer, {}, {.bytes = 1000}), quiet);
  for (const std::string& bytes :
       {loud, to_bytes(R"({"raw":")" + std::string(1200, 'A') + R"("})"),
        to_bytes(R"({"metadata":{")" + repeated(R"(\t)", 600) + R"(":1}})")}) {
    try {
      json_of(bytes, outer, {}, {.bytes = 1000});
      ADD_FAILURE() << bytes.substr(0, 8);
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::too_large);
    }
  }
}

TEST(Protobuf, NamesTheMemberThatDoesNotFit) {
  for (const std::string_view json :
       {R"({"count":"1"})", R"({"count":3000000000})", R"({"title":1})", R"({"on":"true"})",
        R"({"inner":[]})", R"({"inners":{}})", R"({"metadata":1})", R"({"labels":[]})"}) {
    const std::string name(json.substr(2, json.find('"', 2) - 2));
    try {
      to_bytes(json);
      ADD_FAILURE() << json;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.text(), fmt::format("not a message: {} is of another type", name));
    }
  }
  EXPECT_THROW(to_bytes(R"({"at":"yesterday"})"), Fault);
  EXPECT_THROW(to_bytes(R"({"raw":"!"})"), Fault);
}

}  // namespace
}  // namespace molecule::protobuf
