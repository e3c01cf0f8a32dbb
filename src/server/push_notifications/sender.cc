#include "server/push_notifications/sender.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/crypto/encoding.h"
#include "platform/crypto/jws.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/sql/insist.h"
#include "wire/a2a/version.h"

namespace molecule::push_notifications {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 1s;  // What nobody woke us for is found then.
constexpr auto signature_lives = 300s;
constexpr std::string_view keys_path = "/.well-known/jwks.json";

// The states of which the state itself says all there is.
bool says_all(std::string_view state) { return state == "working" || state == "submitted"; }

std::string event_id_of(const Due& due) { return fmt::format("{}-{}", due.key.text(), due.number); }

}  // namespace

Probe::Probe(metrics::Registry& registry)
    : taken(registry.counter("molecule_push_notifications_taken_total",
                             "Push notifications that their receivers took.")),
      failed(registry.counter("molecule_push_notifications_failed_total",
                              "Attempts at push notifications that came to nothing.")),
      given_up(registry.counter("molecule_push_notifications_given_up_total",
                                "Push configurations whose receivers were given up.")) {}

Sender::Sender(Parts parts, io::Loop& loop, http::Client& client, std::string public_url,
               metrics::Registry& registry, Settings settings)
    : parts_(parts),
      loop_(loop),
      client_(client),
      public_url_(std::move(public_url)),
      settings_(settings),
      probe_(registry),
      places_(settings.places) {
  parts_.outbox.on_change({[this] { loop_.post([this] { woken_.notify(); }); },
                           [this](std::int64_t message) { parts_.inquiries.ask_about(message); }});
}

io::Task<void> Sender::load() {
  auto asked =
      co_await parts_.db.read([this](sql::Read& read) { return parts_.outbox.load(read); });
  for (std::int64_t message : asked) parts_.inquiries.ask_about(message);
}

io::Task<void> Sender::run(io::Scope& scope) {
  for (;;) {
    co_await woken_.wait(look_again);
    try {
      co_await begin_due(scope);
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      log::warn("push notifications wait", log::field("error", fault.text()));
    } catch (const std::exception& problem) {
      log::error("push notifications wait", log::field("error", problem.what()));
    }
  }
}

io::Task<void> Sender::begin_due(io::Scope& scope) {
  if (parts_.outbox.watched() == 0 || places_.full()) co_return;
  const Instant now = parts_.clock.steady();
  // A copy: meanwhile others may be through.
  auto choose = [now, places = places_](sql::Read& read) {
    return next_to_tell(read, places, now);
  };
  auto next = co_await parts_.db.read(std::move(choose));
  for (Due& due : next) {
    if (places_.take(due)) scope.spawn("push notification", tell(std::move(due)));
  }
}

io::Task<void> Sender::tell(Due due) {
  struct Place {
    Sender& self;
    const Due& due;
    ~Place() {
      self.places_.give_back(due);
      self.woken_.notify();
    }
  } place{*this, due};
  Came came;
  try {
    came = co_await attempt(due);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    came.why = fault.text();
  }
  const Instant now = parts_.clock.steady();
  if (came.why.empty()) {
    co_await sql::insist(parts_.db, [&](sql::Tx& tx) {
      tx.post(store::let_go, due.key, due.number);
      tx.post(store::took, due.key, due.number, now);
    });
    probe_.taken.add();
    co_return;
  }
  probe_.failed.add();
  const bool over = came.final || settings_.waits.over(due.attempts);
  if (over) {
    co_await sql::insist(parts_.db, [&, this](sql::Tx& tx) { give_up(tx, due, came.why); });
    probe_.given_up.add();
    co_return;
  }
  const auto wait = settings_.waits.after(due.attempts);
  co_await sql::insist(
      parts_.db, [&](sql::Tx& tx) { tx.post(store::again, due.key, due.number, now + wait); });
}

