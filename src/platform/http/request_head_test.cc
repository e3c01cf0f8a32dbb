#include "platform/http/request_head.h"

#include <gtest/gtest.h>

#include "platform/http/syntax.h"

namespace molecule::http {
namespace {

struct Parsed {
  Request request;
  Framing framing;
  std::optional<HeadError> error;
};

// As a connection does: find the end, then read.
int status_of(const std::string& text, Parsed* out = nullptr) {
  HeadScanner scanner;
  HeadScanner::Found found = scanner.scan(text);
  if (found == HeadScanner::Found::more) return 0;
  if (found == HeadScanner::Found::too_large) return 431;
  if (found == HeadScanner::Found::bad_line_end) return 400;
  Parsed parsed;
  parsed.error =
      parse_head(std::string_view(text).substr(0, scanner.size()), parsed.request, parsed.framing);
  int status = parsed.error ? parsed.error->status : 200;
  if (out) *out = std::move(parsed);
  return status;
}

std::string get(std::string_view line, std::string_view headers = "Host: a\r\n") {
  return std::string(line) + "\r\n" + std::string(headers) + "\r\n";
}

TEST(RequestHead, ReadsWhatItSays) {
  std::string text =
      "POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: example.org:81\r\nContent-Length:  5 \r\nX-Empty:\r\n"
      "Connection: keep-alive, Upgrade\r\nExpect: 100-Continue\r\n\r\n";
  Parsed parsed;
  ASSERT_EQ(status_of(text, &parsed), 200);
  EXPECT_EQ(parsed.request.method, Method::post);
  EXPECT_EQ(parsed.request.path, "/a/b%20c");
  EXPECT_EQ(parsed.request.query, "x=1&y");
  EXPECT_EQ(parsed.request.host, "example.org:81");
  EXPECT_EQ(parsed.request.header("x-empty"), "");
  EXPECT_EQ(parsed.request.header("x-absent"), std::nullopt);
  EXPECT_TRUE(parsed.framing.has_length);
  EXPECT_EQ(parsed.framing.length, 5U);
  EXPECT_TRUE(parsed.framing.upgrade);
  EXPECT_TRUE(parsed.framing.expects_continue);
  EXPECT_TRUE(parsed.framing.keep_alive);
}

struct Case {
  const char* name;
  std::string text;
  int status;
};

class Heads : public ::testing::TestWithParam<Case> {};
TEST_P(Heads, AreJudged) {
  EXPECT_EQ(status_of(GetParam().text), GetParam().status) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, Heads,
    ::testing::Values(Case{"plain", get("GET / HTTP/1.1"), 200},
                      Case{"one_empty_line_before", "\r\n" + get("GET / HTTP/1.1"), 200},
                      Case{"two_empty_lines_before", "\r\n\r\n" + get("GET / HTTP/1.1"), 400},
                      Case{"http_1_0", get("GET / HTTP/1.0"), 200},
                      Case{"http_2", get("GET / HTTP/2.0"), 505},
                      Case{"http_1_2", get("GET / HTTP/1.2"), 505},
                      Case{"http_lower", get("GET / http/1.1"), 400},
                      Case{"http_junk", get("GET / HTTP/1.1x"), 400},
                      Case{"no_version", get("GET /"), 400},
                      Case{"two_spaces", get("GET  / HTTP/1.1"), 400},
                      Case{"space_in_target", get("GET /a b HTTP/1.1"), 400},
                      Case{"tab_as_space", get("GET\t/ HTTP/1.1"), 400},
                      Case{"space_behind", get("GET / HTTP/1.1 "), 400},
                      Case{"space_before", get(" GET / HTTP/1.1"), 400},
                      Case{"lower_method", get("get / HTTP/1.1"), 405},
                      Case{"unknown_method", get("BREW / HTTP/1.1"), 405},
                      Case{"trace", get("TRACE / HTTP/1.1"), 405},
                      Case{"connect", get("CONNECT a:443 HTTP/1.1"), 405},
                      Case{"bad_method", get("GE(T / HTTP/1.1"), 400},
                      Case{"binary", "\x16\x03\x01\x02\x01\r\n\r\n", 400},
                      Case{"incomplete", "GET / HTTP/1.1\r\nHost: a\r\n", 0},
                      Case{"preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Target, Heads,
    ::testing::Values(Case{"absolute", get("GET http://a/x HTTP/1.1"), 200},
                      Case{"absolute_bare", get("GET http://a HTTP/1.1"), 200},
                      Case{"absolute_other_host", get("GET http://b/x HTTP/1.1"), 400},
                      Case{"absolute_other_port", get("GET http://a:81/x HTTP/1.1"), 400},
                      Case{"absolute_user", get("GET http://me@a/x HTTP/1.1"), 400},
                      Case{"absolute_other_scheme", get("GET ftp://a/x HTTP/1.1"), 400},
                      Case{"absolute_query_only", get("GET http://a?x HTTP/1.1"), 400},
                      Case{"relative", get("GET x HTTP/1.1"), 400},
                      Case{"asterisk_get", get("GET * HTTP/1.1"), 400},
                      Case{"asterisk_options", get("OPTIONS * HTTP/1.1"), 200},
                      Case{"fragment", get("GET /a#b HTTP/1.1"), 400},
                      Case{"raw_bytes", get("GET /\xc3\xa4 HTTP/1.1"), 400},
                      Case{"control", get("GET /a\x01 HTTP/1.1"), 400},
                      Case{"dots", get("GET /a/../b HTTP/1.1"), 400},
                      Case{"dots_end", get("GET /a/.. HTTP/1.1"), 400},
                      Case{"dot", get("GET /./a HTTP/1.1"), 400},
                      Case{"dots_encoded", get("GET /a/%2e%2E/b HTTP/1.1"), 400},
                      Case{"dots_half", get("GET /a/.%2e/b HTTP/1.1"), 400},
                      Case{"dots_in_slashes", get("GET /a/x%2f..%2fb HTTP/1.1"), 400},
                      Case{"dots_in_backslashes", get("GET /a/x%5c..%5cb HTTP/1.1"), 400},
                      Case{"backslash", get("GET /a\\b HTTP/1.1"), 400},
                      Case{"hidden_file", get("GET /.well-known/x HTTP/1.1"), 200},
                      Case{"three_dots", get("GET /.../x HTTP/1.1"), 200},
                      Case{"nul", get("GET /a%00b HTTP/1.1"), 400},
                      Case{"escape_cut", get("GET /a%2 HTTP/1.1"), 400},
                      Case{"escape_bad", get("GET /a%zz HTTP/1.1"), 400},
                      Case{"query_brackets", get("GET /?a[]=1|2 HTTP/1.1"), 200},
                      Case{"long_enough", get("GET /" + std::string(8191, 'a') + " HTTP/1.1"), 200},
                      Case{"too_long", get("GET /" + std::string(8192, 'a') + " HTTP/1.1"), 414}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    HeaderLines, Heads,
    ::testing::Values(
        Case{"no_host", get("GET / HTTP/1.1", ""), 400},
        Case{"no_host_old", get("GET / HTTP/1.0", ""), 400},
        Case{"two_hosts", get("GET / HTTP/1.1", "Host: a\r\nHost: a\r\n"), 400},
        Case{"two_hosts_spelled", get("GET / HTTP/1.1", "Host: a\r\nhOST: b\r\n"), 400},
        Case{"host_empty", get("GET / HTTP/1.1", "Host:\r\n"), 400},
        Case{"host_path", get("GET / HTTP/1.1", "Host: a/b\r\n"), 400},
        Case{"host_user", get("GET / HTTP/1.1", "Host: u@a\r\n"), 400},
        Case{"host_list", get("GET / HTTP/1.1", "Host: a, b\r\n"), 400},
        Case{"host_port", get("GET / HTTP/1.1", "Host: a:x\r\n"), 400},
        Case{"host_v6", get("GET / HTTP/1.1", "Host: [::1]:80\r\n"), 200},
        Case{"host_v6_open", get("GET / HTTP/1.1", "Host: [::1\r\n"), 400},
        Case{"bare_lf", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Case{"bare_lf_in_headers", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        Case{"bare_lf_at_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        Case{"bare_cr", get("GET / HTTP/1.1", "Host: a\r\nX: a\rb\r\n"), 400},
        Case{"nul_in_value", get("GET / HTTP/1.1", std::string("Host: a\r\nX: a\0b\r\n", 17)), 400},
        Case{"space_before_colon", get("GET / HTTP/1.1", "Host : a\r\n"), 400},
        Case{"tab_before_colon", get("GET / HTTP/1.1", "Host\t: a\r\n"), 400},
        Case{"folded", get("GET / HTTP/1.1", "Host: a\r\nX: a\r\n b\r\n"), 400},
        Case{"folded_first", get("GET / HTTP/1.1", " X: a\r\nHost: a\r\n"), 400},
        Case{"no_colon", get("GET / HTTP/1.1", "Host: a\r\nX\r\n"), 400},
        Case{"no_name", get("GET / HTTP/1.1", "Host: a\r\n: x\r\n"), 400},
        Case{"bad_name", get("GET / HTTP/1.1", "Host: a\r\nX(y): x\r\n"), 400},
        Case{"obs_text", get("GET / HTTP/1.1", "Host: a\r\nX: \xe4\r\n"), 200},
        Case{"bad_expect", get("GET / HTTP/1.1", "Host: a\r\nExpect: gold\r\n"), 417}),
    [](const auto& tested) { return tested.param.name; });

Case body(const char* name, std::string_view headers, int status) {
  return {name, get("POST / HTTP/1.1", "Host: a\r\n" + std::string(headers)), status};
}

INSTANTIATE_TEST_SUITE_P(
    Framing, Heads,
    ::testing::Values(
        body("length", "Content-Length: 3\r\n", 200),
        body("length_zeros", "Content-Length: 003\r\n", 200),
        body("length_twice_same", "Content-Length: 3\r\nContent-Length: 3\r\n", 400),
        body("length_twice_other", "Content-Length: 3\r\ncontent-length: 4\r\n", 400),
        body("length_list", "Content-Length: 3, 3\r\n", 400),
        body("length_plus", "Content-Length: +3\r\n", 400),
        body("length_minus", "Content-Length: -3\r\n", 400),
        body("length_hex", "Content-Length: 0x3\r\n", 400),
        body("length_empty", "Content-Length:\r\n", 400),
        body("length_space", "Content-Length: 3 3\r\n", 400),
        body("length_fraction", "Content-Length: 3.0\r\n", 400),
        body("length_overflow", "Content-Length: 18446744073709551619\r\n", 400),
        body("chunked", "Transfer-Encoding: chunked\r\n", 200),
        body("chunked_case", "transfer-encoding: CHUNKED\r\n", 200),
        body("chunked_twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        body("chunked_and_identity",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400),
        body("chunked_list", "Transfer-Encoding: chunked, chunked\r\n", 501),
        body("gzip", "Transfer-Encoding: gzip\r\n", 501),
        body("gzip_chunked", "Transfer-Encoding: gzip, chunked\r\n", 501),
        body("identity", "Transfer-Encoding: identity\r\n", 501),
        body("coding_empty", "Transfer-Encoding:\r\n", 501),
        body("coding_vertical_tab",
             "Transfer-Encoding: \x0b"
             "chunked\r\n",
             400),
        body("coding_quoted", "Transfer-Encoding: \"chunked\"\r\n", 501),
        body("chunked_with_parameter", "Transfer-Encoding: chunked;q=1\r\n", 501),
        body("both", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400),
        body("both_other_order", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400),
        Case{"chunked_old", get("POST / HTTP/1.0", "Host: a\r\nTransfer-Encoding: chunked\r\n"),
             400}),
    [](const auto& tested) { return tested.param.name; });

TEST(RequestHead, BoundsTheHeadAndTheNumberOfHeaders) {
  std::string many = "Host: a\r\n";
  for (int i = 0; i < 63; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(status_of(get("GET / HTTP/1.1", many)), 200);
  EXPECT_EQ(status_of(get("GET / HTTP/1.1", many + "X: y\r\n")), 431);
  EXPECT_EQ(status_of(get("GET / HTTP/1.1", "Host: a\r\nX: " + std::string(15'000, 'x') + "\r\n")),
            200);
  EXPECT_EQ(status_of(get("GET / HTTP/1.1", "Host: a\r\nX: " + std::string(17'000, 'x') + "\r\n")),
            431);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(17'000, 'x')), 431);
}

TEST(RequestHead, ConnectionPersistsByVersionAndHeader) {
  auto keeps = [](const std::string& text) {
    Parsed parsed;
    EXPECT_EQ(status_of(text, &parsed), 200);
    return parsed.framing.keep_alive;
  };
  EXPECT_TRUE(keeps(get("GET / HTTP/1.1")));
  EXPECT_FALSE(keeps(get("GET / HTTP/1.1", "Host: a\r\nConnection: close\r\n")));
  EXPECT_FALSE(keeps(get("GET / HTTP/1.1", "Host: a\r\nConnection: x, CLOSE\r\n")));
  EXPECT_FALSE(
      keeps(get("GET / HTTP/1.1", "Host: a\r\nConnection: keep-alive\r\nConnection: close\r\n")));
  EXPECT_FALSE(keeps(get("GET / HTTP/1.0")));
  EXPECT_TRUE(keeps(get("GET / HTTP/1.0", "Host: a\r\nConnection: keep-alive\r\n")));
}

TEST(RequestHead, TheScannerFindsTheSameEndHoweverTheBytesArrive) {
  std::string text = get("GET /x HTTP/1.1", "Host: a\r\nX: y\r\n") + "body";
  for (std::size_t step = 1; step < text.size(); ++step) {
    HeadScanner scanner;
    HeadScanner::Found found = HeadScanner::Found::more;
    for (std::size_t n = 0; n <= text.size() && found == HeadScanner::Found::more; n += step) {
      found = scanner.scan(std::string_view(text).substr(0, n));
    }
    if (found == HeadScanner::Found::more) found = scanner.scan(text);
    EXPECT_EQ(found, HeadScanner::Found::head);
    EXPECT_EQ(scanner.size(), text.size() - 4);
  }
}

TEST(RequestRead, QueryValuesAndCookies) {
  Request request;
  request.query = "a=1&b=x%20y+z&a=2&empty=&flag&bad=%zz&%61b=c";
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("b"), "x y z");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("ab"), "c");
  EXPECT_EQ(request.query_value("none"), std::nullopt);
  EXPECT_THROW(request.query_value("bad"), Fault);
  request.headers = {{"Cookie", "x=1; molecule_session=abc; y=\"q\""}, {"cookie", "late=2"}};
  EXPECT_EQ(request.cookie("molecule_session"), "abc");
  EXPECT_EQ(request.cookie("session"), std::nullopt);
  EXPECT_EQ(request.cookie("y"), "q");
  EXPECT_EQ(request.cookie("late"), "2");
}

TEST(Utf8, AcceptsExactlyWellFormedText) {
  EXPECT_TRUE(valid_utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x92\xa9"));
  for (std::string_view bad :
       {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80",
        "\xc3", "\xe2\x82", "\xf0\x9f\x92", "a\xff"}) {
    EXPECT_FALSE(valid_utf8(bad)) << bad.size();
  }
}

}  // namespace
}  // namespace molecule::http
