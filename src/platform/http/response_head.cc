#include "platform/http/response_head.h"

#include <charconv>
#include <cstring>

#include "platform/http/syntax.h"

namespace molecule::http {

namespace {

constexpr std::string_view security =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";
constexpr std::string_view api_policy =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'\r\n";
constexpr std::string_view transport =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";

void append_number(std::string& out, std::size_t value) {
  char digits[24];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Every answer carries these lines: written in place and appended once.
void append_quota(std::string& out, const Quota& quota) {
  constexpr std::string_view limit = "X-RateLimit-Limit: ";
  constexpr std::string_view remaining = "\r\nX-RateLimit-Remaining: ";
  constexpr std::string_view reset = "\r\nX-RateLimit-Reset: ";
  constexpr std::size_t digits_max = 10;
  char line[limit.size() + remaining.size() + reset.size() + 3 * digits_max + 2];
  char* at = line;
  auto text = [&at](std::string_view words) {
    std::memcpy(at, words.data(), words.size());
    at += words.size();
  };
  auto number = [&at](std::uint32_t value) { at = std::to_chars(at, at + digits_max, value).ptr; };
  text(limit);
  number(quota.limit);
  text(remaining);
  number(quota.remaining);
  text(reset);
  number(quota.reset);
  text("\r\n");
  out.append(line, static_cast<std::size_t>(at - line));
}

void append_value(std::string& out, std::string_view value) {
  if (all_are(value, detail::value_char)) {
    out += value;
    return;
  }
  for (char c : value) out += is_a(c, detail::value_char) ? c : ' ';
}

}  // namespace

std::string_view HeadWriter::date() {
  timespec at{};
#ifdef CLOCK_REALTIME_COARSE
  ::clock_gettime(CLOCK_REALTIME_COARSE, &at);
#else
  ::clock_gettime(CLOCK_REALTIME, &at);
#endif
  if (at.tv_sec != second_) {
    second_ = at.tv_sec;
    std::tm utc{};
    ::gmtime_r(&second_, &utc);
    // The C locale's names are the ones HTTP wants; the program never sets another.
    std::strftime(date_, sizeof date_, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  }
  return date_;
}

void HeadWriter::write(std::string& out, const Response& response, const HeadFacts& facts) {
  if (response.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\n";
  }
  out += date();
  out += security;
  if (facts.secure) out += transport;
  bool own_policy = false;
  bool own_caching = facts.page;
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || !all_are(name, detail::token_char)) continue;
    own_policy |= equal_ignoring_case(name, "content-security-policy");
    own_caching |= equal_ignoring_case(name, "cache-control");
    out += name;
    out += ": ";
    append_value(out, value);
    out += "\r\n";
  }
  // Answers hold what one caller may see; nothing on the way may keep them unless the handler says
  // so.
  if (!own_caching && response.status != 101) out += "Cache-Control: no-store\r\n";
  if (!own_policy) out += facts.page ? page_policy : api_policy;
  if (!facts.request_id.empty()) {
    out += "X-Request-Id: ";
    out += facts.request_id;
    out += "\r\n";
  }
  switch (facts.quota.kind) {
    case Quota::Kind::untold: break;
    case Quota::Kind::counted: append_quota(out, facts.quota); break;
    case Quota::Kind::unlimited: out += "X-RateLimit-Limit: unlimited\r\n"; break;
  }
  if (!facts.allow_origin.empty()) {
    out += "Access-Control-Allow-Origin: ";
    append_value(out, facts.allow_origin);
    out +=
        "\r\nAccess-Control-Allow-Credentials: true\r\n"
        "Access-Control-Expose-Headers: X-Request-Id, X-Molecule-Seq, X-Molecule-Before-Seq, Retry-After, "
        "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset\r\n"
        "Vary: Origin\r\n";
  }
  if (facts.length) {
    if (*facts.length > 0 && !response.content_type.empty()) {
      out += "Content-Type: ";
      append_value(out, response.content_type);
      out += "\r\n";
    }
    out += "Content-Length: ";
    append_number(out, *facts.length);
    out += "\r\n";
  } else if (response.stream) {
    out += "Content-Type: ";
    append_value(out, response.content_type);
    out += "\r\n";
    if (facts.chunked) out += "Transfer-Encoding: chunked\r\n";
  }
  if (response.status == 101) {
    out += "\r\n";
    return;
  }
  if (!facts.keep_alive) {
    out += "Connection: close\r\n";
  } else if (facts.http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace molecule::http
