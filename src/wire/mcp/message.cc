#include "wire/mcp/message.h"

#include <charconv>

#include <fmt/format.h>

#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp {

using json::Node;
using json::Type;

std::optional<std::string> revision_in(Node message) {
  const Node version = message.find("params").find("_meta").find(meta::version);
  if (!version) return std::nullopt;
  return version.is(Type::string) ? std::string(version.string()) : version.text();
}

Refused unspoken(std::string id, Node requested) {
  json::Object data;
  data.add("supported", std::vector<std::string>{std::string(stateless_revision)});
  data.add("requested", RawJson(requested.text()));
  return {std::move(id), unsupported_version, "this revision is not spoken without a handshake",
          data.text()};
}

std::variant<Message, Refused> read_message(Node message, Era era) {
  const Node method = message.find("method"), id = message.find("id");
  if (!message.is(Type::object) || !method.is(Type::string)) {
    if (message.find("result") || message.find("error"))
      return Message{Message::Kind::answer, {}, {}, {}};
    return Refused{"null", jsonrpc::invalid_request, "this is no request of JSON-RPC 2.0"};
  }
  if (id && !id.is(Type::string) && !id.is(Type::integer))
    return Refused{"null", jsonrpc::invalid_request, "an id is a string or a whole number"};
  if (const Node version = message.find("jsonrpc");
      !version.is(Type::string) || version.string() != "2.0")
    return Refused{id ? id.text() : "null", jsonrpc::invalid_request, "jsonrpc must be \"2.0\""};
  Message out;
  out.method = method.string();
  out.params = message.find("params");
  if (!id) {
    out.kind = Message::Kind::notification;
    return out;
  }
  out.id = id.text();
  if (out.params && !out.params.is(Type::object))
    return Refused{out.id, jsonrpc::invalid_params, "params: expected an object"};
  const Node own = out.params.find("_meta");
  const Node version = own.find(meta::version);
  if (!version && era == Era::either) return out;
  if (!version)
    return Refused{out.id, jsonrpc::invalid_params,
                   fmt::format("_meta must have {}", meta::version)};
  if (!version.is(Type::string) || version.string() != stateless_revision)
    return unspoken(out.id, version);
  if (!own.find(meta::capabilities).is(Type::object))
    return Refused{out.id, jsonrpc::invalid_params,
                   fmt::format("_meta must have {}", meta::capabilities)};
  out.stateless = true;
  return out;
}

std::string without_halves(std::string_view text) {
  // The code unit of an escape that begins here; nothing where there is none.
  const auto unit_at = [text](std::size_t at) -> std::optional<unsigned> {
    unsigned unit = 0;
    if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return std::nullopt;
    const char* const digits = text.data() + at + 2;
    const auto [end, error] = std::from_chars(digits, digits + 4, unit, 16);
    return error == std::errc{} && end == digits + 4 ? std::optional(unit) : std::nullopt;
  };
  const auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
  std::string out;
  std::size_t kept = 0;  // Up to here the text is in `out`.
  for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
    const auto unit = unit_at(at);
    if (!unit) {
      at += 2;  // Another escape; a backslash that is escaped begins none.
      continue;
    }
    const auto next = unit_at(at + 6);
    if (is_high(*unit) && next && is_low(*next)) {
      at += 12;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) {
      out.append(text.substr(kept, at - kept)).append("\\ufffd");
      kept = at + 6;
    }
    at += 6;
  }
  return kept == 0 ? std::string() : out.append(text.substr(kept));
}

}  // namespace molecule::mcp
