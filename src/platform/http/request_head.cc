#include "platform/http/request_head.h"

#include <cstring>

#include "platform/http/syntax.h"

namespace molecule::http {

HeadScanner::Found HeadScanner::scan(std::string_view text) {
  for (;;) {
    const void* hit =
        text.size() > at_ ? std::memchr(text.data() + at_, '\n', text.size() - at_) : nullptr;
    if (!hit) {
      at_ = text.size();
      return text.size() > head_max ? Found::too_large : Found::more;
    }
    auto end = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    if (end >= head_max) return Found::too_large;
    if (end == line_ || text[end - 1] != '\r') return Found::bad_line_end;
    bool empty = end == line_ + 1;
    bool first = line_ == 0;
    line_ = at_ = end + 1;
    if (empty && !first) return Found::head;
  }
}

namespace {

std::optional<Method> method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::get;
      if (text == "PUT") return Method::put;
      break;
    case 4:
      if (text == "POST") return Method::post;
      if (text == "HEAD") return Method::head;
      break;
    case 5:
      if (text == "PATCH") return Method::patch;
      break;
    case 6:
      if (text == "DELETE") return Method::del;
      break;
    case 7:
      if (text == "OPTIONS") return Method::options;
      break;
    default: break;
  }
  return std::nullopt;
}

HeadError bad(std::string_view text) { return {400, "bad_request", text}; }

// Every segment must mean itself: "." and ".." (however spelled), encoded NUL and broken escapes do
// not.
bool path_is_plain(std::string_view path) {
  if (path.find('%') == std::string_view::npos && path.find("/.") == std::string_view::npos)
    return true;
  std::size_t at = 1;
  for (;;) {
    std::size_t slash = path.find('/', at);
    std::string_view segment =
        path.substr(at, slash == std::string_view::npos ? slash : slash - at);
    auto decoded = percent_decode(segment);
    if (!decoded || *decoded == "." || *decoded == "..") return false;
    // An encoded separator may be part of a name, but not of a name that climbs.
    std::string_view text = *decoded;
    while (!text.empty()) {
      std::size_t cut = text.find_first_of("/\\");
      if (text.substr(0, cut) == "..") return false;
      if (cut == std::string_view::npos) break;
      text.remove_prefix(cut + 1);
    }
    if (slash == std::string_view::npos) return true;
    at = slash + 1;
  }
}

std::optional<HeadError> read_target(std::string_view target, Request& request, Framing& framing,
                                     std::string_view& authority) {
  if (target.size() > target_max)
    return HeadError{414, "uri_too_long", "the request target is longer than 8192 bytes"};
  if (target == "*") {
    if (request.method != Method::options) return bad("the request target * is for OPTIONS only");
    framing.asterisk = true;
    request.path = "/";
    request.query = {};
    return std::nullopt;
  }
  if (target.front() != '/') {
    std::string_view rest = target;
    if (rest.starts_with("http://")) {
      rest.remove_prefix(7);
    } else if (rest.starts_with("https://")) {
      rest.remove_prefix(8);
    } else {
      return bad("the request target must be a path or an absolute http URL");
    }
    std::size_t end = rest.find_first_of("/?");
    authority = rest.substr(0, end);
    if (!host_of(authority)) return bad("the request target names no valid host");
    target = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
    if (target.front() != '/') return bad("the request target has no path");
  }
  std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  if (!all_are(request.path, detail::path_char) || !all_are(request.query, detail::query_char)) {
    return bad("the request target has characters that must be percent-encoded");
  }
  if (!path_is_plain(request.path)) return bad("the path has a segment that is not allowed");
  return std::nullopt;
}

