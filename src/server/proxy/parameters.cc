#include "server/proxy/parameters.h"

#include <fmt/format.h>

#include "platform/http/syntax.h"
#include "wire/a2a/metadata.h"
#include "wire/a2a/task.h"
#include "wire/a2a/version.h"

namespace molecule::proxy {

std::optional<std::string> version_asked(const http::Request& request) {
  auto version = request.header(a2a::version_name);
  if (version && !version->empty()) return std::string(*version);
  return request.query_value(a2a::version_name);
}

std::optional<Extensions> extensions_asked(const http::Request& request) {
  for (std::string_view name : {extensions_header, extensions_header_v03}) {
    auto value = request.header(name);
    if (!value || value->empty()) continue;
    if (!a2a::may_be_extensions(*value)) {
      throw a2a::invalid_params(fmt::format("{} must be URIs between commas, at most {} bytes",
                                            name, a2a::extensions_max));
    }
    return Extensions{name, std::string(*value)};
  }
  return std::nullopt;
}

a2a::Trace trace_of(const http::Request& request) {
  std::string parent, state;
  for (const http::Header& header : request.headers) {
    const bool is_state = http::equal_ignoring_case(header.name, a2a::trace_state_name);
    if (!is_state && !http::equal_ignoring_case(header.name, a2a::trace_parent_name)) continue;
    // Only a state may come in pieces.
    if (!is_state && !parent.empty()) return {};
    std::string& text = is_state ? state : parent;
    if (text.size() + header.value.size() > 2 * a2a::trace_max) continue;
    if (!text.empty()) text += ',';
    text += header.value;
  }
  return a2a::trace_of(parent, state);
}

}  // namespace molecule::proxy
