// The store of a simulation: the engine that serves uses, in memory and by hand, lost when the test
// says so; and the door through which one process of the platform reaches it. What a process has
// asked for lies in its door until it is handed over, so a process that ends takes along what was
// not.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "platform/io/scope.h"
#include "platform/sql/sqlite_database.h"
#include "testing/store_trouble.h"

namespace molecule::simulation {

// Whether others write to the store too, as on PostgreSQL: then it compares message keys itself.
enum class Sharing { own, shared };

class Store {
 public:
  explicit Store(Sharing sharing);

  sql::SqliteDatabase& engine() { return *engine_; }
  test::StoreTrouble& trouble() { return interference_->trouble; }
  bool there() const { return engine_->healthy(); }

  // Reads what is stored now, past all processes and whatever trouble is planned. Only while the
  // store is there.
  template <class Fn>
  auto look(Fn fn) {
    std::optional<std::invoke_result_t<Fn&, sql::Read&>> found;
    auto ask = [](sql::Database& from, Fn question, auto& out) -> io::Task<void> {
      out.emplace(co_await from.read(std::move(question)));
    };
    scope_.spawn("look", ask(*engine_, std::move(fn), found));
    interference_->looks = true;
    engine_->turn();
    interference_->looks = false;
    loop_.poll();
    return std::move(found.value());
  }

 private:
  // The trouble, but for those who only look.
  struct Interference final : sql::Interference {
    bool lose_before(std::string_view statement) override { return trouble.lose_before(statement); }
    Commit at_commit() override { return looks ? Commit::goes_through : trouble.at_commit(); }
    bool reachable() override { return looks || trouble.reachable(); }
    test::StoreTrouble trouble;
    bool looks = false;
  };

  Store();
  std::string schema();

  metrics::Registry metrics_;
  std::shared_ptr<Interference> interference_ = std::make_shared<Interference>();
  std::unique_ptr<sql::SqliteDatabase> engine_;
  io::Loop loop_;
  io::Scope scope_{loop_, nullptr};
};

class Door final : public sql::Database {
 public:
  explicit Door(sql::SqliteDatabase& engine) : engine_(engine) {}

  bool asked() const { return !asked_.empty(); }
  // To the engine, which runs it in its next turn.
  void hand_over();
  // Its process is gone: what was asked and will be asked is refused.
  void close();

  void migrate(std::span<const sql::Migration>) override {}
  void take_over(sql::StoreMark&, std::string_view, Instant) override {}
  bool found_empty() const override { return false; }
  void check_prepares(std::string_view, std::string_view) override {}
  bool healthy() const override { return engine_.healthy(); }
  std::uint64_t unknown_commits() const override { return engine_.unknown_commits(); }
  std::string_view engine() const override { return engine_.engine(); }

 protected:
  void submit_write(sql::detail::Job& job) override { ask(job, false); }
  void submit_read(sql::detail::Job& job) override { ask(job, true); }

 private:
  void ask(sql::detail::Job& job, bool reads);
  static void refuse(sql::detail::Job& job);

  sql::SqliteDatabase& engine_;
  std::vector<std::pair<sql::detail::Job*, bool>> asked_;
  bool closed_ = false;
};

}  // namespace molecule::simulation
