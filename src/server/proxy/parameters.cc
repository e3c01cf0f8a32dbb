#include "server/proxy/parameters.h"

#include <fmt/format.h>

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

}  // namespace molecule::proxy
