#include "platform/grpc/state.h"

#include <algorithm>
#include <array>
#include <utility>

#include "platform/crypto/encoding.h"
#include "platform/http/syntax.h"
#include "platform/json/answer.h"
#include "platform/protobuf/bytes_of.h"
#include "platform/protobuf/schema.h"

namespace molecule::grpc {
namespace {

using json::Node;
using json::Type;

constexpr std::array<std::string_view, 17> names{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// Messages of google.rpc.
constexpr protobuf::Field info_fields[] = {protobuf::text(1, "reason"), protobuf::text(2, "domain"),
                                           protobuf::by_name(protobuf::text(3, "metadata"))};
constexpr protobuf::Message info{info_fields};
constexpr protobuf::Field violation_fields[] = {protobuf::text(1, "field"),
                                                protobuf::text(2, "description")};
constexpr protobuf::Message violation{violation_fields};
constexpr protobuf::Field bad_fields[] = {
    protobuf::many(protobuf::part(1, "fieldViolations", violation))};
constexpr protobuf::Message bad{bad_fields};
constexpr protobuf::Field any_fields[] = {protobuf::text(1, "typeUrl"),
                                          protobuf::bytes(2, "value")};
constexpr protobuf::Message any{any_fields};
constexpr protobuf::Field status_fields[] = {protobuf::int32(1, "code"),
                                             protobuf::text(2, "message"),
                                             protobuf::many(protobuf::part(3, "details", any))};
constexpr protobuf::Message status{status_fields};

std::string base64(std::string_view bytes) {
  return crypto::base64_encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string bytes_in(const std::string& json_text, const protobuf::Message& message) {
  const json::Document document = json::Document::parse(json_text);
  return protobuf::bytes_of(document.root(), message);
}

std::string details_bytes(Code code, std::string_view text, Node list) {
  if (!list.is(Type::array) || list.size() == 0) return {};
  std::vector<RawJson> all;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Node type = list.at(i).find("@type");
    if (!type.is(Type::string)) continue;
    const protobuf::Message* of = type.string().ends_with("/google.rpc.ErrorInfo")    ? &info
                                  : type.string().ends_with("/google.rpc.BadRequest") ? &bad
                                                                                      : nullptr;
    if (!of) continue;
    json::Object one;
    one.add("typeUrl", type.string()).add("value", base64(protobuf::bytes_of(list.at(i), *of)));
    all.push_back(one.raw());
  }
  json::Object whole;
  whole.add("code", static_cast<int>(code)).add("message", text).add("details", all);
  std::string bytes = bytes_in(whole.text(), status);
  return bytes.size() > details_max ? std::string() : bytes;
}

// What is not printable, and the percent sign, as %XX.
std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

template <class Add>
void each_field(const Ending& ending, Add add) {
  add("grpc-status", std::to_string(static_cast<int>(ending.code)));
  if (!ending.text.empty()) add("grpc-message", escaped(ending.text));
  if (!ending.details.empty()) add("grpc-status-details-bin", base64(ending.details));
}

}  // namespace

Code code_named(std::string_view name) {
  const auto at = std::ranges::find(names, name);
  return at == names.end() ? Code::unknown : static_cast<Code>(at - names.begin());
}

Code code_of(int http_status) {
  switch (http_status) {
    case 200: return Code::ok;
    case 400:
    case 415:
    case 422: return Code::invalid_argument;
    case 401: return Code::unauthenticated;
    case 403: return Code::permission_denied;
    case 404:
    case 410: return Code::not_found;
    case 405: return Code::unimplemented;
    case 408:
    case 504: return Code::deadline_exceeded;
    case 409: return Code::aborted;
    case 402:
    case 413:
    case 429: return Code::resource_exhausted;
    case 503: return Code::unavailable;
    default: return http_status >= 500 ? Code::internal : Code::unknown;
  }
}

Ending ending(Code code, std::string_view text, Node details) {
  Ending made{code, json::storable(text, text_max), {}};
  made.details = details_bytes(code, made.text, details);
  return made;
}

Ending ending(const Fault& fault) {
  json::Object one;
  one.add("@type", "type.googleapis.com/google.rpc.ErrorInfo");
  one.add("reason", fault.code()).add("domain", "molecule");
  const json::Document document = json::Document::parse("[" + one.text() + "]");
  const Code code = fault.code() == "unsupported_coding" ? Code::unimplemented
                                                         : code_of(http_status(fault.kind()));
  return ending(code, fault.text(), document.root());
}

http::Response refused(const Ending& ending) {
  http::Response response;
  response.content_type = media;
  // A head alone says nothing of a body's type, and here it is the answer's.
  response.headers.emplace_back("Content-Type", media);
  if (ending.code == Code::unimplemented)
    response.headers.emplace_back("grpc-accept-encoding", "identity");
  each_field(ending, [&](std::string_view name, std::string value) {
    response.headers.emplace_back(name, std::move(value));
  });
  return response;
}

void tell(http::BodyWriter& out, const Ending& ending) {
  each_field(ending,
             [&](std::string_view name, const std::string& value) { out.trailer(name, value); });
}

http::Response in_words(http::Response answer) {
  if (answer.content_type == media) return answer;
  std::string text, code;
  try {
    const json::Document document = json::parse_answer(answer.body);
    const Node said = document.root().find("error");
    if (said.is(Type::string)) text = said.string();
    const Node named = document.root().find("code");
    if (named.is(Type::string)) code = named.string();
  } catch (const Fault&) {
    text = http::reason_phrase(answer.status);
  }
  json::Object one;
  one.add("@type", "type.googleapis.com/google.rpc.ErrorInfo");
  one.add("reason", code).add("domain", "molecule");
  const json::Document details = json::Document::parse("[" + one.text() + "]");
  http::Response out = refused(ending(code_of(answer.status), text, details.root()));
  for (auto& field : answer.headers) out.headers.push_back(std::move(field));
  return out;
}

}  // namespace molecule::grpc
