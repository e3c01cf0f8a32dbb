#include "testing/simulation/process.h"

#include <algorithm>

namespace molecule::simulation {

using namespace std::chrono_literals;

Process::Process(Around around)
    : around_(std::move(around)),
      door_(around_.store.engine()),
      connections_(around_.loop, nullptr),  // They break.
      serving_(around_.loop, around_.failed),
      work_(around_.loop, around_.failed),
      background_(around_.loop, around_.failed),
      control_(around_.loop, around_.failed),
      log_(door_, around_.clock),
      hubs_(log_, {&around_.loop}),
      tokens_(door_, around_.clock, around_.random, directory_, log_),
      roster_(around_.clock, {}),
      ledger_(around_.clock, around_.random, mailboxes_, around_.ledger),
      feed_(log_, directory_, around_.clock),
      told_(log_),
      activity_departure_(ledger_, feed_),
      workspaces_(
          door_, log_, directory_, around_.clock, around_.random,
          {roster_, urls_, secrets_, inbound_, tokens_, {&activity_departure_, &later_departures_}},
          {}),
      link_(around_.agents, around_.watch, gone_),
      streams_(door_, ledger_, around_.clock),
      proxy_(door_, ledger_, mailboxes_, directory_, links_, streams_, around_.aside, around_.clock,
             around_.random, metrics_, around_.proxy),
      agents_tasks_(around_.clock),
      tasks_(door_, ledger_, agents_tasks_, streams_, proxy_, cards_, around_.aside, around_.clock),
      capacity_(proxy_),
      presence_(door_, log_, workspaces_, urls_, tokens_, inbound_, roster_, capacity_, relayed_,
                direct_calls_, {}, metrics_),
      activity_(door_, log_, feed_, ledger_, mailboxes_, directory_, hubs_, around_.clock),
      relay_(relays_, relay_keys_, listeners_, around_.clock, around_.random, metrics_),
      router_(gate_) {
  log_.join(directory_);
  log_.join(tokens_);
  ledger_.join(feed_);
  ledger_.join(streams_);
  ledger_.join(agents_tasks_);
  ledger_.join(told_);
  later_departures_.join(presence_);
  proxy_.add_lane({&around_.loop, nullptr, &work_});
  router_.mount(workspaces::routes, workspaces_);
  router_.mount(presence::routes, presence_);
  router_.mount(activity::routes, activity_);
  router_.mount(proxy::routes, proxy_);
  router_.mount(tasks::routes, tasks_);
  router_.mount(relay::routes, relay_);
  router_.mount(relay::poll_routes, polls_);
  http::Settings served;
  served.hosts = {"platform.test"};
  served.limits.drain = served.limits.farewell = 0ms;
  server_ = std::make_unique<http::Server>(around_.loop, router_, std::move(served), metrics_);
  relay_.add_lane({&around_.loop, &connections_, [this](std::unique_ptr<net::Stream> stream) {
                     return server_->serve_carried(std::move(stream));
                   }});
  control_.spawn("open", open());
}

Process::~Process() { kill(); }

// In serve's order.
io::Task<void> Process::open() {
  bool read = false;
  try {
    co_await log_.open();
    co_await log_.load();
    co_await workspaces_.load();
    co_await presence_.load();
    unknown_commits_ = known_commits_ = door_.unknown_commits();
    co_await proxy_.recover();
    read = true;
  } catch (const Fault&) {
    // serve ends with it, and whoever started it tries again.
  }
  stage_ = read ? Stage::ready : Stage::failed;
  if (read) background_.spawn("follower", follow());
}

io::Task<void> Process::follow() {
  events::Cursor cursor(log_, directory_, std::nullopt, around_.followed());
  for (;;) {
    events::Cursor::Step step;
    bool failed = false;
    try {
      step = co_await cursor.next();
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      failed = true;
    }
    for (const auto& seen : step.frames) {
      if (!seen.frame->transient && !gone_) around_.follower(*seen.frame);
    }
    if (failed) {
      co_await io::sleep(1s);
    } else if (!step.advanced) {
      co_await hubs_.of(around_.loop).grown(1h);
    }
  }
}

std::optional<http::Response> Process::Admitted::admit(const http::Route&, http::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view shown = request.header("Authorization").value_or("");
  const auto id = WorkspaceId::parse(shown.substr(std::min(scheme.size(), shown.size())));
  if (!id) return http::fault_response(Fault(Kind::unauthenticated, "unauthenticated", "who?"));
  request.principal.kind = static_cast<int>(auth::Who::workspace);
  request.principal.subject = id->bytes();
  return std::nullopt;
}

void Process::accept(std::unique_ptr<net::Stream> stream) {
  if (stage_ == Stage::ready)
    connections_.spawn("connection", server_->serve_connection(std::move(stream)));
}

void Process::ask(As as, http::Method method, std::string path, std::string body, Told told) {
  if (stage_ != Stage::ready) return;
  serving_.spawn("request", serve(as, method, std::move(path), std::move(body), std::move(told)));
}

io::Task<void> Process::serve(As as, http::Method method, std::string path, std::string body,
                              Told told) {
  http::Request request;
  request.method = method;
  const std::size_t question = path.find('?');
  request.path = std::string_view(path).substr(0, question);
  if (question != std::string::npos) request.query = std::string_view(path).substr(question + 1);
  request.body = body;
  request.host = "molecule.test:8080";
  request.principal.kind = static_cast<int>(as.who);
  request.principal.subject = as.id.bytes();
  Answer answer;
  auto match = router_.find(request);
  if (!match.route) std::abort();  // The test asks for what is not there.
  bool cut = false;
  try {
    http::Response response = co_await match.route->call(match.service, request);
    answer = {response.status, "", std::move(response.body)};
  } catch (const Fault& fault) {
    cut = fault.kind() == Kind::cancelled;
    answer = {http_status(fault.kind()), fault.code(), http::fault_response(fault).body};
  }
  if (!gone_ && !cut) told(answer);
}

// As serve's every(): a failure is tried again at the next turn.
void Process::turn(std::size_t which, std::string name,
                   std::move_only_function<io::Task<void>()> step) {
  if (turning_[which]) return;
  turning_[which] = true;
  auto work = [](bool& turning, std::move_only_function<io::Task<void>()> make) -> io::Task<void> {
    struct Over {
      bool& turning;
      ~Over() { turning = false; }
    } over{turning};
    try {
      io::Task<void> one = make();
      co_await one;
    } catch (const Fault& fault) {
      if (fault.kind() != Kind::unavailable && fault.kind() != Kind::cancelled) throw;
    }
  };
  background_.spawn(std::move(name), work(turning_[which], std::move(step)));
}

void Process::tick() {
  if (stage_ != Stage::ready) return;
  turn(0, "presence", [this] { return presence_turn(); });
  turn(1, "mailboxes", [this] { return mailboxes_turn(); });
  turn(2, "feed", [this] { return activity_.fill(); });
  turn(3, "log", [this] { return log_turn(); });
  turn(4, "relays", [this] { return relay_.sweep(); });
}

io::Task<void> Process::presence_turn() {
  const bool told = co_await presence_.tell_urgent();
  if (told) co_await presence_.every_second();
}

io::Task<void> Process::mailboxes_turn() {
  const std::uint64_t unknown = door_.unknown_commits();
  const bool there = door_.healthy();
  co_await proxy_.sweep();
  if (there) known_commits_ = unknown;
}

io::Task<void> Process::log_turn() {
  const std::uint64_t unknown = door_.unknown_commits();
  if (unknown == unknown_commits_ || !door_.healthy()) co_return;
  co_await log_.catch_up();
  unknown_commits_ = unknown;
}

void Process::stop() {
  if (stage_ != Stage::ready) return;
  stage_ = Stage::stopping;
  control_.spawn("stop", end());
}

io::Task<void> Process::end() {
  const auto by = around_.clock.monotonic() + drain_for;
  proxy_.go_down();
  relay_.go_down();
  hubs_.close();
  co_await serving_.drain(drain_for);
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(by - around_.clock.monotonic());
  co_await work_.drain(std::max(left, 0ms));
  co_await background_.drain(0ms);
  co_await presence_.flush_all();
  co_await tokens_.flush();
  stage_ = Stage::stopped;
}

void Process::kill() {
  if (gone_) return;
  gone_ = true;
  door_.close();
  for (io::Scope* scope : {&serving_, &work_, &background_, &control_, &connections_})
    scope->cancel();
  io::Scope last(around_.loop, nullptr);
  last.spawn("drain", server_->drain());
  const auto running = [&] {
    return serving_.running() + work_.running() + background_.running() + control_.running() +
           connections_.running() + last.running();
  };
  // Nothing waits for anything but the loop now.
  for (int turns = 0; running() > 0 && turns < 1000; ++turns) around_.loop.poll();
  if (running() > 0) std::abort();  // Something waits that neither cancels nor ends.
  around_.loop.poll();
  if (stage_ != Stage::stopped) stage_ = Stage::killed;
}

}  // namespace molecule::simulation
