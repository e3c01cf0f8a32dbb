// Carrying an accepted message: now for an agent, in the background for a person or a delegation.
#include "platform/io/signal.h"
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

Parcel parcel_for(const Admission& admission, const messages::Place& place) {
  Parcel parcel;
  parcel.target = admission.target;
  parcel.source = admission.source;
  parcel.body = admission.message.body;
  parcel.rpc_id = admission.message.rpc_id;
  parcel.generation = admission.message.generation;
  parcel.activity = place.id;
  parcel.hops = admission.hops;
  parcel.stream = admission.message.stream;
  parcel.trace = admission.trace;
  return parcel;
}

constexpr std::chrono::seconds settle_again{1};
constexpr std::chrono::milliseconds keep_again{200};
constexpr std::size_t pending_max = 512u << 10;  // Bytes of pieces that wait for the next commit.
constexpr std::chrono::minutes look_again{
    1};  // Whether it is a message's turn, though none called.

}  // namespace

// Keeps the pieces of one delivery, as soon as there are any.
class Service::Keeping final : public Sink {
 public:
  Keeping(Service& service, const Lane& lane, WorkspaceId target, messages::Lease lease,
          std::function<void()> away)
      : service_(service), lane_(lane), target_(target), lease_(lease), away_(std::move(away)) {
    pending_->target = target;
    pending_->lease = lease;
  }

  io::Task<void> turn(messages::Road road) override {
    using Turn = messages::Mailboxes::Turn;
    // A call may come when nobody waits for it any more.
    struct Seat {
      io::Loop& loop;
      io::Signal called;
    };
    std::shared_ptr<Seat> seat;
    for (;;) {
      std::function<void()> call;
      if (seat) call = [seat] { seat->loop.post([seat] { seat->called.notify(); }); };
      const Turn turn = service_.mailboxes_.turn(target_, lease_, road, std::move(call));
      if (turn == Turn::now) co_return;
      if (turn == Turn::behind)
        throw Fault(Kind::unavailable, std::string(waits_behind),
                    "an earlier message of its sender waits");
      if (turn == Turn::over) throw Fault(Kind::cancelled, "cancelled", "the lease is void");
      if (seat) {
        co_await seat->called.wait(look_again);
      } else {
        io::Context here = co_await io::context();
        seat = std::make_shared<Seat>(*here.loop);
      }
    }
  }
  void gone(messages::Road road) override { service_.mailboxes_.gone(target_, lease_, road); }
  void away() override {
    if (away_) away_();
  }

  // Comes back while they are being kept, so that more is read meanwhile and goes with the next
  // commit; who reads faster than the store keeps waits here, and who is too far ahead of all its
  // readers.
  io::Task<bool> pieces(std::vector<std::string> data) override {
    Pending& pending = *pending_;
    if (!pending.writer) pending.writer.emplace(service_.streams_, lease_.seq, lease_);
    for (std::string& piece : data) {
      pending.bytes += piece.size();
      pending.pieces.push_back(std::move(piece));
    }
    if (!pending.over && !std::exchange(pending.writing, true))
      lane_.scope->spawn("pieces", keep(service_, pending_));
    while (pending.writing && pending.bytes > pending_max) co_await pending.moved.wait(look_again);
    if (!pending.over) co_await pending.writer->room();
    if (pending.failure) std::rethrow_exception(pending.failure);
    co_return !pending.over;
  }
  // When the answer has ended, so that nothing of it is kept behind its end.
  io::Task<void> all_kept() {
    while (pending_->writing) co_await pending_->moved.wait(look_again);
    if (pending_->failure) std::rethrow_exception(pending_->failure);
  }

  // Afterwards: what there is of an answer whose pieces are the whole of it.
  std::int64_t refer(Carried& carried) const {
    const auto& writer = pending_->writer;
    if (!carried.cut || !writer) return 0;
    carried.answer.body = streams::Streams::beginning(std::move(carried.answer.body),
                                                      writer->first(), writer->written());
    return writer->bytes();
  }

 private:
  // What has come and is not kept yet. Outlives the delivery by the commit that is under way when
  // it is given up.
  struct Pending {
    WorkspaceId target;
    messages::Lease lease;
    std::vector<std::string> pieces;
    std::size_t bytes = 0;
    bool writing = false;
    bool over = false;        // Nobody wants the rest.
    bool progressed = false;  // The ledger knows that the agent is at it.
    std::exception_ptr failure;
    io::Signal moved;
    std::optional<streams::Streams::Writer> writer;
    std::optional<messages::AgentTask> task, noted;
  };

