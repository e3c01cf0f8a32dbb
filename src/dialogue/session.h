// The protocol: JSON-RPC 2.0, MCP of both eras. Requests run side by side, each in a scope of its
// own, so that one may be cancelled and none holds up another.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialogue/offer.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "wire/mcp/answer.h"
#include "wire/mcp/message.h"

namespace molecule::mcp {

class Session {
 public:
  static constexpr std::size_t calls_max = 256;  // At a time; more are refused.
  static constexpr int questions_max = 8;        // Of one call.
  // That a person has to answer.
  static constexpr std::chrono::seconds answer_within{600};
  static constexpr std::size_t batch_max = 32;  // Messages; a longer one is refused whole.

  struct Ends {
    std::function<void(std::string)> write;  // Takes one message.
    // The client may be told of something from now on.
    std::function<void()> ready = [] {};
  };
  // `revision`: as a handshake that was elsewhere agreed on. What runs is cancelled with `parent`
  // when given.
  Session(io::Loop& loop, Offer& offer, Ends ends, std::string revision = {},
          io::Cancellation* parent = nullptr);
  // No call may run.
  ~Session();
  Session(const Session&) = delete;

  // What the client sent as one text.
  void take(std::string_view text);
  // The same, read already: a message or a batch.
  void take(json::Node message);
  void too_long();
  bool may_announce() const { return may_announce_; }
  // Told to a client that has asked for what is so grave (logging/setLevel), to no other.
  void tell(Severity severity, std::string_view text);
  // Whether a request of this method is answered with more than that it is not known.
  bool knows(std::string_view method, bool stateless) const;
  std::size_t running() const { return scope_.running(); }
  // Until all calls have ended by themselves.
  io::Task<void> finish() { return scope_.join(); }
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
  struct Waiting;
  void take_one(json::Node message, bool of_batch);
  // Answers at once what needs no tool. False: it does.
  void answer(const Request& request, json::Node params);
  // Of what there is to read. False: it is nothing of that.
  bool answer_reading(const Request& request, json::Node params);
  io::Task<void> read(Request request, std::string uri);
  void complete(const Request& request, json::Node params);
  void cancel(json::Node params);
  void set_level(const Request& request, json::Node params);
  void begin(const Request& request, json::Node params);
  io::Task<void> run(Call& call);
  // Calls the tool; with what the person at the client says where it asks and they can be asked.
  io::Task<Said> worked(Call& call, const Progress& progress);
  io::Task<std::optional<std::string>> ask_person(Question question);
  void take_answer(json::Node message);
  void listen(const Request& request);
  static void finished(Call& call);
  void take_out_finished();
  // The one of this id that is still to be answered.
  Call* under_way(const std::string& id) const;

  void reply(const Request& request, json::Object result, Kept kept = Kept::not_at_all);
  void refuse(std::string_view id, int code, std::string_view why);

  Offer& offer_;
  const Ends ends_;
  std::string revision_;       // Agreed on by a handshake; empty before.
  bool may_announce_ = false;  // After notifications/initialized.
  std::optional<Severity> told_from_;
  bool can_ask_ = false;           // As the handshake said.
  std::uint64_t asked_ = 0;        // Requests of ours so far.
  std::vector<Waiting*> waiting_;  // For their answers.
  io::Scope scope_;
  std::list<std::unique_ptr<Call>> calls_;  // Cancelled with the scope, so gone before it.
};

// Why a batch is not taken in this revision (empty: none was agreed on); empty when it is.
std::string wrong_with_batch(json::Node batch, std::string_view revision);

}  // namespace molecule::mcp
