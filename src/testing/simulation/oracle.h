// What must hold whatever happens, judged from outside: by what senders were told, what agents were
// brought, what a follower of the log saw, and what is in the store in the end. Keeps its own
// account and believes no process.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "testing/simulation/process.h"

namespace molecule::simulation {

// A message as its sender knows it.
struct Sent {
  std::optional<WorkspaceId> source;  // None: a person.
  WorkspaceId target;
  std::string id;
  std::string text;
  std::optional<std::int64_t> expires_in;
  std::string reply_to;         // The activity it answers; empty when it answers none.
  std::vector<Answer> answers;  // What the sender was told, in order.
  bool called_off = false;      // Somebody asked to cancel it.
  bool canceled = false;        // And was told that it is.

  bool acknowledged() const;  // Told that it was taken, or what it came to.
};

class Oracle final : public Watch {
 public:
  Oracle(Store& store, Agents& agents, const io::Clock& clock, const messages::Settings& ledger)
      : store_(store), agents_(agents), clock_(clock), ledger_(ledger) {}

  Sent& remember(Sent sent) { return sent_.emplace_back(std::move(sent)); }
  std::deque<Sent>& sent() { return sent_; }
  void told(Sent& sent, const Answer& answer);
  void followed(const events::Frame& frame);
  std::int64_t followed_to() const { return followed_.empty() ? 0 : followed_.back(); }
  // Two processes serve, which the platform refuses: each remembers only its own part, until a new
  // one reads it back. What is stored must hold even so; order and memory are not judged.
  void two_serve(bool now) { two_serve_ = now; }
  bool two_serve() const { return two_serve_; }

  int goes_out(const proxy::Parcel& parcel) override;
  void meets(const proxy::Parcel& parcel) override;
  void arrives(const proxy::Parcel& parcel) override;
  void comes_back(const proxy::Parcel& parcel, int carrier, std::string_view answer) override;

  // While the store is there: what the process remembers is what the store says.
  void compare(const Process& process);
  // When everything has come to rest.
  void judge(const Process& process);

  const std::vector<std::string>& complaints() const { return complaints_; }
  std::size_t arrivals() const { return brought_.size(); }

 private:
  struct Row;
  void complain(std::string what);
  std::vector<Row> rows();
  void judge_going_out(const proxy::Parcel& parcel);
  void judge_messages(const std::vector<Row>& rows, const Process& process);
  void judge_answers(const Sent& sent, const Row& row);
  void judge_log(const std::vector<Row>& rows);
  std::string name(const std::optional<WorkspaceId>& who) const;

  Store& store_;
  Agents& agents_;
  const io::Clock& clock_;
  const messages::Settings& ledger_;
  std::deque<Sent> sent_;
  std::vector<std::int64_t> followed_;
  std::map<std::int64_t, int> brought_;  // How often the agent may have begun it.
  std::map<std::int64_t, int> out_;      // How often it went out.
  std::set<std::string> void_;           // Answers that came back after another carrier had begun.
  std::set<std::int64_t> met_;           // Their agents have heard of them.
  std::map<std::pair<WorkspaceId, WorkspaceId>, std::int64_t> newest_met_;  // By sender and target.
  bool two_serve_ = false;
  std::vector<std::string> complaints_;
};

}  // namespace molecule::simulation