io::Task<Sender::Came> Sender::attempt(const Due& due) {
  const net::Url url = net::Url::parse(due.url);
  auto config = co_await parts_.db.read([&, this](sql::Read& read) {
    auto row = read.optional(store::of_key, due.key);
    std::optional<a2a::PushConfig> out;
    if (row) out = parts_.outbox.opened(read, *row);
    return out;
  });
  if (!config) co_return Came{};  // It was deleted: there is nobody to tell.
  const a2a::Generation generation = generation_from(due.generation);
  const std::string body = co_await body_of(due);
  const std::string event_id = event_id_of(due);
  const std::string signed_by_us = signature(due, event_id, body);
  const Secret authorization(fmt::format("{} {}", config->scheme, config->credentials));
  std::vector<http::Header> headers;
  headers.push_back({"Content-Type", a2a::push_media(generation)});
  headers.push_back({"X-Molecule-Event-Id", event_id});
  headers.push_back({"X-Molecule-Signature", signed_by_us});
  if (generation == a2a::Generation::v10) headers.push_back({a2a::version_name, "1.0"});
  if (!config->token.empty()) headers.push_back({"X-A2A-Notification-Token", config->token});
  if (!config->scheme.empty()) headers.push_back({"Authorization", authorization.reveal()});
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = &url;
  request.headers = headers;
  request.body = body;
  request.repeatable = true;
  request.limits.head = settings_.answer_wait;
  request.enough = [](std::string_view, std::string_view) { return true; };
  Came came;
  http::ClientResponse response = co_await io::within(settings_.answer_wait, client_.send(request));
  if (response.status >= 200 && response.status < 300) co_return came;
  came.why = fmt::format("the receiver answered {}", response.status);
  came.final = response.status == 410;
  co_return came;
}

// The whole task where its state says not all, as long as it is not too long and still so.
io::Task<std::string> Sender::body_of(const Due& due) {
  const a2a::Generation generation = generation_from(due.generation);
  auto told = co_await parts_.tasks.told_of(due.message, due.task_id, generation);
  if (told && !says_all(due.state) && told->state == due.state &&
      told->text.size() <= settings_.body_max) {
    co_return a2a::push_task(generation, std::move(told->text));
  }
  a2a::PushChange change;
  change.state = due.state;
  change.at = due.at;
  change.task_id = due.task_id.value_or("");
  if (told) {
    change.task_id = told->id;
    change.context_id = told->context_id;
    change.activity_id = told->activity_id;
  }
  co_return a2a::push_told(generation, change);
}

std::string Sender::signature(const Due& due, std::string_view event_id,
                              std::string_view body) const {
  const std::string key_id = crypto::fingerprint(parts_.key.public_key());
  const std::int64_t now = parts_.clock.now().micros() / 1'000'000;
  json::Object header, claims;
  header.add("alg", crypto::jws_algorithm).add("typ", "JWT").add("kid", key_id);
  std::string base = public_url_;
  while (base.ends_with('/')) base.pop_back();
  if (!base.empty()) header.add("jku", fmt::format("{}{}", base, keys_path));
  claims.add("iss", base.empty() ? key_id : base).add("sub", due.target_id);
  claims.add("aud", net::Url::parse(due.url).origin());
  claims.add("iat", now).add("exp", now + signature_lives.count()).add("jti", event_id);
  claims.add("request_body_sha256", crypto::hex_encode(crypto::sha256(body)));
  return crypto::sign_compact(parts_.key, header.text(), claims.text());
}

void Sender::give_up(sql::Tx& tx, const Due& due, const std::string& why) {
  auto row = tx.optional(store::of_key, due.key);
  if (!row) return;
  parts_.outbox.erase(tx, *row);
  // Where to, without what a path or query may show.
  std::string receiver;
  try {
    receiver = net::Url::parse(due.url).origin();
  } catch (const Fault&) {
    receiver = "its receiver";
  }
  activity::NewReport report;
  report.workspace = report.target.emplace(due.target_id);
  report.activity_type = "push_notification";
  report.method = "given_up";
  report.status = "error";
  report.summary = fmt::format("Given up: telling {} of task {}", receiver,
                               json::storable(due.task_id.value_or(""), a2a::push_id_max));
  report.error_detail = fmt::format("{} attempts came to nothing: {}", due.attempts + 1, why);
  json::Object body;
  body.add("task_id", due.task_id.value_or("")).add("config_id", due.id);
  body.add("receiver", receiver).add("state", due.state);
  report.request_body = body.raw();
  parts_.feed.record(tx, report);
}

}  // namespace molecule::push_notifications
