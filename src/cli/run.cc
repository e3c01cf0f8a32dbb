#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/session.h"
#include "platform/io/loop.h"
#include "platform/io/scope.h"

namespace molecule::cli {
namespace {

// As a Fault of the same kind, told in full.
Fault explained(const Fault& fault, const Session* session) {
  std::string text = screen_of(STDERR_FILENO).lines(fault.text());
  const Target none;
  const std::string next = next_step(fault, session == nullptr ? none : session->target());
  if (!next.empty() && text.find("\n  next: ") == text.npos) text += "\n  next: " + next;
  return Fault(fault.kind(), fault.code(), std::move(text));
}

}  // namespace

int run(const Verb& verb, const Given& given, const Program& program, const io::Clock& clock,
        io::Random& random) {
  std::unique_ptr<Session> session;
  try {
    io::Loop loop;
    session = std::make_unique<Session>(given, verb.needs_platform && !verb.aims_itself, program,
                                        clock, random);
    // Also of what failed: connections end before the loop that they are on.
    struct Closing {
      Session& of;
      ~Closing() { of.close(); }
    } const closing{*session};
    return io::run(loop, verb.run(*session, given));
  } catch (const Fault& fault) {
    // Whoever read it has had enough.
    if (fault.code() == "output_closed") return 1;
    if (fault.kind() == Kind::cancelled) {
      throw Fault(Kind::internal, fault.code(), fault.text());
    }
    throw explained(fault, session.get());
  }
}

}  // namespace molecule::cli
