#include "server/relay/relay_service.h"

#include <algorithm>

#include "platform/crypto/encoding.h"
#include "platform/io/elsewhere.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/mux/over_socket.h"

namespace molecule::relay {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds here_now{-1};
constexpr std::uint16_t close_policy = 1008;

constexpr auto table =
    http::table(http::get<auth::Own, &Service::connect>("/workspaces/{id}/relay")
                    .says("An agent's own connection, a WebSocket: it is reached over it, and "
                          "reaches the platform.")
                    .gives(101, "")
                    .refuses("upgrade_required", "too_many_relays"));

template <class T>
io::Task<T> receive(http::WebSocket& socket) {
  auto frame = co_await socket.receive();
  if (!frame) throw Fault(Kind::cancelled, "cancelled", "the agent left before it had begun");
  if (frame->opcode != http::Frame::Opcode::text || frame->payload.size() > message_max)
    throw bad_request("relay_refused", "the connection begins with short messages of JSON");
  co_return json::read<T>(frame->payload);
}

Fault refused(std::string text) { return bad_request("relay_refused", std::move(text)); }

net::Url url_of(const Hello& hello) {
  return net::Url::parse(hello.url && !hello.url->empty() ? *hello.url : "http://agent/");
}

std::string said(Ending ending) { return std::string(enum_text(ending)); }

}  // namespace

const std::span<const http::Route> routes = table;

Service::Probe::Probe(metrics::Registry& registry)
    : begun(registry.counter("molecule_relays_begun_total", "Relays that began anew.")),
      resumed(registry.counter("molecule_relays_resumed_total",
                               "Relays that went on after their connection had broken.")),
      ended(registry.counter("molecule_relays_ended_total", "Relays that ended.")),
      open(registry.gauge("molecule_relays", "Agents that have dialled in.")),
      away(registry.gauge("molecule_relays_away",
                          "Those of them whose connection broke, and who may come back.")) {}

Service::Service(Relays& relays, const Keys& keys, Listeners& listeners, const io::Clock& clock,
                 io::Random& random, metrics::Registry& registry)
    : relays_(relays),
      keys_(keys),
      listeners_(listeners),
      clock_(clock),
      random_(random),
      registry_(registry),
      probe_(registry) {}

struct Service::Beginning {
  Shared relay;
  mux::Session::Transport transport = 0;
  Welcome welcome;
};

const Lane& Service::lane_of(io::Loop& loop) const {
  auto at = std::ranges::find_if(lanes_, [&](const auto& lane) { return lane->loop == &loop; });
  return at == lanes_.end() ? *lanes_.front() : **at;
}

std::string Service::random_text(std::size_t bytes) {
  std::vector<std::uint8_t> drawn(bytes);
  random_.fill(drawn);
  return crypto::base64url_encode(drawn);
}

void Service::admit(WorkspaceId id) const {
  if (going_down_.load(std::memory_order_relaxed))
    throw Fault(Kind::unavailable, "draining", "the platform is going away").retry_after(1s);
  // Who comes back to what is kept for it is none more.
  if (relays_.size() >= relays_max && !relays_.find(id)) {
    throw Fault(Kind::unavailable, "too_many_relays",
                fmt::format("{} agents have dialled in, more are not taken", relays_max))
        .retry_after(30s);
  }
}

io::Task<http::Response> Service::connect(auth::Own::Caller, WorkspaceId id,
                                          const http::Request& request) {
  admit(id);
  http::Response response;
  Origin origin{std::string(request.peer), request.secure};
  response.socket = [this, id, origin](http::WebSocket& socket) {
    return serve(socket, id, origin);
  };
  co_return response;
}

