#include "agent/rpc_session.h"

#include "platform/json/json.h"

namespace molecule::agent {
namespace {

constexpr int method_not_found = -32601;

}  // namespace

void RpcSession::request(std::string what, std::string_view method, const std::string& params) {
  const std::uint64_t id = ++asked_;
  waiting_[std::to_string(id)] = std::move(what);
  send(json::Object{}
           .add("jsonrpc", "2.0")
           .add("id", id)
           .add("method", method)
           .add("params", RawJson(params))
           .text());
}

void RpcSession::notify(std::string_view method, const std::string& params) {
  send(json::Object{}
           .add("jsonrpc", "2.0")
           .add("method", method)
           .add("params", RawJson(params))
           .text());
}

void RpcSession::answer(const std::string& id, const std::string& result) {
  send(json::Object{}
           .add("jsonrpc", "2.0")
           .add("id", RawJson(id))
           .add("result", RawJson(result))
           .text());
}

std::optional<Outcome> RpcSession::hear(const std::string& line, Listener& listener) {
  const auto message = RpcLine::read(line);
  if (!message) return std::nullopt;
  const json::Node body = message->body();
  switch (message->kind()) {
    case RpcLine::Kind::notification: return told(message->method(), body, listener);
    case RpcLine::Kind::request: {
      const auto result = asked(message->method(), body, listener);
      if (result) {
        answer(message->id(), *result);
      } else {
        const RawJson error = json::Object{}
                                  .add("code", method_not_found)
                                  .add("message", "there is no such method here")
                                  .raw();
        send(json::Object{}
                 .add("jsonrpc", "2.0")
                 .add("id", RawJson(message->id()))
                 .add("error", error)
                 .text());
      }
      return std::nullopt;
    }
    case RpcLine::Kind::result:
    case RpcLine::Kind::error: break;
  }
  const auto found = waiting_.find(message->id());
  if (found == waiting_.end()) return std::nullopt;
  const std::string what = std::move(found->second);
  waiting_.erase(found);
  if (message->kind() == RpcLine::Kind::result) return answered(what, body);
  const json::Node code = body.find("code"), data = body.find("data");
  std::string words(text_at(body, "message"));
  if (data && !data.is(json::Type::null)) words += " " + data.text();
  return refused(what, code.is(json::Type::integer) ? code.integer() : 0, words);
}

void RpcSession::begin_turn() {
  spoken_ = apart_ = false;
  message_.clear();
}

void RpcSession::say(std::string_view text, std::string_view message, Listener& listener) {
  if (text.empty()) return;
  if (spoken_ && (apart_ || message_ != message)) listener.text("\n\n");
  apart_ = false;
  spoken_ = true;
  message_ = message;
  did_something();
  listener.text(text);
}

void RpcSession::use(std::string_view tool, Listener& listener) {
  apart_ = true;
  did_something();
  listener.tool(tool);
}

}  // namespace molecule::agent