std::optional<HeadError> read_request_line(std::string_view line, Request& request,
                                           Framing& framing, std::string_view& authority) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return bad("malformed request line");
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (method.empty() || !all_are(method, detail::token_char)) return bad("malformed method");
  if (target.empty() || target.find(' ') != std::string_view::npos)
    return bad("malformed request line");
  if (version == "HTTP/1.0") {
    framing.http10 = true;
    framing.keep_alive = false;
  } else if (version != "HTTP/1.1") {
    if (version.size() == 8 && version.starts_with("HTTP/") && version[5] >= '0' &&
        version[5] <= '9' && version[6] == '.' && version[7] >= '0' && version[7] <= '9') {
      return HeadError{505, "http_version_not_supported",
                       "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    return bad("malformed HTTP version");
  }
  auto known = method_of(method);
  if (!known) return HeadError{405, "method_not_allowed", "no path here takes this method"};
  request.method = *known;
  return read_target(target, request, framing, authority);
}

// What the framing headers said, to refuse doubles and contradictions.
struct Seen {
  bool host = false;
  bool length = false;
  bool coding = false;
  bool close = false;
  bool keep_alive = false;
};

std::optional<HeadError> note_header(const Header& header, Request& request, Framing& framing,
                                     Seen& seen) {
  std::string_view name = header.name;
  std::string_view value = header.value;
  // The length tells nearly every header apart before any comparison.
  switch (name.size()) {
    case 4:
      if (equal_ignoring_case(name, "host")) {
        if (seen.host) return bad("the Host header is given twice");
        seen.host = true;
        request.host = value;
        if (!host_of(value)) return bad("malformed Host header");
      }
      break;
    case 6:
      if (equal_ignoring_case(name, "expect")) {
        if (!equal_ignoring_case(value, "100-continue")) {
          return HeadError{417, "expectation_failed", "only 100-continue may be expected"};
        }
        framing.expects_continue = true;
      }
      break;
    case 10:
      if (equal_ignoring_case(name, "connection")) {
        seen.close |= list_has(value, "close");
        seen.keep_alive |= list_has(value, "keep-alive");
        framing.upgrade |= list_has(value, "upgrade");
      }
      break;
    case 14:
      if (equal_ignoring_case(name, "content-length")) {
        if (seen.length) return bad("the Content-Length header is given twice");
        seen.length = true;
        auto length = parse_length(value);
        if (!length) return bad("malformed Content-Length header");
        framing.has_length = true;
        framing.length = *length;
      }
      break;
    case 17:
      if (equal_ignoring_case(name, "transfer-encoding")) {
        if (seen.coding) return bad("the Transfer-Encoding header is given twice");
        seen.coding = true;
        if (!equal_ignoring_case(value, "chunked")) {
          return HeadError{501, "transfer_encoding_not_implemented",
                           "only the transfer encoding chunked is accepted"};
        }
        framing.chunked = true;
      }
      break;
    default: break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<HeadError> parse_head(std::string_view head, Request& request, Framing& framing) {
  request.headers.clear();
  request.host = {};
  request.body = {};
  framing = {};
  if (head.starts_with("\r\n"))
    head.remove_prefix(2);  // RFC 9112 §2.2: one empty line may precede.

  std::size_t end = head.find("\r\n");
  if (end == std::string_view::npos) return bad("malformed request line");
  std::string_view line = head.substr(0, end);
  std::string_view authority;
  if (auto error = read_request_line(line, request, framing, authority)) return error;
  head.remove_prefix(end + 2);

  Seen seen;
  for (;;) {
    const void* hit = head.empty() ? nullptr : std::memchr(head.data(), '\n', head.size());
    if (!hit) return bad("the head is not complete");
    end = static_cast<std::size_t>(static_cast<const char*>(hit) - head.data());
    if (end == 0 || head[end - 1] != '\r') return bad("a line ends without CR");
    line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t')
      return bad("folded header lines are not accepted");
    std::size_t colon = 0;
    while (colon < line.size() && is_a(line[colon], detail::token_char)) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':')
      return bad("malformed header name");
    Header header{line.substr(0, colon), trim(line.substr(colon + 1))};
    if (!all_are(header.value, detail::value_char))
      return bad("a header value has control characters");
    if (request.headers.size() == headers_max) {
      return HeadError{431, "too_many_headers", "the request has more than 64 headers"};
    }
    if (auto error = note_header(header, request, framing, seen)) return error;
    request.headers.push_back(header);
  }
  if (!head.empty()) return bad("bytes follow the head");

  if (!seen.host) return bad("the Host header is missing");
  if (!authority.empty() && !equal_ignoring_case(authority, request.host)) {
    return bad("the request target and the Host header name different hosts");
  }
  if (seen.coding) {
    if (seen.length) return bad("Content-Length and Transfer-Encoding exclude each other");
    if (framing.http10) return bad("HTTP/1.0 has no transfer encodings");
  }
  if (seen.close) {
    framing.keep_alive = false;
  } else if (framing.http10 && seen.keep_alive) {
    framing.keep_alive = true;
  }
  if (framing.http10) framing.expects_continue = false;
  return std::nullopt;
}

}  // namespace molecule::http
