#include "platform/http/websocket_frames.h"

#include <gtest/gtest.h>

#include "platform/http/message.h"

namespace molecule::http {
namespace {

using Event = FrameReader::Event;

constexpr std::array<std::uint8_t, 4> mask{1, 2, 3, 4};

std::string frame(unsigned first, std::string_view payload) {
  std::string out;
  append_frame(out, Op::text, payload, &mask);
  out[0] = static_cast<char>(first);
  return out;
}

// Reads as a server does, until something is complete.
struct Reading {
  explicit Reading(std::string text, std::size_t max = 1000)
      : bytes(std::move(text)), reader(true, max), rest(bytes) {}
  Event next() { return reader.read(rest); }
  std::string bytes;
  FrameReader reader;
  std::string_view rest;
};

TEST(Frames, RoundTripAtEveryLengthForm) {
  for (std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U}) {
    std::string payload(size, 'p');
    for (bool masked : {false, true}) {
      std::string bytes;
      append_frame(bytes, Op::binary, payload, masked ? &mask : nullptr);
      FrameReader reader(masked, 100'000);
      std::string_view rest = bytes;
      ASSERT_EQ(reader.read(rest), Event::message) << size;
      EXPECT_EQ(reader.message(), payload);
      EXPECT_EQ(reader.op(), Op::binary);
      EXPECT_TRUE(rest.empty());
    }
  }
  EXPECT_EQ(encode_frame(Frame::Opcode::text, "Hello"), "\x81\x05Hello");
}

TEST(Frames, FragmentsJoinWithControlFramesBetween) {
  Reading reading(frame(0x01, "Hel") + frame(0x89, "are you there") + frame(0x00, "") +
                  frame(0x80, "lo") + frame(0x82, "bin"));
  EXPECT_EQ(reading.next(), Event::ping);
  EXPECT_EQ(reading.reader.control(), "are you there");
  EXPECT_EQ(reading.next(), Event::message);
  EXPECT_EQ(reading.reader.message(), "Hello");
  EXPECT_EQ(reading.reader.op(), Op::text);
  EXPECT_EQ(reading.next(), Event::message);
  EXPECT_EQ(reading.reader.message(), "bin");
  EXPECT_EQ(reading.next(), Event::more);
}

TEST(Frames, ReadTheSameByteByByte) {
  std::string bytes = frame(0x01, "a\xc3") + frame(0x8a, "x") + frame(0x80, "\xa4 end");
  FrameReader reader(true, 100);
  std::vector<Event> events;
  for (char& c : bytes) {
    std::string_view one(&c, 1);
    Event event = reader.read(one);
    if (event != Event::more) events.push_back(event);
  }
  EXPECT_EQ(events, (std::vector<Event>{Event::pong, Event::message}));
  EXPECT_EQ(reader.message(), "a\xc3\xa4 end");
}

std::uint16_t error_of(std::string bytes, std::size_t max = 1000) {
  Reading reading(std::move(bytes), max);
  for (;;) {
    Event event = reading.next();
    if (event == Event::error) {
      // Whoever is closed is told why, in what a control frame has room for.
      EXPECT_FALSE(reading.reader.error_reason().empty());
      EXPECT_LE(reading.reader.error_reason().size(), std::size_t{123});
      return reading.reader.error_code();
    }
    if (event == Event::more || event == Event::close) return 0;
  }
}

TEST(Frames, ProtocolErrorsHaveTheirCodes) {
  EXPECT_EQ(error_of(frame(0xc1, "x")), 1002);  // Reserved bits.
  EXPECT_EQ(error_of(frame(0xa1, "x")), 1002);
  EXPECT_EQ(error_of(frame(0x91, "x")), 1002);
  for (unsigned op : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    EXPECT_EQ(error_of(frame(0x80 | op, "x")), 1002);
  EXPECT_EQ(error_of(frame(0x80, "x")), 1002);                     // Continues nothing.
  EXPECT_EQ(error_of(frame(0x01, "a") + frame(0x81, "b")), 1002);  // Begins inside a message.
  EXPECT_EQ(error_of(frame(0x09, "x")), 1002);                     // A control frame in parts.
  EXPECT_EQ(error_of(frame(0x89, std::string(126, 'x'))), 1002);   // A long control frame.
  EXPECT_EQ(error_of("\x81\x01x"), 1002);                          // Not masked.
  EXPECT_EQ(error_of(std::string("\x81\xfe\x00\x05\x00\x00\x00\x00hello", 13)),
            1002);  // Longer form than needed.
  EXPECT_EQ(error_of(std::string("\x81\xff\x00\x00\x00\x00\x00\x00\x00\x7e\x00\x00\x00\x00", 14)),
            1002);
  EXPECT_EQ(error_of(std::string("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14)),
            1002);
  EXPECT_EQ(error_of(frame(0x81, "\xff")), 1007);
  EXPECT_EQ(error_of(frame(0x01, "\xc3") + frame(0x80, "x")), 1007);
  EXPECT_EQ(error_of(frame(0x82, "\xff")), 0);  // Binary may be anything.
  FrameReader client(false, 100);
  std::string masked = frame(0x81, "x");
  std::string_view rest = masked;
  EXPECT_EQ(client.read(rest), Event::error);  // Servers do not mask.
}

TEST(Frames, MessagesAreBoundedOverAllTheirFragments) {
  EXPECT_EQ(error_of(frame(0x82, std::string(100, 'x')), 100), 0);
  EXPECT_EQ(error_of(frame(0x82, std::string(101, 'x')), 100), 1009);
  EXPECT_EQ(error_of(frame(0x02, std::string(60, 'x')) + frame(0x80, std::string(41, 'x')), 100),
            1009);
  // The length alone is enough; nothing of it need arrive.
  EXPECT_EQ(
      error_of(std::string("\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", 14), 100),
      1009);
}

TEST(Frames, CloseCodesAreChecked) {
  auto judge = [](std::string payload) {
    Reading reading(frame(0x88, payload));
    return reading.next();
  };
  auto code = [](unsigned number, std::string_view reason = {}) {
    std::string text{static_cast<char>(number >> 8), static_cast<char>(number)};
    return text + std::string(reason);
  };
  EXPECT_EQ(judge(""), Event::close);
  for (unsigned good : {1000U, 1001U, 1003U, 1007U, 1011U, 3000U, 4999U})
    EXPECT_EQ(judge(code(good, "ok")), Event::close);
  for (unsigned bad : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U, 65535U})
    EXPECT_EQ(judge(code(bad)), Event::error);
  EXPECT_EQ(judge("x"), Event::error);
  EXPECT_EQ(judge(code(1000, "\xff")), Event::error);
}

}  // namespace
}  // namespace molecule::http
