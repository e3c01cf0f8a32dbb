#include "agent/rpc_lines.h"

#include "base/fault.h"

namespace molecule::agent {
namespace {

using json::Node;
using json::Type;

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

}  // namespace molecule::agent