  static io::Task<void> keep(Service& service, std::shared_ptr<Pending> of) {
    Pending& pending = *of;
    try {
      while (!pending.pieces.empty() && !pending.over) {
        const auto data = std::exchange(pending.pieces, {});
        pending.bytes = 0;
        pending.moved.notify();
        const bool kept = co_await append(service, pending, data);
        pending.over = !kept;
      }
    } catch (...) {
      pending.failure = std::current_exception();
      pending.over = true;
    }
    pending.writing = false;
    pending.moved.notify();
  }

  static io::Task<bool> append(Service& service, Pending& pending,
                               const std::vector<std::string>& data) {
    const messages::Lease lease = pending.lease;
    co_await look_for_task(service, pending, data);
    const auto also = [&](sql::Tx& tx) {
      if (!pending.progressed) service.ledger_.progressed(tx, pending.target, lease);
      if (pending.task != pending.noted) service.ledger_.note(tx, lease.seq, *pending.task);
      for (const std::string& piece : data) service.ledger_.pass_on(tx, lease.seq, piece);
    };
    for (;;) {
      try {
        const bool kept = co_await pending.writer->append(data, also);
        if (kept) pending.noted = pending.task;
        pending.progressed = pending.progressed || kept;
        co_return kept;
      } catch (const Fault& fault) {
        const bool away = fault.kind() == Kind::unavailable;
        if (!away || service.going_down_.load(std::memory_order_relaxed)) throw;
      }
      co_await io::sleep(keep_again);
    }
  }

  // Which task the agent made of the message, and how it stands: known before the piece is shown.
  static io::Task<void> look_for_task(Service& service, Pending& pending,
                                      const std::vector<std::string>& data) {
    for (const std::string& piece : data) {
      std::optional<a2a::TaskSeen> seen;
      if (piece.size() > io::short_text_max) {
        seen = co_await service.aside_.run([&] { return a2a::task_seen(piece); });
      } else {
        seen = a2a::task_seen(piece);
      }
      if (!seen) continue;
      messages::AgentTask task = proxy::task_of(*seen);
      if (pending.task && pending.task->id == task.id) {
        if (seen->state.empty()) task.state = pending.task->state;
        if (task.context_id.empty()) task.context_id = pending.task->context_id;
      }
      pending.task = std::move(task);
    }
  }

  Service& service_;
  const Lane& lane_;
  const WorkspaceId target_;
  const messages::Lease lease_;
  const std::function<void()> away_;  // May be empty.
  const std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();
};

// Nothing when its end was recorded before it went out or meanwhile, such as with the removal of
// its agent or because it was called off.
io::Task<std::optional<Carried>> Service::deliver(const Lane& lane, const Parcel& parcel,
                                                  messages::Lease lease,
                                                  std::function<void()> away) {
  io::Context here = co_await io::context();
  std::optional<Carried> carried;
  try {
    carried =
        co_await carriers_.until_ended(lease.seq, bring(lane, parcel, lease, std::move(away)));
  } catch (const Fault& fault) {
    const bool asked = here.cancellation && here.cancellation->requested();
    if (fault.kind() != Kind::cancelled || asked) throw;
  }
  // Whoever has answered has room again.
  if (carried && carried->end == Carried::End::answered) quiet_.forget(parcel.target.id);
  if (carried && carried->retry_after.count() > 0)
    quiet_.leave_alone(parcel.target.id, clock_.monotonic(),
                       clock_.monotonic() + carried->retry_after);
  co_return carried;
}

io::Task<std::optional<Carried>> Service::bring(const Lane& lane, const Parcel& parcel,
                                                messages::Lease lease, std::function<void()> away) {
  if (!mailboxes_.is_leased(parcel.target.id, lease)) co_return std::nullopt;
  Keeping keeping(*this, lane, parcel.target.id, lease, std::move(away));
  Carried carried = co_await parcel.target.link->deliver(lane, parcel, keeping);
  co_await keeping.all_kept();
  carried.beside = keeping.refer(carried);
  co_return carried;
}

io::Task<Settled> Service::settle(const Lane& lane, const messages::Message& message,
                                  messages::Lease lease, const Carried& carried) {
  std::exception_ptr failure;
  Settled settled = Settled::stale;
  try {
    settled = co_await settler_.settle(message, lease, carried);
  } catch (const Fault&) {
    failure = std::current_exception();
  }
  if (failure) {
    lane.scope->spawn("result keeping", settle_later(message, lease, carried));
    std::rethrow_exception(failure);
  }
  co_return settled;
}

