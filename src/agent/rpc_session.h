// A session whose program speaks JSON-RPC in lines, asks as well as answers.
#pragma once

#include <map>

#include "agent/line_session.h"
#include "agent/rpc_lines.h"

namespace molecule::agent {

class RpcSession : public LineSession {
 public:
  using LineSession::LineSession;

 protected:
  // Asks; who waits for the answer is told by answered() or refused(), under `what`.
  void request(std::string what, std::string_view method, const std::string& params);
  void notify(std::string_view method, const std::string& params);
  void answer(const std::string& id, const std::string& result);

  virtual std::optional<Outcome> answered(const std::string& what, json::Node result) = 0;
  virtual std::optional<Outcome> refused(const std::string& what, std::int64_t code,
                                         const std::string& words) = 0;
  virtual std::optional<Outcome> told(const std::string& method, json::Node params,
                                      Listener& listener) = 0;
  // The answer to what the program asks; nothing: it asks for something that is not here.
  virtual std::optional<std::string> asked(const std::string& method, json::Node params,
                                           Listener& listener) = 0;

  // Text of one message behind that of another.
  void say(std::string_view text, std::string_view message, Listener& listener);
  void use(std::string_view tool, Listener& listener);
  void begin_turn();
  // What was asked before counts no more.
  void forget_requests() { waiting_.clear(); }

 private:
  std::optional<Outcome> hear(const std::string& line, Listener& listener) final;

  std::map<std::string, std::string> waiting_;  // What was asked, by its id.
  std::uint64_t asked_ = 0;
  bool spoken_ = false, apart_ = false;
  std::string message_;
};

}  // namespace molecule::agent
