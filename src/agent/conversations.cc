#include "agent/conversations.h"

#include <algorithm>

#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto tend_every = 15s;
constexpr auto turn_grace = 180s;      // For its beginning and its end, beyond a turn's limit.
constexpr std::size_t why_max = 2000;  // Bytes told of why a turn failed.

std::string_view words_for(Failure failure) {
  switch (failure) {
    case Failure::auth: return "its key was refused";
    case Failure::rate_limit: return "its model takes no more requests for now";
    case Failure::overloaded: return "its model's service has no room";
    case Failure::provider: return "its model's service failed";
    case Failure::session_missing: return "its conversation is not known any more";
    case Failure::missing: return "its program is not there";
    case Failure::process: return "its program failed";
    case Failure::protocol: return "its program said what makes no sense";
    case Failure::timeout: return "it took too long";
  }
  return "it failed";
}

// What came with the message, for a program that reads files itself.
std::string files_listed(const fs::path& folder) {
  std::vector<std::string> lines;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    lines.push_back(
        fmt::format("- {} ({} bytes)\n", entry.path().string(), entry.file_size(ignored)));
  if (lines.empty()) return {};
  std::ranges::sort(lines);
  std::string out = "\n\nAttached files:\n";
  for (const std::string& line : lines) out += line;
  return out;
}

// Puts what comes into the run.
class Telling final : public Listener {
 public:
  Telling(join::Run& run, std::size_t most, const std::function<void(std::string_view)>& refused)
      : run_(run), most_(most), refused_(refused) {}
  void text(std::string_view piece) override {
    if (run_.output.size() + piece.size() > most_)
      throw Fault(Kind::too_large, "output_too_large",
                  fmt::format("the answer is longer than {} bytes", most_));
    run_.say(piece);
  }
  void tool(std::string_view name) override {
    log::info("the agent uses a tool", log::field("tool", name));
  }
  void refused(std::string_view tool) override {
    log::info("a tool was refused to an agent that leads a team", log::field("tool", tool));
    refused_(tool);
  }

 private:
  join::Run& run_;
  const std::size_t most_;
  const std::function<void(std::string_view)>& refused_;
};

}  // namespace

struct Conversations::Place {
  std::shared_ptr<Executor> executor;  // The session's.
  std::unique_ptr<Session> session;
  std::uint64_t edition = 0;          // Of the setup, when the session began.
  std::string runtime;                // That began it.
  std::deque<const join::Run*> line;  // Whose turn it is stands first.
  io::Signal moved;
  std::chrono::nanoseconds used{};
};

// One's place in a line, until its end. Whoever stands behind is told.
class Conversations::Line {
 public:
  Line(std::deque<const join::Run*>& all, io::Signal& moved, const join::Run& run)
      : all_(all), moved_(moved), run_(run) {
    all_.push_back(&run);
  }
  ~Line() {
    std::erase(all_, &run_);
    moved_.notify();
  }
  Line(const Line&) = delete;

 private:
  std::deque<const join::Run*>& all_;
  io::Signal& moved_;
  const join::Run& run_;
};

Conversations::Conversations(io::Loop& loop, Setup& setup, KeptSessions& kept,
                             join::Enclosures* enclosures, const io::Clock& clock,
                             std::function<void(std::string_view)> refused)
    : loop_(loop),
      setup_(setup),
      kept_(kept),
      enclosures_(enclosures),
      clock_(clock),
      refused_(std::move(refused)),
      closing_(loop_, [](std::string_view, std::exception_ptr) {}) {}

Conversations::~Conversations() = default;

io::Task<void> Conversations::work(join::Run& run) {
  auto& slot = places_[run.context];
  if (!slot) slot = std::make_unique<Place>();
  Place& place = *slot;
  run.waits = true;
  const Line line(place.line, place.moved, run);
  while (place.line.front() != &run && !run.canceled) co_await place.moved.wait(1h);
  if (!run.canceled) co_await work_on(place, run);
  place.used = clock_.monotonic();
}

// It is the first of its conversation.
io::Task<void> Conversations::work_on(Place& place, join::Run& run) {
  std::unique_ptr<join::Enclosures::Kit> kit;
  if (enclosures_) kit = co_await enclosures_->unpack(run.request);
  if (run.canceled) co_return;
  const Line line(at_work_, room_, run);
  const auto has_room = [&] {
    const auto most =
        static_cast<std::ptrdiff_t>(setup_.config().number("runtime_config.turns_at_once"));
    return std::ranges::find(at_work_, &run) - at_work_.begin() < most;
  };
  while (!has_room() && !run.canceled) co_await room_.wait(1h);
  if (run.canceled) co_return;
  run.waits = false;
  Turn turn;
  turn.text = run.text;
  turn.environment = {{"MOLECULE_CONTEXT_ID", run.context},
                      {"MOLECULE_ACTIVITY_ID", run.activity},
                      {"MOLECULE_MESSAGE_ID", run.message_id},
                      {"MOLECULE_TASK_ID", run.task},
                      {"MOLECULE_SOURCE_WORKSPACE_ID", run.source}};
  if (kit) {
    std::ranges::move(kit->environment(), std::back_inserter(turn.environment));
    if (setup_.runtime().executor != runtimes::Executor::exec)
      turn.text += files_listed(kit->came());
  }
  const auto limit =
      std::chrono::seconds(setup_.config().number("runtime_config.timeout")) + turn_grace;
  bool late = false;
  try {
    co_await io::within(limit, take_turn(place, run, turn));
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::deadline) throw;
    late = true;
  }
  if (late) settle(run, Outcome::failed(Failure::timeout, "its program said nothing of its end"));
  if (!kit || run.canceled) co_return;
  std::string files = co_await enclosures_->send(*kit);
  run.files = std::move(files);
}

