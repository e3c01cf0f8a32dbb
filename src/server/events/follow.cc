#include "server/events/follow.h"

#include "platform/json/json.h"

namespace molecule::events {
namespace {

// Whether it is one end of what was said. Most events concern others, so the text is searched
// before it is read.
bool concerns(const Frame& frame, WorkspaceId who) {
  std::string id = who.text();
  if (frame.payload().find(id) == std::string_view::npos) return false;
  json::Document document = json::Document::parse(frame.payload(), payload_limits);
  json::Node payload = document.root();
  for (std::string_view name : {"source_id", "target_id"}) {
    json::Node node = payload.find(name);
    if (node.is(json::Type::string) && node.string() == id) return true;
  }
  return false;
}

}  // namespace

Cursor::View Cursor::view_of(const Frame& frame) const {
  if (only_ && frame.workspace != *only_) return View::nothing;
  if (!who_ || frame.workspace == *who_) return View::whole;
  if (frame.workspace.nil()) return View::nothing;
  switch (frame.audience.reach) {
    case Audience::Reach::itself: return View::nothing;
    case Audience::Reach::pair:
      return concerns(frame, *who_) && reach_.may_reach(*who_, frame.workspace) ? View::whole
                                                                                : View::nothing;
    case Audience::Reach::peers:
      return reach_.may_reach(*who_, frame.workspace) ? View::peers : View::nothing;
  }
  return View::nothing;
}

void Cursor::show(Step& step, FramePtr frame) const {
  View view = view_of(*frame);
  if (view == View::nothing) return;
  bool part = view == View::peers && !frame->peer_text.empty();
  std::string_view text = part ? frame->peer_text : frame->text;
  step.add(std::move(frame), text);
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
    show(step, std::move(frame));
  }
  auto transients = log_.transients_after(transients_, step_max);
  if (transients.size() == step_max) step.advanced = true;
  for (auto& frame : transients) show(step, std::move(frame));
  co_return step;
}

}  // namespace molecule::events
