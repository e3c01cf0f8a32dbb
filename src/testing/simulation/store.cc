#include "testing/simulation/store.h"

#include <string>

#include "platform/log/log.h"
#include "testing/migrations.h"

namespace molecule::simulation {
namespace {

// Nobody reads what the platform logs while its store is taken away.
struct Nowhere final : log::Sink {
  void write(std::string_view) noexcept override {}
};

void log_nowhere() {
  static Nowhere nowhere;
  static const bool once = [] {
    log::start(log::Level::error, &nowhere);
    return true;
  }();
  (void)once;
}

// With the lines that are otherwise for PostgreSQL alone.
std::span<const sql::Migration> shared_migrations() {
  static const std::vector<std::string> texts = [] {
    constexpr std::string_view mark = "{{shared}}";
    std::vector<std::string> all;
    for (const sql::Migration& each : test::migrations()) {
      std::string text(each.text);
      for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
        text.erase(at, mark.size());
      all.push_back(std::move(text));
    }
    return all;
  }();
  static const std::vector<sql::Migration> found = [] {
    std::vector<sql::Migration> all(test::migrations().begin(), test::migrations().end());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].text = texts[i];
    return all;
  }();
  return found;
}

}  // namespace

Store::Store(Sharing sharing) {
  log_nowhere();
  sql::Settings settings;
  settings.path = ":memory:";
  settings.interference = interference_;
  engine_ =
      std::make_unique<sql::SqliteDatabase>(settings, metrics_, sql::StoreThreads::Turns::by_hand);
  engine_->migrate(sharing == Sharing::shared ? shared_migrations() : test::migrations());
}

void Door::hand_over() {
  for (auto [job, reads] : std::exchange(asked_, {})) {
    if (reads) {
      engine_.submit_read(*job);
    } else {
      engine_.submit_write(*job);
    }
  }
}

void Door::close() {
  closed_ = true;
  for (auto [job, reads] : std::exchange(asked_, {})) refuse(*job);
}

void Door::ask(sql::detail::Job& job, bool reads) {
  if (closed_) {
    refuse(job);
  } else {
    asked_.emplace_back(&job, reads);
  }
}

void Door::refuse(sql::detail::Job& job) {
  job.failure = std::make_exception_ptr(unavailable("this process is gone"));
  job.done->complete();
}

}  // namespace molecule::simulation
