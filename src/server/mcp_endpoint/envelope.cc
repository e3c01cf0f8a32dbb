#include "server/mcp_endpoint/envelope.h"

#include <algorithm>

#include <fmt/format.h>

#include "dialogue/session.h"
#include "platform/crypto/encoding.h"
#include "wire/jsonrpc/jsonrpc.h"
#include "wire/mcp/answer.h"
#include "wire/mcp/revisions.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp_endpoint {
namespace {

using json::Node;
using json::Type;

constexpr std::string_view json_media = "application/json";
constexpr std::string_view stream_media = "text/event-stream";

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether a list of media ranges takes this type.
bool takes(std::string_view ranges, std::string_view media) {
  while (!ranges.empty()) {
    const std::size_t end = std::min(ranges.find(','), ranges.size());
    std::string_view range = ranges.substr(0, end);
    range = trimmed(range.substr(0, std::min(range.find(';'), range.size())));
    ranges.remove_prefix(std::min(end + 1, ranges.size()));
    const bool whole_type =
        range.ends_with("/*") && media.starts_with(range.substr(0, range.size() - 1));
    if (range == "*/*" || whole_type || same_word(range, media)) return true;
  }
  return false;
}

// The value of a header that mirrors a member (=?base64?…?= where it is not plain); nothing where
// it is broken.
std::optional<std::string> mirrored(std::string_view value) {
  constexpr std::string_view before = "=?base64?", behind = "?=";
  if (!value.starts_with(before) || !value.ends_with(behind) ||
      value.size() < before.size() + behind.size())
    return std::string(value);
  value = value.substr(before.size(), value.size() - before.size() - behind.size());
  const auto bytes = crypto::base64_decode(value);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

// What a header that mirrors a member says wrong; empty when nothing.
std::string wrong_header(const http::Request& request, std::string_view header,
                         std::string_view expected) {
  const auto found = request.header(header);
  if (!found) return fmt::format("the header {} is missing", header);
  const auto said = mirrored(*found);
  if (!said || *said != expected)
    return fmt::format("the header {} is not what the body says", header);
  return {};
}

std::string id_of(Node message) {
  const Node id = message.find("id");
  return id.is(Type::string) || id.is(Type::integer) ? id.text() : "null";
}

mcp::Refused unknown_revision(std::string id, std::string_view asked) {
  json::Object data;
  std::vector<std::string> spoken(mcp::handshake_revisions.begin(), mcp::handshake_revisions.end());
  spoken.emplace_back(mcp::stateless_revision);
  data.add("supported", spoken).add("requested", asked);
  return {std::move(id), mcp::unsupported_version, "this revision is not spoken", data.text()};
}

using FindTool = const mcp::Words* (*)(std::string_view name);

// What the headers that mirror the arguments of a call say wrong; empty when nothing.
std::string wrong_argument(const http::Request& request, Node params, FindTool find) {
  const mcp::Words* tool = find(mcp::text_of(params, "name"));
  if (tool == nullptr) return {};
  const Node arguments = params.find("arguments");
  for (const mcp::Argument& argument : tool->arguments) {
    if (argument.header.empty()) continue;
    const std::string header = fmt::format("Mcp-Param-{}", argument.header);
    const Node value = arguments.find(argument.name);
    if (!value || value.is(Type::null)) {
      if (request.header(header)) return fmt::format("the header {} has no argument", header);
      continue;
    }
    const std::string text = value.is(Type::string) ? std::string(value.string()) : value.text();
    if (auto wrong = wrong_header(request, header, text); !wrong.empty()) return wrong;
  }
  return {};
}

// Of the stateless era: what its headers have to say.
std::optional<mcp::Refused> mismatch(const http::Request& request, Node message, FindTool find) {
  const auto complain = [&](std::string what) {
    return mcp::Refused{id_of(message), mcp::header_mismatch, std::move(what)};
  };
  const auto revision = mcp::revision_in(message);
  // A notification need not say it; a request that does not is refused for that.
  if (!revision && message.find("id")) return std::nullopt;
  if (revision) {
    if (auto wrong = wrong_header(request, "MCP-Protocol-Version", *revision); !wrong.empty())
      return complain(std::move(wrong));
    if (*revision != mcp::stateless_revision) return std::nullopt;
  }
  const std::string method = mcp::text_of(message, "method");
  if (auto wrong = wrong_header(request, "Mcp-Method", method); !wrong.empty())
    return complain(std::move(wrong));
  const Node params = message.find("params");
  if (method == "tools/call" || method == "prompts/get") {
    if (auto wrong = wrong_header(request, "Mcp-Name", mcp::text_of(params, "name"));
        !wrong.empty())
      return complain(std::move(wrong));
  }
  if (method == "tools/call") {
    if (auto wrong = wrong_argument(request, params, find); !wrong.empty())
      return complain(std::move(wrong));
  }
  if (method == "resources/read") {
    if (auto wrong = wrong_header(request, "Mcp-Name", mcp::text_of(params, "uri")); !wrong.empty())
      return complain(std::move(wrong));
  }
  return std::nullopt;
}

// What of a message, or of one of a batch, has to be known before it is taken.
void look_at(Envelope& out, const std::variant<mcp::Message, mcp::Refused>& read) {
  const auto* message = std::get_if<mcp::Message>(&read);
  if (message != nullptr && message->method == "notifications/cancelled" &&
      mcp::is_handshake_revision(out.revision)) {
    if (const Node id = message->params.find("requestId")) out.cancelled.push_back(id.text());
  }
  // What is wrong is answered too.
  if (message != nullptr && message->kind != mcp::Message::Kind::request) return;
  out.has_requests = true;
  if (message == nullptr || message->method != "tools/call") return;
  out.tools.push_back(mcp::text_of(message->params, "name"));
  out.calls.push_back(message->id);
}

void open_batch(Envelope& out, Node root) {
  out.is_batch = true;
  if (std::string wrong = mcp::wrong_with_batch(root, out.revision); !wrong.empty()) {
    out.refusal = refused(400, {"null", jsonrpc::invalid_request, std::move(wrong)});
    return;
  }
  for (std::size_t i = 0; i < root.size(); ++i) look_at(out, mcp::read_message(root.at(i)));
}

}  // namespace

http::Response refused(int status, const mcp::Refused& what) {
  return http::Response::json(status, mcp::refusal(what));
}

std::optional<http::Response> unacceptable(const http::Request& request) {
  const auto accept = request.header("Accept");
  if (accept && !(takes(*accept, json_media) && takes(*accept, stream_media)))
    return refused(406, {"null", jsonrpc::invalid_request,
                         "Accept has to take application/json and text/event-stream"});
  const auto type = request.header("Content-Type");
  if (type && !takes(*type, json_media))
    return refused(415,
                   {"null", jsonrpc::invalid_request, "Content-Type: expected application/json"});
  return std::nullopt;
}

Envelope open(const http::Request& request, Node root, FindTool tool) {
  Envelope out;
  const std::string_view said = request.header("MCP-Protocol-Version").value_or("");
  const std::string method = mcp::text_of(root, "method");
  const bool stateless = mcp::revision_in(root) || said == mcp::stateless_revision ||
                         method == "server/discover" || method == "subscriptions/listen";
  out.revision = said.empty() ? "2025-03-26" : said;
  if (!stateless && !said.empty() && !mcp::is_handshake_revision(said)) {
    out.refusal = refused(400, unknown_revision(id_of(root), said));
    return out;
  }
  if (root.is(Type::array)) {
    open_batch(out, root);
    return out;
  }
  if (stateless) {
    out.revision = mcp::stateless_revision;
    if (auto wrong = mismatch(request, root, tool)) {
      out.refusal = refused(400, *wrong);
      return out;
    }
  }
  auto read = mcp::read_message(root, stateless ? mcp::Era::stateless : mcp::Era::either);
  if (auto* wrong = std::get_if<mcp::Refused>(&read)) {
    if (wrong->code == mcp::unsupported_version)
      *wrong = unknown_revision(wrong->id, mcp::revision_in(root).value_or(""));
    out.refusal = refused(400, *wrong);
    return out;
  }
  const auto& message = std::get<mcp::Message>(read);
  if (message.kind == mcp::Message::Kind::request) out.method = message.method;
  look_at(out, read);
  return out;
}

}  // namespace molecule::mcp_endpoint