io::Task<void> Service::serve(http::WebSocket& socket, WorkspaceId id, Origin origin) {
  std::optional<Fault> refusal;
  std::optional<Beginning> begun;
  try {
    begun = co_await io::within(hello_within, begin(socket, id, std::move(origin)));
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_request && fault.kind() != Kind::forbidden) throw;
    refusal = fault;
  }
  if (refusal) {
    log::warn("refused an agent that dialled in", log::field("workspace", id.text()),
              log::field("code", refusal->code()), log::field("error", refusal->text()));
    co_await socket.close(close_policy, refusal->text());
    co_return;
  }
  const Shared relay = begun->relay;
  std::exception_ptr failure;
  try {
    co_await socket.send(http::Frame::Opcode::text, json::text(begun->welcome));
    listeners_.here(id, !begun->welcome.resumed);
    co_await mux::carry(relay->session(), begun->transport, *relay->lane.scope, socket);
  } catch (const Fault& fault) {
    if (fault.code() == "mux_broken") refusal = fault;
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  // Also when whoever waits here was cancelled.
  bool over = false;
  io::Completion<void> left_it([&](io::Completion<void>* completion) {
    relay->lane.scope->spawn_from_anywhere("relay left", [&, completion] {
      return left(Leaving{relay, begun->transport, refusal.has_value(), over, completion});
    });
  });
  co_await left_it;
  if (refusal) {
    log::warn("ended the relay of an agent that broke its rules",
              log::field("workspace", id.text()), log::field("error", refusal->text()));
    co_await socket.close(close_policy, refusal->text());
    co_return;
  }
  if (failure) std::rethrow_exception(failure);
  if (over) co_await socket.close(1000, {});
}

// On the relay's loop, once its socket carries nothing more.
io::Task<void> Service::left(Leaving leaving) {
  mux::Session& session = leaving.relay->session();
  session.detach(leaving.transport);
  if (leaving.rules_broken) session.end();
  leaving.over = session.ended();
  if (leaving.over) {
    end(leaving.relay, Ending::left);
  } else if (!session.attached()) {
    leaving.relay->away_since = clock_.monotonic();
  }
  leaving.waiting->complete();
  co_return;
}

io::Task<Service::Beginning> Service::begin(http::WebSocket& socket, WorkspaceId id,
                                            Origin origin) {
  const Hello hello = co_await receive<Hello>(socket);
  if (hello.version != version)
    throw refused(
        fmt::format("version {} of the relay is not spoken here, but {}", hello.version, version));
  const auto nonce = crypto::base64url_decode(hello.nonce);
  if (!nonce || nonce->size() != nonce_size)
    throw refused(fmt::format("nonce must be {} bytes in base64url", nonce_size));
  const std::string workspace = id.text();
  Challenge challenge;
  challenge.nonce = random_text(nonce_size);
  challenge.platform_key = crypto::text_of(keys_.platform().public_key());
  challenge.signature = crypto::base64url_encode(
      keys_.platform().sign(platform_statement(workspace, hello.nonce, challenge.nonce)));
  co_await socket.send(http::Frame::Opcode::text, json::text(challenge));

  const Proof proof = co_await receive<Proof>(socket);
  if (const auto pinned = keys_.agent(id)) {
    const auto signature = crypto::base64url_decode(proof.signature.value_or(""));
    const std::string signed_text = agent_statement(workspace, hello.nonce, challenge.nonce);
    if (!signature || !crypto::verify(*pinned, signed_text, *signature)) {
      throw Fault(
          Kind::forbidden, "agent_key_wrong",
          "this workspace belongs to the holder of another key; its token alone does not do");
    }
  }
  auto resumed = co_await resume(id, hello);
  if (resumed) co_return std::move(*resumed);
  // Who comes back from afar does not throw out who came meanwhile; but it may be itself that came,
  // and never heard that it was welcome.
  const Shared present = hello.session ? relays_.find(id) : nullptr;
  if (present && present->is_here() && present->begun_from != *hello.session) {
    throw Fault(Kind::forbidden, "relay_replaced",
                "this workspace's agent has connected from elsewhere; the newer connection counts");
  }
  io::Context here = co_await io::context();
  co_return anew(lane_of(*here.loop), id, hello, std::move(origin));
}

