#include "platform/http/event_stream.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using Events = std::vector<ServerEvent>;

Events all(EventParser& parser) {
  Events found;
  while (auto event = parser.next()) found.push_back(*event);
  return found;
}

Events parse(std::string_view text, EventLimits limits = {}) {
  EventParser parser(limits);
  EXPECT_TRUE(parser.take(text));
  return all(parser);
}

TEST(EventParser, ReadsTheStandardsExamples) {
  EXPECT_EQ(parse("data: YHOO\ndata: +2\ndata: 10\n\n"), (Events{{"message", "YHOO\n+2\n10", ""}}));
  EXPECT_EQ(
      parse(
          ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
      (Events{{"message", "first event", "1"},
              {"message", "second event", ""},
              {"message", " third event", ""}}));
  EXPECT_EQ(parse("data\n\ndata\ndata\n\ndata:"),
            (Events{{"message", "", ""}, {"message", "\n", ""}}));
  EXPECT_EQ(parse("data:test\n\ndata: test\n\n"),
            (Events{{"message", "test", ""}, {"message", "test", ""}}));
}

TEST(EventParser, KnowsTypesIdsAndUnknownFields) {
  EXPECT_EQ(
      parse(
          "event: add\ndata: 1\nid: 7\n\ndata: 2\n\nfoo: bar\nDATA: x\n\nevent: lost\n\ndata: 3\n\n"),
      (Events{{"add", "1", "7"}, {"message", "2", "7"}, {"message", "3", "7"}}));
  EXPECT_EQ(parse(std::string_view("id: a\0b\ndata: 1\n\n", 17)), (Events{{"message", "1", ""}}));
}

TEST(EventParser, ReadsTheSameInEverySplitAndWithEveryLineEnd) {
  const std::string text =
      "\xef\xbb\xbf"
      "event: a\ndata: one\ndata: two\nid: 5\n\n: comment\n\ndata: three\n\n";
  const Events expected{{"a", "one\ntwo", "5"}, {"message", "three", "5"}};
  for (std::string_view end : {"\n", "\r", "\r\n"}) {
    std::string with;
    for (char c : text) {
      if (c == '\n') {
        with += end;
      } else {
        with += c;
      }
    }
    for (std::size_t cut = 0; cut <= with.size(); ++cut) {
      EventParser parser;
      EXPECT_TRUE(parser.take(std::string_view(with).substr(0, cut)));
      EXPECT_TRUE(parser.take(std::string_view(with).substr(cut)));
      EXPECT_EQ(all(parser), expected) << cut;
    }
    EventParser parser;
    for (char c : with) EXPECT_TRUE(parser.take(std::string_view(&c, 1)));
    EXPECT_EQ(all(parser), expected);
  }
}

TEST(EventParser, TakesRetryOnlyAsANumber) {
  EventParser parser;
  EXPECT_TRUE(parser.take("retry: soon\nretry: -1\nretry:\nretry: 99999999999\n"));
  EXPECT_FALSE(parser.retry().has_value());
  EXPECT_TRUE(parser.take("retry: 2500\n"));
  EXPECT_EQ(parser.retry(), 2500ms);
}

TEST(EventParser, GivesNothingForWhatWasCutOff) {
  EXPECT_EQ(parse("data: one\n\ndata: two\n"), (Events{{"message", "one", ""}}));
}

TEST(EventParser, StopsAtItsLimits) {
  EventLimits limits;
  limits.line_max = 20;
  limits.event_max = 30;
  EXPECT_EQ(parse("data: 12345678901234\n\n", limits).size(), 1U);
  EXPECT_FALSE(EventParser(limits).take("data: 123456789012345\n\n"));
  EventParser slow(limits);
  bool fits = true;
  for (int i = 0; i < 100 && fits; ++i) fits = slow.take("x");
  EXPECT_FALSE(fits);
  EventParser many(limits);
  fits = true;
  for (int i = 0; i < 100 && fits; ++i) fits = many.take("data: 12345678\n");
  EXPECT_FALSE(fits);
}

class LocalResolver final : public net::Resolver {
 public:
  io::Task<std::vector<net::Address>> resolve(std::string) override {
    std::vector<net::Address> found{*net::Address::parse("127.0.0.1")};
    co_return found;
  }
};

// Answers one connection with `text` in two writes, then ends it.
io::Task<void> serve(net::Listener& at, std::string text, std::size_t cut) {
  auto stream = co_await at.accept();
  std::array<char, 4096> buffer;
  co_await stream->read(buffer);
  co_await stream->write(std::string_view(text).substr(0, cut));
  co_await io::sleep(5ms);
  co_await stream->write(std::string_view(text).substr(cut));
}

// The events of a response with that text, or the code of the fault at the end.
std::pair<Events, std::string> follow(const std::string& text, EventLimits limits = {}) {
  io::Loop loop;
  LocalResolver resolver;
  metrics::Registry metrics;
  Events events;
  std::string end = "ended";
  auto main = [&]() -> io::Task<void> {
    net::Listener listener(loop, "127.0.0.1", 0);
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
    scope.spawn("serve", serve(listener, text, text.size() / 2));
    net::DialSettings dial;
    dial.dev = true;
    net::Dialer dialer(dial, resolver, metrics);
    {
      Client client(dialer, metrics);
      net::Url url = net::Url::parse("http://127.0.0.1:" + std::to_string(listener.port()) + "/");
      ClientRequest request;
      request.url = &url;
      try {
        auto stream = co_await client.open(request);
        EventReader reader(std::move(stream), limits);
        for (;;) {
          auto event = co_await reader.next();
          if (!event) break;
          events.push_back(*event);
        }
      } catch (const Fault& fault) {
        end = fault.code();
      }
    }
    co_await scope.drain(5s);
  };
  io::run(loop, main());
  return {events, end};
}

TEST(EventReader, ReadsTheEventsOfAResponse) {
  auto [events, end] = follow(
      "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n"
      "event: a\ndata: 1\n\nevent: b\ndata: 2\n\n");
  EXPECT_EQ(events, (Events{{"a", "1", ""}, {"b", "2", ""}}));
  EXPECT_EQ(end, "ended");
}

TEST(EventReader, TellsACutStreamFromItsEnd) {
  auto [events, end] = follow(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "9\r\ndata: 1\n\n\r\n9\r\ndata");
  EXPECT_EQ(events, (Events{{"message", "1", ""}}));
  EXPECT_EQ(end, "agent_reset");
}

TEST(EventReader, RefusesWhatIsNoEventStream) {
  EXPECT_EQ(follow("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\ndata: 1\n\n").second,
            "bad_response");
  EXPECT_EQ(
      follow("HTTP/1.1 500 Oops\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").second,
      "bad_response");
}

TEST(EventReader, StopsAtItsLimits) {
  EventLimits limits;
  limits.line_max = 100;
  auto [events, end] =
      follow("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: " +
                 std::string(200, 'x') + "\n\n",
             limits);
  EXPECT_EQ(end, "response_too_large");
}

}  // namespace
}  // namespace molecule::http
