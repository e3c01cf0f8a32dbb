#include "agent/rpc_lines.h"

#include <algorithm>
#include <array>

#include "agent/stream_json.h"
#include "base/fault.h"

namespace molecule::agent {
namespace {

using json::Node;
using json::Type;

constexpr std::int64_t authentication_required = -32000;

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// A number that stands alone.
bool names(std::string_view text, std::string_view number) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t at = text.find(number); at != std::string_view::npos;
       at = text.find(number, at + 1)) {
    const std::size_t end = at + number.size();
    const bool begins = at == 0 || !digit(text[at - 1]);
    const bool ends = end == text.size() || !digit(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return text.find(word) != text.npos; });
}

}  // namespace

std::optional<RpcLine> RpcLine::read(std::string_view line) {
  std::optional<json::Document> document;
  try {
    document = json::Document::parse(line, {.bytes = 16u << 20});
  } catch (const Fault&) {
    return std::nullopt;
  }
  const Node root = document->root();
  const Node id = root.find("id"), method = root.find("method");
  const bool answers = id.is(Type::string) || id.is(Type::integer);
  std::string id_text = answers ? id.text() : std::string();
  if (method.is(Type::string)) {
    std::string name(method.string());
    RpcLine out(std::move(*document), answers ? Kind::request : Kind::notification, "params");
    out.id_ = std::move(id_text);
    out.method_ = std::move(name);
    return out;
  }
  if (!answers) return std::nullopt;
  const bool failed = root.find("error").is(Type::object);
  if (!failed && !root.find("result")) return std::nullopt;
  RpcLine out(std::move(*document), failed ? Kind::error : Kind::result,
              failed ? "error" : "result");
  out.id_ = std::move(id_text);
  return out;
}

std::string_view text_at(Node node, std::string_view path) {
  for (;;) {
    const std::size_t dot = path.find('.');
    node = node.find(path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return node.is(Type::string) ? node.string() : std::string_view();
}

Failure failure_in(std::int64_t code, std::string_view words) {
  if (code >= 400 && code < 600) return failure_of(static_cast<int>(code));
  const std::string text = lowered(words);
  if (code == authentication_required || names(text, "401") || names(text, "403") ||
      has_any(text, {"unauthorized", "unauthenticated", "authentication", "api key", "api-key",
                     "apikey", "invalid key"}))
    return Failure::auth;
  if (names(text, "429") ||
      has_any(text, {"rate limit", "rate_limit", "too many requests", "usagelimit", "quota"}))
    return Failure::rate_limit;
  if (names(text, "529") || names(text, "503") || has_any(text, {"overloaded"}))
    return Failure::overloaded;
  return Failure::provider;
}

}  // namespace molecule::agent
