#include "server/provision/terminals.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;

Fault too_many(std::string text) {
  return Fault(Kind::unavailable, "too_many_terminals", std::move(text)).retry_after(30s);
}

}  // namespace

Terminals::Terminals(TerminalBounds bounds, metrics::Registry& registry)
    : bounds_(bounds),
      open_(registry.gauge("molecule_terminals_open", "Terminals that are open.")),
      opened_(registry.counter("molecule_terminals_opened_total", "Terminals that were opened.")) {}

Terminals::Seat::Seat(Terminals& terminals, io::Loop& loop, WorkspaceId workspace)
    : terminals_(terminals), taken_(std::make_shared<Taken>(loop, workspace)) {
  const std::scoped_lock lock(terminals.mutex_);
  const TerminalBounds& bounds = terminals.bounds_;
  if (terminals.taken_.size() >= bounds.at_once)
    throw too_many(fmt::format("{} terminals are open, more are not; close one first",
                               terminals.taken_.size()));
  const auto of_it = std::ranges::count_if(
      terminals.taken_, [&](const auto& each) { return each->workspace == workspace; });
  if (static_cast<std::size_t>(of_it) >= bounds.of_workspace)
    throw too_many(fmt::format(
        "{} terminals of this workspace are open, more are not; close one first", of_it));
  terminals.taken_.insert(taken_);
  terminals.open_.add();
}

Terminals::Seat::~Seat() {
  free();
  const std::scoped_lock lock(terminals_.mutex_);
  terminals_.taken_.erase(taken_);
  terminals_.open_.subtract();
}

void Terminals::Seat::take(std::function<void()> leave) {
  taken_->leave = std::move(leave);
  terminals_.opened_.add();
}

void Terminals::end(WorkspaceId workspace, std::string_view why) {
  const std::scoped_lock lock(mutex_);
  for (const auto& each : taken_) {
    if (each->workspace != workspace) continue;
    each->loop.post([each, reason = std::string(why)] {
      if (each->why.empty()) each->why = reason;
      if (each->leave) each->leave();
    });
  }
}

}  // namespace molecule::provision
