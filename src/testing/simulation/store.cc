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

Store::Store() {
  log_nowhere();
  sql::Settings settings;
  settings.path = ":memory:";
  settings.interference = interference_;
  engine_ =
      std::make_unique<sql::SqliteDatabase>(settings, metrics_, sql::StoreThreads::Turns::by_hand);
}

// What all migrations leave is put there at once: one after the other they take a fifth of the time
// of a schedule.
Store::Store(Sharing sharing) : Store() {
  const auto whole = [](std::span<const sql::Migration> migrations) {
    Store once;
    once.engine_->migrate({});
    const std::string before = once.schema();
    once.engine_->migrate(migrations);
    return once.schema().substr(before.size());
  };
  static const std::string own = whole(test::migrations());
  static const std::string shared = whole(shared_migrations());
  const sql::Migration all[] = {{1, "whole", sharing == Sharing::shared ? shared : own}};
  engine_->migrate(all);
}

// As statements, oldest first, with the rows that migrations have put there; of what the engine
// makes itself only the tables.
std::string Store::schema() {
  static constexpr sql::Query<std::string()> objects{"simulation.objects", R"(
    SELECT sql || ';' FROM sqlite_schema
     WHERE sql IS NOT NULL ORDER BY rowid)"};
  static constexpr sql::Query<std::string()> copies{"simulation.copies", R"(
    SELECT 'SELECT ''INSERT INTO ' || t.name || ' VALUES ('' || ' ||
           (SELECT group_concat('quote("' || c.name || '")', ' || '','' || ') FROM pragma_table_info(t.name) c) ||
           ' || '');'' FROM ' || t.name
      FROM sqlite_schema t WHERE t.type = 'table' AND t.name NOT IN ('schema_migrations', 'sequences', 'store_facts'))"};
  std::string text;
  for (const std::string& object : look([](sql::Read& read) { return read.all(objects); }))
    text += object + "\n";
  for (const std::string& copy : look([](sql::Read& read) { return read.all(copies); })) {
    const sql::Query<std::string()> rows{"simulation.rows", copy};
    for (const std::string& row : look([&](sql::Read& read) { return read.all(rows); }))
      text += row + "\n";
  }
  return text;
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
