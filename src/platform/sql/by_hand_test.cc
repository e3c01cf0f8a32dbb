#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/scope.h"
#include "platform/sql/sqlite_database.h"
#include "testing/store_trouble.h"

namespace molecule::sql {
namespace {

constexpr Migration one_table[] = {{1, "words", "CREATE TABLE words (word TEXT NOT NULL)"}};
constexpr Query<void(std::string)> insert{"test.insert", "INSERT INTO words (word) VALUES ($1)"};
constexpr Query<std::string()> words{"test.words", "SELECT word FROM words ORDER BY word"};

class ByHand : public ::testing::Test {
 protected:
  ByHand() { db.migrate(one_table); }

  Settings settings() {
    Settings made;
    made.path = ":memory:";
    made.interference = trouble;
    return made;
  }
  void say(std::string word) {
    auto work = [](ByHand& self, std::string text) -> io::Task<void> {
      std::string end = "kept";
      try {
        co_await self.db.write([&](Tx& tx) {
          tx.run(insert, text);
          tx.after_commit([&self, text] { self.acts.push_back(text); });
        });
      } catch (const CommitUnknown&) {
        end = "unknown";
      } catch (const Fault&) {
        end = "lost";
      }
      self.ends.push_back(text + " " + end);
    };
    scope.spawn("writer", work(*this, std::move(word)));
  }
  std::vector<std::string> kept() {
    std::vector<std::string> found;
    auto work = [](Database& from, std::vector<std::string>& out) -> io::Task<void> {
      out = co_await from.read([](Read& read) { return read.all(words); });
    };
    scope.spawn("reader", work(db, found));
    db.turn();
    loop.poll();
    return found;
  }
  using Words = std::vector<std::string>;

  io::Loop loop;
  metrics::Registry metrics;
  std::shared_ptr<test::StoreTrouble> trouble = std::make_shared<test::StoreTrouble>();
  SqliteDatabase db{settings(), metrics, StoreThreads::Turns::by_hand};
  io::Scope scope{loop, nullptr};
  Words acts, ends;
};

TEST_F(ByHand, NothingHappensBeforeTheTurnAndOneCommitTakesAll) {
  say("a");
  say("b");
  loop.poll();
  EXPECT_EQ(ends, Words());
  trouble->at_commit_done(2);
  db.turn();
  EXPECT_EQ(acts, (Words{"a", "b"})) << "durable, though nobody was told";
  EXPECT_EQ(ends, Words());
  loop.poll();
  EXPECT_EQ(ends, (Words{"a kept", "b kept"}));
  EXPECT_FALSE(trouble->happened()) << "one commit";
}

TEST_F(ByHand, ACommitIsLostWithWhatItWroteOrWithoutIt) {
  trouble->at_commit_undone(1);
  say("a");
  db.turn();
  loop.poll();
  EXPECT_FALSE(db.healthy());
  trouble->give_back();
  db.turn();
  EXPECT_TRUE(db.healthy());
  EXPECT_EQ(kept(), Words());
  trouble->at_commit_done(1);
  say("b");
  db.turn();
  loop.poll();
  trouble->give_back();
  db.turn();
  EXPECT_EQ(kept(), Words{"b"});
  EXPECT_EQ(ends, (Words{"a unknown", "b unknown"}));
  EXPECT_EQ(acts, Words());
  EXPECT_EQ(db.unknown_commits(), 2u);
}

TEST_F(ByHand, AStatementThatLosesTheStoreUndoesTheBatch) {
  trouble->at_statement(2);
  say("a");
  say("b");
  db.turn();
  loop.poll();
  trouble->give_back();
  db.turn();
  EXPECT_EQ(kept(), Words());
  EXPECT_EQ(ends, (Words{"a lost", "b lost"}));
  EXPECT_EQ(db.unknown_commits(), 0u);
}

}  // namespace
}  // namespace molecule::sql
