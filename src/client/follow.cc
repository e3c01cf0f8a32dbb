#include "client/follow.h"

#include <algorithm>

#include "platform/http/websocket.h"
#include "platform/io/scope.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"

namespace molecule::client {
namespace {

using namespace std::chrono_literals;
using json::Node;
using json::Type;

constexpr std::uint16_t close_normal = 1000;

std::string text_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

std::int64_t number_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::integer) ? found.integer() : 0;
}

bool says_true(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::boolean) && found.boolean();
}

// Whether the platform itself refuses the credential, in its own words: a proxy or the login page
// of a network answers with the same numbers.
bool is_refusal(int status, const std::string& said) {
  return (status == 401 || status == 403) && !said.empty();
}

std::string said_in(const std::string& body) {
  try {
    const json::Document document = json::parse_answer(body);
    return text_in(document.root(), "error");
  } catch (const Fault&) {
    return {};
  }
}

}  // namespace

std::optional<Event> read_event(std::string_view frame) {
  try {
    const json::Document document = json::parse_answer(frame);
    const Node root = document.root();
    Event event;
    event.type = text_in(root, "event");
    if (event.type.empty()) return std::nullopt;
    event.workspace = WorkspaceId::parse(text_in(root, "workspace_id")).value_or(WorkspaceId());
    event.at = Instant::parse(text_in(root, "timestamp")).value_or(Instant());
    const Node payload = root.find("payload");
    event.payload = RawJson(payload.is(Type::object) ? payload.text() : "{}");
    event.seq = number_in(root, "seq");
    event.transient = says_true(root, "transient");
    return event;
  } catch (const Fault&) {
    return std::nullopt;
  }
}

Follower::Follower(Platform& platform, Credential& as, Ears ears, io::Random& random,
                   FollowSettings settings)
    : platform_(platform),
      as_(as),
      ears_(std::move(ears)),
      random_(random),
      settings_(std::move(settings)) {}

// Half of it at least, so that many that were cut off together do not come back together.
std::chrono::milliseconds Follower::around(std::chrono::milliseconds wait) {
  const auto half = wait / 2;
  return half + std::chrono::milliseconds(random_.number() %
                                          (static_cast<std::uint64_t>(half.count()) + 1));
}

void Follower::tell(Link link, const std::string& trouble) {
  if (told_ && link == link_ && trouble == trouble_) return;
  told_ = true;
  link_ = link;
  trouble_ = trouble;
  ears_.link(link, trouble);
}

void Follower::refresh() {
  wants_snapshot_ = true;
  asked_.notify();
}

io::Task<void> Follower::run() {
  const io::Context here = co_await io::context();
  std::chrono::milliseconds wait = settings_.first_wait;
  for (;;) {
    went_well_ = false;
    bool refused_by_platform = false;
    std::string trouble = "the platform closed the connection";
    bool again = false;
    try {
      co_await once();
      again = wants_snapshot_;  // It ended because somebody asked for a new snapshot.
    } catch (const http::WebSocketRefused& refused) {
      const std::string said = said_in(refused.answer());
      trouble = said.empty() ? refused.text() : said;
      refused_by_platform = is_refusal(refused.status(), said);
    } catch (const Fault& fault) {
      // A connection that broke is told as cancelled, too.
      if (here.cancellation && here.cancellation->requested()) throw;
      trouble = fault.text();
      refused_by_platform =
          fault.kind() == Kind::unauthenticated || fault.kind() == Kind::forbidden;
    } catch (const std::exception& problem) {
      trouble = problem.what();
    }
    if (again) continue;
    if (refused_by_platform && as_.reread()) {
      wait = settings_.first_wait;
      continue;
    }
    if (went_well_) wait = settings_.first_wait;
    const Link otherwise = link_ == Link::connecting ? Link::connecting : Link::away;
    tell(refused_by_platform ? Link::refused : otherwise, trouble);
    const auto pause = refused_by_platform ? settings_.refused_wait : around(wait);
    const bool asked = co_await asked_.wait(pause);
    wait = asked ? settings_.first_wait : std::min(wait * 2, settings_.longest_wait);
  }
}