io::Task<void> Conversations::take_turn(Place& place, join::Run& run, const Turn& turn) {
  co_await setup_.executor();
  if (run.canceled) co_return;
  ++tally_.turns;
  std::exception_ptr broken;
  std::string trouble;
  std::optional<Outcome> outcome;
  try {
    outcome = co_await turn_in(place, run, turn);
  } catch (const std::exception& failure) {
    trouble = failure.what();
    broken = std::current_exception();
  }
  if (broken) {
    // Nobody knows how far its program is.
    end(place);
    ++tally_.failed;
    tally_.trouble = trouble;
    std::rethrow_exception(broken);
  }
  settle(run, *outcome);
}

io::Task<Outcome> Conversations::turn_in(Place& place, join::Run& run, const Turn& turn) {
  Telling telling(run, output_max, refused_);
  bool anew = false, with_new_key = false;
  for (;;) {
    if (place.session && place.edition != setup_.edition()) end(place);
    if (!place.session) co_await open(place, run.context, anew);
    if (run.canceled) co_return Outcome::canceled();
    const std::string& runtime = place.runtime;
    Outcome outcome = co_await place.session->turn(turn, telling);
    const bool lost =
        outcome.state == Outcome::State::failed && outcome.failure == Failure::session_missing;
    const bool refused =
        outcome.state == Outcome::State::failed && outcome.failure == Failure::auth;
    if (lost && !anew && run.output.empty()) {
      log::warn("the conversation begins anew: its session is not known any more",
                log::field("context", run.context));
      keep(run.context, runtime, "", *place.executor);
      end(place);
      anew = true;
      continue;
    }
    if (refused && !with_new_key && run.output.empty()) {
      // Whoever was told so may have given another one already.
      co_await setup_.look();
      if (place.edition != setup_.edition()) {
        log::info("the key was refused; there is another one now");
        end(place);
        with_new_key = true;
        continue;
      }
    }
    if (const std::string id = place.session->id(); !id.empty() && !lost)
      keep(run.context, runtime, id, *place.executor);
    // What may be left of it is not to be built upon.
    if (outcome.state == Outcome::State::failed) end(place);
    co_return outcome;
  }
}

void Conversations::keep(const std::string& context, const std::string& runtime,
                         const std::string& session, Executor& executor) {
  for (const KeptSession& gone : kept_.keep(context, runtime, session))
    if (gone.runtime == runtime) executor.forget(gone.session);
}

// All that it begins with is of one edition: nothing is waited for while it is gathered.
io::Task<void> Conversations::open(Place& place, const std::string& context, bool anew) {
  co_await setup_.look();
  Opening opening;
  opening.context = context;
  opening.system = co_await setup_.system_text();
  place.runtime = setup_.runtime().id;
  opening.session = anew ? std::string() : kept_.find(context, place.runtime);
  opening.environment = setup_.environment();
  opening.leads = setup_.leads();
  opening.redactor = setup_.redactor();
  opening.directory = setup_.places().workspace.string();
  opening.turn_limit = std::chrono::seconds(setup_.config().number("runtime_config.timeout"));
  place.edition = setup_.edition();
  place.executor = setup_.executor_now();
  place.session = place.executor->start(std::move(opening));
}

void Conversations::settle(join::Run& run, const Outcome& outcome) {
  switch (outcome.state) {
    case Outcome::State::completed: return;
    case Outcome::State::canceled: run.canceled = true; return;
    case Outcome::State::failed: break;
  }
  std::string text =
      fmt::format("{} could not answer: {}", setup_.runtime().title, words_for(outcome.failure));
  if (!outcome.why.empty()) text += ": " + json::storable(setup_.redacted(outcome.why), why_max);
  ++tally_.failed;
  tally_.trouble = text;
  log::warn("a turn failed", log::field("class", outcome.failure),
            log::field("error", setup_.redacted(outcome.why)));
  throw Fault(Kind::bad_gateway, "turn_failed", text);
}

void Conversations::cancel(join::Run& run) {
  const auto found = places_.find(run.context);
  if (found == places_.end()) return;
  Place& place = *found->second;
  if (!run.waits) {
    if (place.session) place.session->cancel();
  } else {
    place.moved.notify();
    room_.notify();
  }
}

void Conversations::end(Place& place) {
  if (!place.session) return;
  auto close = [](std::shared_ptr<Executor>, std::unique_ptr<Session> session) -> io::Task<void> {
    co_await session->stop();
    session.reset();
  };
  closing_.spawn("close", close(std::move(place.executor), std::move(place.session)));
}

io::Task<void> Conversations::tend() {
  for (;;) {
    co_await io::sleep(tend_every);
    const auto now = clock_.monotonic();
    std::vector<Place*> resting;
    for (auto& [context, place] : places_)
      if (place->session && place->line.empty()) resting.push_back(place.get());
    std::ranges::sort(resting, {}, &Place::used);
    std::size_t open = resting.size();
    for (Place* each : resting) {
      if (open <= open_max && now - each->used < idle) break;
      end(*each);
      --open;
    }
    std::erase_if(places_, [](const auto& each) {
      return !each.second->session && each.second->line.empty();
    });
  }
}

io::Task<void> Conversations::stop() {
  for (auto& [context, place] : places_) end(*place);
  co_await closing_.join();
}

}  // namespace molecule::agent
