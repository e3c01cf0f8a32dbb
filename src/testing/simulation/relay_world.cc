#include "testing/simulation/relay_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/auth/access.h"

namespace molecule::simulation {

using namespace std::chrono_literals;

namespace {

// What a frame of data costs beside its bytes while it is kept, as the session counts.
constexpr std::size_t kept_frame_cost = 48;
constexpr auto settles_within = 20min;

http::Settings served() {
  http::Settings settings;
  settings.hosts = {"platform.test"};
  return settings;
}

}  // namespace

std::optional<http::Response> RelayWorld::Trusting::admit(const http::Route&,
                                                          http::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view shown = request.header("Authorization").value_or("");
  const auto id = WorkspaceId::parse(shown.substr(std::min(scheme.size(), shown.size())));
  if (!id) return http::fault_response(Fault(Kind::unauthenticated, "unauthenticated", "who?"));
  request.principal.kind = static_cast<int>(auth::Who::workspace);
  request.principal.subject = id->bytes();
  return std::nullopt;
}

RelayWorld::RelayWorld(std::uint64_t seed, mux::Bounds bounds)
    : chance(seed),
      bounds_(bounds),
      serving_(loop, [this](auto name, auto failure) { failed(name, failure); }),
      streams_(loop, [this](auto name, auto failure) { failed(name, failure); }),
      control_(loop, [this](auto name, auto failure) { failed(name, failure); }) {
  router_.mount(relay::routes, relay_);
  router_.mount(relay::poll_routes, polls_);
  server_ = std::make_unique<http::Server>(loop, router_, served(), metrics_);
  auto serve = [this](std::unique_ptr<net::Stream> stream) {
    return talks.accept(std::move(stream), [](Talk&) {});
  };
  relay_.add_lane({&loop, &streams_, serve, bounds_});
}

RelayWorld::~RelayWorld() { stop(); }

void RelayWorld::complain(std::string what) {
  constexpr std::size_t problems_max = 20;
  if (problems_.size() < problems_max) problems_.push_back(std::move(what));
}

// Connections that broke, and who was cancelled, are as they should be.
void RelayWorld::failed(std::string_view name, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled || fault.code() == "connection_lost") return;
    complain(fmt::format("{} failed: {} ({})", name, fault.text(), fault.code()));
  } catch (const std::exception& defect) {
    complain(fmt::format("{} failed: {}", name, defect.what()));
  }
}

RelayWorld::Dialler& RelayWorld::dial(WorkspaceId workspace) {
  if (lines_.contains(workspace)) lines_[workspace].excused = true;
  Dialler& dialler = diallers_.emplace_back();
  dialler.name = fmt::format("agent {}", diallers_.size());
  dialler.workspace = workspace;
  dialler.network = std::make_unique<Network>(
      loop, timers, chance, fmt::format("192.0.2.{}", diallers_.size()),
      [this](std::unique_ptr<net::Stream> stream) {
        serving_.spawn("connection", server_->serve_connection(std::move(stream)));
      });
  dialler.scope =
      std::make_unique<io::Scope>(loop, [this](auto name, auto failure) { failed(name, failure); });
  join::Membership membership;
  membership.platform = net::Url::parse("http://platform.test/");
  membership.workspace = workspace;
  membership.token = Secret(workspace.text());
  auto serve = [this, &dialler](std::unique_ptr<net::Stream> stream) {
    return talks.accept(std::move(stream), [&dialler](Talk& talk) {
      const std::uint64_t mine = dialler.connection->sessions();
      talk.may_break[1] = [&dialler, mine] {
        return dialler.over || dialler.connection->sessions() > mine;
      };
    });
  };
  dialler.connection =
      std::make_unique<join::Connection>(*dialler.network, std::move(membership), clock, random,
                                         metrics_, std::move(serve), nullptr, bounds_);
  dialler.scope->spawn("dialling", attend(dialler));
  return dialler;
}

io::Task<void> RelayWorld::attend(Dialler& dialler) {
  try {
    co_await dialler.connection->run();
  } catch (const Fault& fault) {
    dialler.word = fault.code();
  }
  dialler.over = true;
}

io::Task<void> RelayWorld::end(Dialler& dialler) {
  co_await dialler.connection->leave();
  dialler.scope->cancel();
}

void RelayWorld::leave(Dialler& dialler) {
  if (dialler.leaving) return;
  dialler.leaving = true;
  lines_[dialler.workspace].excused = true;
  control_.spawn("leave", end(dialler));
}

Talk* RelayWorld::from_platform(WorkspaceId workspace, std::array<Part, 2> parts) {
  const relay::Shared relay = relays_.find(workspace);
  if (!relay || relay->session().ended() || relay->session().streams() >= bounds_.opens_max)
    return nullptr;
  Talk& talk = talks.begin(parts);
  talk.may_break[0] = [relay] { return relay->session().ended(); };
  talk.may_break[1] = [] { return true; };  // Before it came there.
  streams_.spawn("talk", talks.open(talk, relay->session().open()));
  return &talk;
}

Talk* RelayWorld::from_agent(Dialler& dialler, std::array<Part, 2> parts) {
  if (dialler.over || dialler.leaving || dialler.connection->sessions() == 0) return nullptr;
  Talk& talk = talks.begin(parts);
  const std::uint64_t mine = dialler.connection->sessions();
  const auto passed = [&dialler, mine] {
    return dialler.over || dialler.connection->sessions() > mine;
  };
  talk.may_break = {passed, passed};
  auto begin = [](RelayWorld& self, Dialler& from, Talk& which) -> io::Task<void> {
    std::unique_ptr<net::Stream> stream;
    try {
      stream = co_await from.connection->dial(from.connection->membership().platform);
    } catch (const Fault&) {
      // Too many, or its session has ended: it was not to be.
    }
    if (!stream) {
      which.sides[0].left = true;
      co_return;
    }
    co_await self.talks.open(which, std::move(stream));
  };
  dialler.scope->spawn("talk", begin(*this, dialler, talk));
  return &talk;
}

