#include "agent/exec.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "agent/talk.h"
#include "base/fault.h"
#include "base/id.h"
#include "platform/crypto/digest.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto end_within = 5s;     // Of a command that has closed its output.
constexpr auto cancel_within = 2s;  // Of one that was asked to end.

// For ever the same, and none that another workspace has.
std::string session_of(const Opening& opening) {
  std::string of = "molecule session\n" + opening.context;
  for (const auto& [name, value] : opening.environment)
    if (name == "WORKSPACE_ID") of += "\n" + value;
  const crypto::Digest digest = crypto::sha256(of);
  IdBytes bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return RequestId(bytes).text();
}

class ExecSession final : public Session {
 public:
  ExecSession(io::Loop& loop, const std::vector<std::string>& arguments, Opening opening)
      : loop_(loop), arguments_(arguments), opening_(std::move(opening)) {}

  io::Task<Outcome> turn(const Turn& turn, Listener& listener) override {
    canceled_ = false;
    process::Program program;
    program.arguments = arguments_;
    program.environment = opening_.environment;
    program.environment.emplace_back("MOLECULE_SESSION_ID", opening_.session);
    program.environment.insert(program.environment.end(), turn.environment.begin(),
                               turn.environment.end());
    program.inherits = false;
    program.directory = opening_.directory;
    std::string trouble;
    try {
      talk_.emplace(loop_, std::move(program), opening_.redactor);
    } catch (const Fault& fault) {
      trouble = fault.text();
    }
    if (!trouble.empty()) co_return Outcome::failed(Failure::missing, trouble);
    talk_->limit(opening_.turn_limit);
    talk_->send_raw(turn.text);
    talk_->end_input();
    for (;;) {
      auto part = co_await talk_->some();
      if (!part) break;
      listener.text(*part);
    }
    Outcome outcome = co_await ended();
    co_await talk_->close(0ms);
    talk_.reset();
    co_return outcome;
  }

  void cancel() override {
    canceled_ = true;
    if (!talk_) return;
    talk_->terminate();
    talk_->limit(cancel_within);
  }
  // It follows from the conversation: nobody has to remember it.
  std::string id() const override { return {}; }
  io::Task<void> stop() override {
    if (!talk_) co_return;
    co_await talk_->close(0ms);
    talk_.reset();
  }

 private:
  io::Task<Outcome> ended() {
    if (canceled_) co_return Outcome::canceled();
    if (talk_->late()) {
      co_return Outcome::failed(
          Failure::timeout,
          fmt::format(
              "the command took longer than {} s",
              std::chrono::duration_cast<std::chrono::seconds>(opening_.turn_limit).count()));
    }
    const auto status = co_await talk_->status(end_within);
    if (canceled_) co_return Outcome::canceled();
    if (!status)
      co_return Outcome::failed(Failure::process, "the command closed its output and did not end");
    if (*status == 0) co_return Outcome::completed();
    std::string words = co_await talk_->last_words();
    // As a shell says it: there is no such program, or it cannot be run.
    const bool missing = *status == 127 || *status == 126;
    co_return Outcome::failed(missing ? Failure::missing : Failure::process,
                              "the command failed: " + words);
  }

  io::Loop& loop_;
  const std::vector<std::string>& arguments_;
  const Opening opening_;
  std::optional<Talk> talk_;
  bool canceled_ = false;
};

}  // namespace

std::unique_ptr<Session> ExecExecutor::start(Opening opening) {
  if (opening.session.empty()) opening.session = session_of(opening);
  return std::make_unique<ExecSession>(loop_, arguments_, std::move(opening));
}

}  // namespace molecule::agent