// The agent has done its work once and is not asked again because the store was away. What is kept
// so is bounded by what was under way: meanwhile nothing new is accepted. Only when the platform
// goes down first is the message asked for again, by the next one.
io::Task<void> Service::settle_later(messages::Message message, messages::Lease lease,
                                     Carried carried) {
  Carriers::Hold hold(carriers_, lease);
  constexpr std::string_view unrecordable = "result_unrecordable";
  for (;;) {
    co_await io::sleep(settle_again);
    try {
      Settled settled = co_await settler_.settle(message, lease, carried);
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

io::Task<Service::Came> Service::carry_now(const Lane& lane, const Admission& admission,
                                           const Accepted& accepted, std::function<void()> away) {
  Carriers::Hold hold(carriers_, accepted.lease);
  Parcel parcel = parcel_for(admission, accepted.place);
  Came came;
  came.carried = co_await deliver(lane, parcel, accepted.lease, std::move(away));
  if (came.carried)
    came.settled = co_await settle(lane, accepted.message, accepted.lease, *came.carried);
  switch (came.settled) {
    case Settled::retry: probe_.queued.add(); break;
    case Settled::dead:
    case Settled::expired: probe_.dead.add(); break;
    case Settled::recorded: probe_.answered.add(); break;
    case Settled::stale: break;
  }
  try_mailbox(admission.target.id);
  co_return came;
}

io::Task<http::Response> Service::answer_of(const Lane& lane, const Admission& admission,
                                            const Accepted& accepted, std::function<void()> away) {
  Came came = co_await carry_now(lane, admission, accepted, std::move(away));
  if (came.settled == Settled::stale) co_return co_await answer_recorded(admission, accepted.place);
  co_return co_await shortened(admission.message,
                               answer(admission, accepted, *came.carried, came.settled));
}

// The delivery goes on in the background whatever becomes of who waits for it: for a person's
// browser, which does not wait for hours, and while the agent's connection is broken. What it comes
// to arrives as an event when the request was answered before.
io::Task<http::Response> Service::carry_for_sender(const Lane& lane, Admission admission,
                                                   Accepted accepted, bool person) {
  struct Shared {
    io::Loop& loop;
    io::Signal moved;
    std::optional<http::Response> response;
    std::exception_ptr failure;
    bool away = false;
    explicit Shared(io::Loop& its_loop) : loop(its_loop) {}
    bool over() const { return response || failure || away; }
  };
  auto shared = std::make_shared<Shared>(*lane.loop);
  auto work = [](Service& self, const Lane& on, Admission what, Accepted where,
                 std::shared_ptr<Shared> out) -> io::Task<void> {
    // It may come when nobody waits any more.
    auto away = [out] {
      out->loop.post([out] {
        out->away = true;
        out->moved.notify();
      });
    };
    try {
      http::Response response = co_await self.answer_of(on, what, where, std::move(away));
      out->response = std::move(response);
    } catch (const Fault&) {
      out->failure = std::current_exception();
    }
    out->moved.notify();
  };
  const WorkspaceId target = admission.target.id;
  a2a::Incoming message = admission.message;
  message.body.clear();  // The delivery needs it; the receipt does not.
  messages::Place place = accepted.place;
  lane.scope->spawn("message delivery",
                    work(*this, lane, std::move(admission), std::move(accepted), shared));
  if (person) {
    if (!shared->over()) co_await shared->moved.wait(settings_.person_wait);
  } else {
    while (!shared->over()) co_await shared->moved.wait(look_again);
  }
  if (shared->failure) std::rethrow_exception(shared->failure);
  if (shared->response) co_return std::move(*shared->response);
  if (shared->away)
    co_return answer_queued(target, message, place,
                            "the agent's connection broke; the message waits until it is back");
  co_return answer_under_way(message, place);
}

io::Task<void> Service::dispatch(Admission admission, Accepted accepted) {
  if (accepted.earlier) co_return;
  probe_.accepted.add();
  if (admission.target.way == Way::waits) try_mailbox(admission.target.id);
  if (admission.target.way != Way::carried) co_return;
  io::Context here = co_await io::context();
  co_await carry_now(lane_of(*here.loop), admission, accepted);
}

}  // namespace molecule::proxy
