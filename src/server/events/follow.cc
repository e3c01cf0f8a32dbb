#include "server/events/follow.h"

namespace molecule::events {

bool Cursor::visible(const Frame& frame) const {
  if (only_ && frame.workspace != *only_) return false;
  if (!who_) return true;
  return !frame.workspace.nil() && reach_.may_reach(*who_, frame.workspace);
}

io::Task<Cursor::Step> Cursor::next() {
  Step step;
  auto slice = log_.recent_after(seq_, step_max);
  if (!slice.complete) {
    slice.frames = co_await log_.read_after(seq_, step_max);
  }
  for (auto& frame : slice.frames) {
    if (step.bytes >= step_bytes_max) break;
    seq_ = frame->seq;
    step.advanced = true;
    if (visible(*frame)) step.add(std::move(frame));
  }
  for (auto& frame : log_.transients_after(transients_, step_max)) {
    if (visible(*frame)) step.add(std::move(frame));
  }
  co_return step;
}

}  // namespace molecule::events
