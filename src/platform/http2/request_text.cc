#include "platform/http2/request_text.h"

#include <algorithm>

#include "platform/http/request_head.h"
#include "platform/http/syntax.h"
#include "platform/http2/connection_fields.h"

namespace molecule::http2 {
namespace {

// Visible bytes alone: nothing that parts the words of a request line.
bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

}  // namespace

bool RequestText::add_pseudo(std::string_view name, std::string_view value) {
  if (!is_word(value)) return false;
  if (name == ":scheme") return value == "http" || value == "https";
  std::string* place = name == ":method"      ? &method_
                       : name == ":path"      ? &path_
                       : name == ":authority" ? &authority_
                                              : nullptr;
  if (!place || !place->empty()) return false;
  kept_ += value.size();
  *place = value;
  return true;
}

bool RequestText::add(std::string_view name, std::string_view value) {
  weight_ += weight_of(name, value);
  // The reader says of such a head that it is too large: more than it needs for that is not kept.
  if (kept_ > http::head_max) return true;
  if (name.starts_with(':')) return add_pseudo(name, value);
  if (name.empty() || !http::all_are(name, http::detail::token_char)) return false;
  if (!http::all_are(value, http::detail::value_char)) return false;
  if (of_connection(name)) return false;
  if (name == "host" && host_.empty()) {
    host_ = value;
    if (host_ != authority_) kept_ += value.size();
    return true;
  }
  if (name == "cookie") {
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
    kept_ += value.size() + 2;
    return true;
  }
  if (name == "content-length") sized_ = true;
  kept_ += weight_of(name, value);
  fields_.append(name).append(": ").append(value).append("\r\n");
  return true;
}

std::string RequestText::head(bool body) const {
  std::string text;
  if (method_.empty() || path_.empty()) return text;
  text.reserve(method_.size() + path_.size() + fields_.size() + cookies_.size() + 160);
  text.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\n");
  const std::string& host = authority_.empty() ? host_ : authority_;
  if (!host.empty()) text.append("Host: ").append(host).append("\r\n");
  // Two that differ are refused like two of HTTP/1.1.
  if (!host_.empty() && host_ != host) text.append("Host: ").append(host_).append("\r\n");
  text.append(fields_);
  if (!cookies_.empty()) text.append("Cookie: ").append(cookies_).append("\r\n");
  if (body && chunked()) text.append("Transfer-Encoding: chunked\r\n");
  text.append("Connection: close\r\n\r\n");
  return text;
}

}  // namespace molecule::http2