io::Task<std::optional<Service::Beginning>> Service::resume(WorkspaceId id, const Hello& hello) {
  if (!hello.session || !hello.received || *hello.received < 0) co_return std::nullopt;
  Beginning beginning;
  beginning.relay = relays_.find(id);
  if (!beginning.relay || beginning.relay->id != *hello.session) co_return std::nullopt;
  auto attach = [&]() -> io::Task<bool> {
    auto run = [](Beginning& at, std::uint64_t received) -> io::Task<bool> {
      mux::Session& session = at.relay->session();
      const std::uint64_t had = session.received();
      const auto transport = session.attach(received);
      if (!transport) co_return false;
      at.relay->away_since = here_now;
      at.transport = *transport;
      at.welcome = {at.relay->id, static_cast<std::int64_t>(had), true, keep.count()};
      co_return true;
    };
    return run(beginning, static_cast<std::uint64_t>(*hello.received));
  };
  const bool attached = co_await io::elsewhere<bool>(*beginning.relay->lane.scope, attach);
  if (!attached) co_return std::nullopt;
  probe_.resumed.add();
  co_return beginning;
}

Service::Beginning Service::anew(const Lane& lane, WorkspaceId id, const Hello& hello,
                                 Origin origin) {
  Beginning beginning;
  auto made = std::make_unique<Relay>(lane, id, random_text(16), relays_.fresh_road(),
                                      hello.session.value_or(""), url_of(hello), std::move(origin),
                                      registry_);
  beginning.transport = *made->session().attach(0);
  made->away_since = here_now;
  // It ends on its own loop.
  beginning.relay = Shared(made.release(), [loop = lane.loop](Relay* relay) {
    loop->post([owned = std::unique_ptr<Relay>(relay)] {});
  });
  beginning.welcome = {beginning.relay->id, 0, false, keep.count()};
  const Shared before = relays_.put(beginning.relay);
  probe_.begun.add();
  if (before) {
    end(before, Ending::replaced);
  } else {
    probe_.open.add();
  }
  // Whoever goes down has looked at those that were there before.
  if (going_down_.load(std::memory_order_relaxed)) end(beginning.relay, Ending::platform_stops);
  return beginning;
}

void Service::end(const Shared& relay, Ending ending) {
  const bool was_current = relays_.remove(*relay);
  relay->lane.loop->post([relay, ending] { relay->session().end(said(ending)); });
  if (ending == Ending::replaced) probe_.ended.add();
  if (!was_current) return;
  probe_.ended.add();
  probe_.open.subtract();
  if (!relays_.find(relay->workspace)) listeners_.gone(relay->workspace);
}

io::Task<void> Service::sweep() {
  const auto now = clock_.monotonic();
  const bool tell = now - heard_at_ >= heard_every;
  if (tell) heard_at_ = now;
  std::int64_t away = 0;
  for (const Shared& relay : relays_.all()) {
    const auto away_since = relay->away_since.load(std::memory_order_acquire);
    if (away_since.count() < 0) {
      if (tell) listeners_.heard(relay->workspace);
    } else if (now - away_since > keep) {
      // It may be coming back just now; its loop knows.
      relay->lane.loop->post([this, relay] {
        if (!relay->session().attached()) end(relay, Ending::left);
      });
    } else {
      ++away;
      if (now - away_since <= away_after) continue;
      relay->lane.loop->post([relay] {
        if (!relay->session().attached()) relay->tell_away();
      });
    }
  }
  probe_.away.set(away);
  co_return;
}

void Service::go_down() {
  going_down_.store(true, std::memory_order_relaxed);
  for (const Shared& relay : relays_.all()) {
    relays_.remove(*relay);
    relay->lane.loop->post([relay] { relay->session().end(said(Ending::platform_stops)); });
  }
}

void Service::removed(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  std::vector<WorkspaceId> gone(ids.begin(), ids.end());
  tx.after_commit([this, gone = std::move(gone)] {
    for (WorkspaceId id : gone) {
      if (const Shared relay = relays_.find(id)) end(relay, Ending::removed);
    }
  });
}

}  // namespace molecule::relay
