#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/grpc/call.h"
#include "platform/grpc/state.h"

namespace molecule::grpc {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

http::Request asking(std::vector<http::Header> headers) {
  http::Request request;
  request.headers = std::move(headers);
  return request;
}

std::string header(const http::Response& response, std::string_view name) {
  std::string found;
  for (const auto& [key, value] : response.headers) {
    if (key == name) found += value;
  }
  return found;
}

TEST(Grpc, AMessageIsBehindItsLength) {
  std::string out;
  append_message(out, "hello");
  EXPECT_EQ(out, "\0\0\0\0\5hello"s);
  EXPECT_EQ(message_in(out), "hello");
  EXPECT_EQ(message_in("\0\0\0\0\0"s), "");
  for (const std::string& bad : {""s, "\0\0\0"s, "\0\0\0\0\5hell"s, "\0\0\0\0\5hello!"s,
                                 "\2\0\0\0\0"s, "\0\xff\xff\xff\xff"s})
    EXPECT_THROW(message_in(bad), Fault) << bad.size();
  try {
    message_in("\1\0\0\0\0"s);
    ADD_FAILURE();
  } catch (const Fault& fault) {
    EXPECT_EQ(ending(fault).code, Code::unimplemented);
  }
}

TEST(Grpc, ACallSaysWhatItIs) {
  require_call(asking({{"content-type", "application/grpc"}}));
  require_call(asking({{"content-type", "application/grpc+proto"}, {"grpc-encoding", "identity"}}));
  for (const auto& headers : std::vector<std::vector<http::Header>>{
           {},
           {{"content-type", "application/json"}},
           {{"content-type", "application/grpc+json"}},
           {{"content-type", "application/grpc-web"}},
           {{"content-type", "application/grpc"}, {"grpc-encoding", "gzip"}}})
    EXPECT_THROW(require_call(asking(headers)), Fault);
}

TEST(Grpc, PatienceIsReadInEveryUnit) {
  const std::vector<std::pair<std::string_view, std::optional<std::chrono::nanoseconds>>> all{
      {"1H", 1h},
      {"2M", 2min},
      {"3S", 3s},
      {"4m", 4ms},
      {"5u", 5us},
      {"6n", 6ns},
      {"99999999H", 8760h},
      {"123456789S", std::nullopt},
      {"S", std::nullopt},
      {"-1S", std::nullopt},
      {"1.5S", std::nullopt},
      {"1x", std::nullopt}};
  for (const auto& [text, patience] : all)
    EXPECT_EQ(patience_of(asking({{"grpc-timeout", text}})), patience) << text;
  EXPECT_EQ(patience_of(asking({})), std::nullopt);
}

TEST(Grpc, EndingsFitIntoFields) {
  const http::Response refusal = refused(ending(Code::not_found, "kein Täsk 100%\n"));
  EXPECT_EQ(refusal.status, 200);
  EXPECT_EQ(header(refusal, "grpc-status"), "5");
  EXPECT_EQ(header(refusal, "grpc-message"), "kein T%C3%A4sk 100%25%0A");
  EXPECT_EQ(header(refusal, "grpc-status-details-bin"), "");
  const std::string details =
      R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R","domain":"d","metadata":{"k":"v"}},)"
      R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"f","description":"x"}]},)"
      R"({"@type":"type.googleapis.com/other.Kind","a":1}])";
  const json::Document document = json::Document::parse(details);
  const Ending told = ending(Code::invalid_argument, "no", document.root());
  EXPECT_THAT(told.details, ::testing::StartsWith("\x08\x03\x12\x02no\x1a"));
  EXPECT_THAT(told.details, ::testing::HasSubstr("google.rpc.BadRequest\x12\x08\x0a\x06\x0a\x01"
                                                 "f\x12\x01x"));
  EXPECT_THAT(told.details, ::testing::Not(::testing::HasSubstr("other.Kind")));
  const Ending large = ending(Code::internal, std::string(5000, '\n'), document.root());
  std::size_t bytes = 0;
  for (const auto& [name, value] : refused(large).headers) bytes += name.size() + value.size() + 4;
  EXPECT_LT(bytes, 4096U);
}

TEST(Grpc, RefusalsOfTheServerAreToldInItsWords) {
  http::Response gate = http::error_response(401, "unauthenticated", "who are you?");
  gate.headers.emplace_back("WWW-Authenticate", "Bearer");
  const http::Response told = in_words(std::move(gate));
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.body, "");
  EXPECT_EQ(header(told, "Content-Type"), "application/grpc");
  EXPECT_EQ(header(told, "grpc-status"), "16");
  EXPECT_EQ(header(told, "grpc-message"), "who are you?");
  EXPECT_EQ(header(told, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(header(in_words(http::Response::json(503, "<html>")), "grpc-status"), "14");
  // Once is enough.
  EXPECT_EQ(header(in_words(refused(ending(Code::aborted, "x"))), "grpc-status"), "10");
}

}  // namespace
}  // namespace molecule::grpc
