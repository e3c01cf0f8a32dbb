#include "wire/relay/parcel.h"

#include <vector>

#include <gtest/gtest.h>

namespace molecule::relay {
namespace {

using Kind = ParcelMessage::Kind;

std::vector<ParcelMessage> unpacked(std::string_view parcel) {
  std::vector<ParcelMessage> messages;
  for (ParcelReader reader{std::string(parcel)}; !reader.done();) messages.push_back(reader.next());
  return messages;
}

TEST(Parcel, IsUnpackedAsItWasPacked) {
  std::string parcel;
  pack(parcel, Kind::text, R"({"version":1})");
  pack(parcel, Kind::binary, std::string(parcel_message_max, '\0'));
  pack(parcel, Kind::binary, "");
  pack(parcel, Kind::close, close_bytes(1008, "why"));
  const auto messages = unpacked(parcel);
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[0], (ParcelMessage{Kind::text, R"({"version":1})"}));
  EXPECT_EQ(messages[1].bytes.size(), parcel_message_max);
  EXPECT_EQ(messages[2], (ParcelMessage{Kind::binary, ""}));
  EXPECT_EQ(close_code(messages[3].bytes), 1008);
  EXPECT_EQ(close_reason(messages[3].bytes), "why");
  EXPECT_TRUE(unpacked("").empty());
}

TEST(Parcel, OfAnotherFormIsRefused) {
  std::string long_one;
  pack(long_one, Kind::binary, std::string(parcel_message_max + 1, 'x'));
  for (std::string_view bad :
       {std::string_view("x\0\0\0\0", 5), std::string_view("t"), std::string_view("t\0\0\0\2a", 6),
        std::string_view("b\xff\xff\xff\xff", 5), std::string_view(long_one)}) {
    try {
      unpacked(bad);
      ADD_FAILURE() << bad.substr(0, 8);
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "parcel_invalid");
    }
  }
}

// Whoever answers in the platform's place may say anything.
TEST(Parcel, ACloseWithoutAReasonHasNone) {
  for (std::string_view bytes : {"", "\x03", "\x03\xe8"}) EXPECT_EQ(close_reason(bytes), "");
  EXPECT_EQ(close_code(""), 0);
  EXPECT_EQ(close_code("\x03"), 0);
}

}  // namespace
}  // namespace molecule::relay
