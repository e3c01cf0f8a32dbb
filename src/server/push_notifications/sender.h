// Tells receivers what the outbox holds for them: one POST for each change, in order for each
// configuration, again until it is taken. On one loop.
#pragma once

#include <chrono>
#include <string>

#include "platform/crypto/sign.h"
#include "platform/http/client.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/metrics/metrics.h"
#include "server/activity/feed.h"
#include "server/push_notifications/outbox.h"
#include "server/push_notifications/turns.h"
#include "server/tasks/inquiries.h"

namespace molecule::push_notifications {

struct Settings {
  std::chrono::seconds answer_wait{15};  // For a receiver's answer, connecting included.
  io::Waits waits = again_waits;         // Until its receiver is given up.
  Places::Bounds places;                 // Of receivers that are told at once.
  std::size_t body_max = 1u << 20;       // Of a notification; beyond it only the state is told.
};

struct Probe {
  explicit Probe(metrics::Registry& registry);
  metrics::Counter& taken;
  metrics::Counter& failed;
  metrics::Counter& given_up;
};

class Sender {
 public:
  struct Parts {
    sql::Database& db;
    Outbox& outbox;
    activity::Feed& feed;
    tasks::Service& tasks;
    tasks::Inquiries& inquiries;  // Of tasks whose agents tell nothing by themselves.
    const crypto::SigningKey& key;
    const io::Clock& clock;
  };
  // `public_url`: where people reach the platform, if that is known.
  Sender(Parts parts, io::Loop& loop, http::Client& client, std::string public_url,
         metrics::Registry& registry, Settings settings = {});

  // At start, before the first request.
  io::Task<void> load();
  // Until it is cancelled. What it begins runs in `scope`, on the same loop.
  io::Task<void> run(io::Scope& scope);

 private:
  // What one attempt came to; empty `why`: taken.
  struct Came {
    std::string why;
    bool final = false;  // The receiver wants nothing more.
  };
  io::Task<void> begin_due(io::Scope& scope);
  io::Task<void> tell(Due due);
  io::Task<Came> attempt(const Due& due);
  io::Task<std::string> body_of(const Due& due);
  std::string signature(const Due& due, std::string_view event_id, std::string_view body) const;
  void give_up(sql::Tx& tx, const Due& due, const std::string& why);

  Parts parts_;
  io::Loop& loop_;
  http::Client& client_;
  const std::string public_url_;
  const Settings settings_;
  Probe probe_;
  io::Signal woken_;
  Places places_;
};

}  // namespace molecule::push_notifications
