// Lines of programs that speak JSON-RPC, with or without the member that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/json/json.h"

namespace molecule::agent {

class RpcLine {
 public:
  enum class Kind : std::uint8_t { request, notification, result, error };

  // Nothing for what is no message.
  static std::optional<RpcLine> read(std::string_view line);

  Kind kind() const { return kind_; }
  const std::string& id() const { return id_; }          // JSON text; of a notification empty.
  const std::string& method() const { return method_; }  // Of a request or notification.
  // The parameters, the result, or the error.
  json::Node body() const { return document_.root().find(member_); }

 private:
  RpcLine(json::Document document, Kind kind, std::string_view member)
      : document_(std::move(document)), kind_(kind), member_(member) {}
  json::Document document_;
  Kind kind_;
  std::string_view member_;
  std::string id_;
  std::string method_;
};

// A member that is a text, through maps: "update.content.text"; empty where there is none.
std::string_view text_at(json::Node node, std::string_view path);

}  // namespace molecule::agent
