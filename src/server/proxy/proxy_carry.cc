// Carrying an accepted message: now for an agent, in the background for a person or a delegation.
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

using activity::store::Message;

Parcel parcel_for(const Admission& admission, const activity::Place& place) {
  Parcel parcel;
  parcel.target = admission.target;
  parcel.source = admission.source;
  parcel.body = admission.message.body;
  parcel.rpc_id = admission.message.rpc_id;
  parcel.generation = admission.message.generation;
  parcel.activity = place.id;
  parcel.hops = admission.hops;
  return parcel;
}

constexpr std::chrono::seconds settle_again{1};

// Keeps the agent's place among those under way.
class UnderWay {
 public:
  UnderWay(InFlight& in_flight, WorkspaceId agent, std::int64_t hops)
      : in_flight_(in_flight), agent_(agent) {
    in_flight_.begin(agent, hops);
  }
  UnderWay(const UnderWay&) = delete;
  ~UnderWay() { in_flight_.end(agent_); }

 private:
  InFlight& in_flight_;
  WorkspaceId agent_;
};

}  // namespace

io::Task<Carried> Service::deliver(const Lane& lane, Parcel& parcel) {
  parcel.proof = inbound_.of(parcel.target.id);
  UnderWay under_way(in_flight_, parcel.target.id, parcel.hops);
  Carried carried = co_await carry(*lane.client, parcel, settings_);
  if (carried.retry_after.count() > 0)
    in_flight_.leave_alone(parcel.target.id, clock_.monotonic() + carried.retry_after);
  co_return carried;
}

io::Task<Settled> Service::settle(const Lane& lane, const Message& message,
                                  const Carried& carried) {
  std::exception_ptr failure;
  Settled settled = Settled::stale;
  try {
    settled = co_await settler_.settle(message, carried);
  } catch (const Fault&) {
    failure = std::current_exception();
  }
  if (failure) {
    lane.scope->spawn("result keeping", settle_later(message, carried));
    std::rethrow_exception(failure);
  }
  co_return settled;
}

// The agent has done its work once and is not asked again because the store was away. What is kept
// so is bounded by what was under way: meanwhile nothing new is accepted. Only when the platform
// goes down first is the message asked for again, by the next one.
io::Task<void> Service::settle_later(Message message, Carried carried) {
  constexpr std::string_view unrecordable = "result_unrecordable";
  for (;;) {
    co_await io::sleep(settle_again);
    try {
      Settled settled = co_await settler_.settle(message, carried);
      if (settled == Settled::retry) count_waiting(message.workspace_id, 1);
      if (settled == Settled::recorded) probe_.answered.add();
      co_return;
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::unavailable && !going_down_.load(std::memory_order_relaxed))
        continue;
      bool over = fault.kind() == Kind::unavailable || fault.kind() == Kind::cancelled;
      if (over || carried.code == unrecordable) throw;
    }
    carried.end = Carried::End::refused;
    carried.code = unrecordable;
    carried.error = "the agent's answer could not be recorded";
  }
}

io::Task<http::Response> Service::carry_for_agent(const Lane& lane, Admission& admission,
                                                  Accepted& accepted) {
  Parcel parcel = parcel_for(admission, accepted.place);
  Carried carried = co_await deliver(lane, parcel);
  Settled settled = co_await settle(lane, accepted.message, carried);
  if (settled == Settled::retry) count_waiting(admission.target.id, 1);
  co_return answer(admission, accepted, carried, settled);
}

// A person's browser does not wait for hours: the delivery goes on in the background and its answer
// arrives as an event when the request was answered "queued" before.
io::Task<http::Response> Service::carry_for_person(const Lane& lane, Admission admission,
                                                   Accepted accepted) {
  struct Shared {
    io::Signal done;
    std::optional<http::Response> response;
    std::exception_ptr failure;
  };
  auto shared = std::make_shared<Shared>();
  auto work = [](Service& self, const Lane& on, Admission what, Accepted where,
                 std::shared_ptr<Shared> out) -> io::Task<void> {
    try {
      http::Response response = co_await self.carry_for_agent(on, what, where);
      out->response = std::move(response);
    } catch (const Fault&) {
      out->failure = std::current_exception();
    }
    out->done.notify();
  };
  a2a::Incoming message = admission.message;
  message.body.clear();  // The delivery needs it; the receipt does not.
  activity::Place place = accepted.place;
  lane.scope->spawn("message delivery",
                    work(*this, lane, std::move(admission), std::move(accepted), shared));
  bool over = shared->response || shared->failure;
  if (!over) co_await shared->done.wait(settings_.person_wait);
  if (shared->failure) std::rethrow_exception(shared->failure);
  if (shared->response) co_return std::move(*shared->response);
  co_return answer_under_way(message, place);
}

io::Task<void> Service::dispatch(Admission admission, Accepted accepted) {
  if (accepted.repeated) co_return;
  probe_.accepted.add();
  if (admission.target.link == Link::poll)
    in_flight_.heard(admission.target.id, admission.hops, clock_.monotonic());
  if (admission.target.link != Link::push) co_return;
  io::Context here = co_await io::context();
  co_await carry_for_agent(lane_of(*here.loop), admission, accepted);
}

}  // namespace molecule::proxy
