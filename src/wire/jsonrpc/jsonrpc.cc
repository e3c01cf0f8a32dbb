#include "wire/jsonrpc/jsonrpc.h"

#include "platform/json/json.h"

namespace molecule::jsonrpc {

std::string success(std::string_view id, std::string_view result) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id).append(",\"result\":").append(result).append("}");
  return out;
}

std::string failure(std::string_view id, int code, std::string_view message, std::string_view extra,
                    std::string_view data) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id)
      .append(",\"error\":{\"code\":")
      .append(std::to_string(code))
      .append(",\"message\":");
  json::quote(out, message);
  if (!data.empty()) out.append(",\"data\":").append(data);
  out += '}';
  if (!extra.empty()) out.append(",").append(extra);
  out += '}';
  return out;
}

std::string request(std::string_view id, std::string_view method, std::string_view params) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id).append(",\"method\":");
  json::quote(out, method);
  out.append(",\"params\":").append(params).append("}");
  return out;
}

}  // namespace molecule::jsonrpc
