// JSON-RPC 2.0 envelopes (https://www.jsonrpc.org/specification), as text: ids travel untouched.
#pragma once

#include <string>
#include <string_view>

namespace molecule::jsonrpc {

// Codes of the specification, §5.1.
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;

// `id` is JSON text (a quoted string, a number or null); `result` is JSON text.
std::string success(std::string_view id, std::string_view result);
// `extra` adds members beside "error" ("\"code\":\"…\"") for clients that read ours, and `data` is
// the error's own, as JSON text; either may be empty.
std::string failure(std::string_view id, int code, std::string_view message,
                    std::string_view extra = {}, std::string_view data = {});
std::string request(std::string_view id, std::string_view method, std::string_view params);

}  // namespace molecule::jsonrpc