void RelayWorld::run() {
  // What is ready makes more ready; a world that never comes to rest is told by its time.
  loop.poll();
  look();
}

void RelayWorld::pass(std::chrono::nanoseconds by) {
  const auto until = clock.monotonic() + by;
  run();
  while (clock.monotonic() < until) {
    const auto now = clock.monotonic();
    const auto tick = std::max(now, swept_at_ + 1s);
    auto next = std::min(until, tick);
    if (auto alarm = timers.next()) next = std::max(now, std::min(next, *alarm));
    clock.advance(next - now);
    timers.ring();
    if (next >= tick) {
      swept_at_ = next;
      control_.spawn("sweep", relay_.sweep());
    }
    run();
  }
}

// From outside, and at every turn.
void RelayWorld::look() {
  for (const relay::Shared& relay : relays_.all()) {
    lines_[relay->workspace].relay = relay;
    mux::Session& session = relay->session();
    if (session.bytes_kept() > bounds_.kept_max + kept_frame_cost)
      complain(fmt::format("{} bytes are kept, and the bound is {}", session.bytes_kept(),
                           bounds_.kept_max));
    if (session.streams() > bounds_.opens_max + bounds_.opened_max)
      complain(fmt::format("{} streams are open", session.streams()));
  }
  for (auto& [workspace, line] : lines_) {
    if (!line.relay) continue;
    const auto away = line.relay->away_since.load();
    if (away.count() >= 0 && clock.monotonic() - away >= relay::Service::keep)
      line.kept_too_long = true;
  }
  for (Dialler& dialler : diallers_) {
    const std::uint64_t now = dialler.connection->sessions();
    if (now == dialler.sessions) continue;
    Line& line = lines_[dialler.workspace];
    const bool first = dialler.sessions == 0;
    dialler.sessions = now;
    if (!first && !line.kept_too_long && !line.excused)
      complain(fmt::format("{} came back in time, and its session was not kept", dialler.name));
    line.kept_too_long = false;
  }
  talks.judge_bounds(bounds_.window);
}

std::size_t RelayWorld::waiting() const {
  std::size_t all = serving_.running() + streams_.running() + control_.running();
  for (const Dialler& dialler : diallers_) all += dialler.scope->running();
  return all;
}

void RelayWorld::rest() {
  for (Dialler& dialler : diallers_) dialler.network->weather = {};
  const auto settled = [this](bool held_back_too) {
    return std::ranges::all_of(talks.all(), [&](const Talk& talk) {
      return talk.settled() || (talk.held_back() && !held_back_too);
    });
  };
  for (const bool all : {false, true}) {
    if (all) talks.let_go();
    pass(2min);  // Whatever is broken is found to be, and what was away for too long is given up.
    const auto began = clock.monotonic();
    while (!settled(all) && clock.monotonic() - began < settles_within) pass(30s);
    talks.judge_over(all);
  }
  pass(1min);
  std::map<WorkspaceId, int> there;
  for (Dialler& dialler : diallers_) {
    if (dialler.leaving && !dialler.over) complain(dialler.name + " did not end");
    there[dialler.workspace] += dialler.over ? 0 : 1;
    if (dialler.over || dialler.connection->is_up()) continue;
    complain(dialler.name + " is not connected, and nothing is in its way");
  }
  for (const auto& [workspace, count] : there) {
    if (count > 1) complain(fmt::format("{} agents hold the same workspace", count));
    const relay::Shared relay = relays_.find(workspace);
    if (!relay) {
      if (count > 0) complain("an agent is connected to nothing");
      continue;
    }
    if (count == 0) complain("a relay is left of an agent that is gone");
    if (relay->session().streams() > 0 || relay->session().bytes_kept() > 0)
      complain(fmt::format("{} streams and {} bytes are left where nothing goes on",
                           relay->session().streams(), relay->session().bytes_kept()));
  }
  stop();
}

void RelayWorld::stop() {
  if (!server_) return;
  // As serve does it: agents are told to come again, which they hear, and do not.
  relay_.go_down();
  loop.poll();
  for (Dialler& dialler : diallers_) dialler.scope->cancel();
  control_.cancel();
  for (int turns = 0; turns < 100 && waiting() > 0; ++turns) loop.poll();
  streams_.cancel();
  serving_.cancel();
  io::Scope last(loop, nullptr);
  last.spawn("drain", server_->drain());
  for (int seconds = 0; seconds < 60 && waiting() + last.running() > 0; ++seconds) {
    loop.poll();
    clock.advance(1s);
    timers.ring();
    loop.poll();
  }
  if (waiting() + last.running() > 0) {
    for (const std::string& problem : problems()) fprintf(stderr, "%s\n", problem.c_str());
    std::abort();  // Something waits that neither cancels nor ends.
  }
  for (Talk& talk : talks.all()) talk.may_break = {};
  lines_.clear();
  loop.poll();
  server_.reset();
  loop.poll();
}

std::vector<std::string> RelayWorld::problems() const {
  std::vector<std::string> all = talks.complaints();
  all.insert(all.end(), problems_.begin(), problems_.end());
  return all;
}

}  // namespace molecule::simulation