io::Task<void> Follower::snap() {
  wants_snapshot_ = false;
  bool taken = false;
  struct Unless {
    bool& done;
    bool& wanted;
    ~Unless() { wanted = wanted || !done; }
  } const unless{taken, wants_snapshot_};
  const std::int64_t seq = co_await ears_.snapshot();
  seq_ = seq;
  taken = true;
}

// One connection, from the handshake to its end.
io::Task<void> Follower::once() {
  if (wants_snapshot_ || !seq_) co_await snap();
  http::FrameSocket::Options options;
  options.message_max = settings_.frame_max;
  options.ping_every = settings_.ping_every;
  const std::string path = fmt::format("{}?since={}", settings_.path, *seq_);
  const auto socket = co_await platform_.open_socket(as_, path, options);
  std::exception_ptr failure;
  try {
    co_await listen(*socket);
  } catch (...) {
    failure = std::current_exception();
  }
  // Only who ends it by itself has to say so; the others are gone.
  if (!failure) co_await socket->finish(close_normal);
  if (failure) std::rethrow_exception(failure);
}

io::Task<void> Follower::listen(http::FrameSocket& socket) {
  auto hello = co_await io::within(settings_.hello_within, socket.receive());
  if (!hello)
    throw Fault(Kind::bad_gateway, "follow_ended", "the platform closed the connection at once");
  bool resumed = false;
  std::int64_t from = 0;
  try {
    const json::Document document = json::parse_answer(hello->payload);
    if (text_in(document.root(), "event") != "HELLO") throw bad_request("no HELLO");
    resumed = says_true(document.root(), "resumed");
    from = number_in(document.root(), "seq");
  } catch (const Fault&) {
    throw Fault(Kind::bad_gateway, "not_a_platform", "what answers is no Molecule platform");
  }
  // It goes on from now, and what was missed until then is in a snapshot that is taken now.
  if (!resumed) {
    co_await snap();
    // One of a replica that lags behind: the next connection goes on from where it stands.
    if (*seq_ < from) co_return;
  }
  went_well_ = true;
  tell(Link::live, {});
  if (wants_snapshot_) co_return;  // Whoever was told asks for one before anything else.

  io::Context here = co_await io::context();
  // Whoever asks for a new snapshot ends the waiting for a frame.
  io::Scope watch(*here.loop, [](std::string_view, std::exception_ptr) {}, here.cancellation);
  std::exception_ptr ended;
  auto read = [](Follower& self, http::FrameSocket& from_socket, io::Scope& both,
                 std::exception_ptr& why) -> io::Task<void> {
    try {
      for (;;) {
        auto frame = co_await from_socket.receive();
        if (!frame) break;
        self.take(frame->payload);
        if (self.wants_snapshot_) break;
      }
    } catch (...) {
      why = std::current_exception();
    }
    both.cancel();
  };
  auto ask = [](Follower& self, io::Scope& both) -> io::Task<void> {
    while (!self.wants_snapshot_) co_await self.asked_.wait(1h);
    both.cancel();
  };
  watch.spawn("events", read(*this, socket, watch, ended));
  if (watch.running() > 0 && !watch.cancellation().requested())
    watch.spawn("refresh", ask(*this, watch));
  co_await watch.join();
  if (wants_snapshot_) co_return;
  if (here.cancellation && here.cancellation->requested()) throw here.cancellation->fault();
  if (ended) std::rethrow_exception(ended);
}

void Follower::take(std::string_view frame) {
  const auto event = read_event(frame);
  if (!event) return;
  if (!event->transient) {
    if (event->seq <= *seq_) return;  // A snapshot has it.
    seq_ = event->seq;
  }
  ears_.event(*event);
}

}  // namespace molecule::client
