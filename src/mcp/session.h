// The protocol: JSON-RPC 2.0 over lines, MCP of both eras. Requests run side by side, each in a
// scope of its own, so that one may be cancelled and none holds up another.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "mcp/tools.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"

namespace molecule::mcp {

// Which server this is to its client.
struct Face {
  std::span<const Tool> tools;
  std::function<std::string()> instructions;  // Asked anew for every client.
  std::string push_method;
};

class Session {
 public:
  static constexpr std::size_t calls_max = 256;  // At a time; more are refused.

  struct Ends {
    std::function<void(std::string)> write;  // Takes one message without its newline.
    std::function<void()> ready;             // The client may be told of messages from now on.
  };
  Session(io::Loop& loop, Tools& tools, Face face, Ends ends);
  // No call may run.
  ~Session();
  Session(const Session&) = delete;

  // One line of the client.
  void take(const std::string& line);
  void too_long();
  // Tells the client's model of a message; once it may be told.
  bool may_announce() const { return may_announce_; }
  void announce(const std::string& params);
  // Gives what runs so long, then ends it.
  io::Task<void> end(std::chrono::milliseconds grace);

 private:
  struct Request {
    std::string id;  // JSON text; empty: a notification.
    std::string method;
    std::string revision;  // Of the client, as far as it has said.
    bool stateless = false;
  };
  struct Call;
  void take_one(json::Node message);
  // Answers at once what needs no tool. False: it does.
  void answer(const Request& request, json::Node params);
  void cancel(json::Node params);
  void begin(const Request& request, json::Node params);
  io::Task<void> run(Call& call);
  void listen(const Request& request);
  void finished(Call& call);
  void take_out_finished();
  // The one of this id that is still to be answered.
  Call* under_way(const std::string& id) const;
  // Throws Fault bad_request, with the code of JSON-RPC, when the request does not say who speaks.
  std::optional<std::string> refusal_of(Request& request, json::Node params) const;

  void reply(const Request& request, json::Object result, bool cached = false);
  void refuse(std::string_view id, int code, std::string_view why, std::string_view data = {});
  std::string initialized(const Request& request) const;

  io::Loop& loop_;
  Tools& tools_;
  const Face face_;
  const Ends ends_;
  std::string revision_;       // Agreed on by a handshake; empty before.
  bool may_announce_ = false;  // After notifications/initialized.
  std::list<std::unique_ptr<Call>> calls_;
  io::Scope scope_;
};

}  // namespace molecule::mcp
