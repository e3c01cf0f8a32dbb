#include "testing/simulation/interleavings_fixture.h"

namespace molecule::simulation {
namespace {

// Each with a store that kept what it was lost in, and with one that did not.
class UnknownCommit : public ::testing::TestWithParam<bool> {
 protected:
  void lose_at_commit(int n) { scene.lose_at_commit(n, GetParam()); }
  void give_back() {
    EXPECT_TRUE(scene.world.store.trouble().happened());
    EXPECT_FALSE(scene.world.store.there());
    scene.world.store.trouble().give_back();
    scene.world.pass(20s);
  }

  Scene scene;
};

TEST_P(UnknownCommit, OfASettle) {
  lose_at_commit(2);
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].code, "commit_unknown");
  give_back();
  EXPECT_EQ(scene.stands(sent), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"}) << "not asked again";
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
}

TEST_P(UnknownCommit, OfAnAccept) {
  lose_at_commit(1);
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].code, "commit_unknown");
  EXPECT_EQ(scene.ada.got, Scene::Ids{}) << "nothing goes out that may not be stored";
  give_back();
  EXPECT_EQ(scene.stands(sent), GetParam() ? "answered" : "(none)");
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST_P(UnknownCommit, OfALease) {
  Sent& sent = scene.waiting(scene.ada, "m1");
  Sent& next = scene.world.say(scene.ada, "m2");
  scene.world.run();
  scene.ada.manner = Manner::answers;
  lose_at_commit(1);
  scene.world.beat(scene.ada);
  scene.world.run();
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
  give_back();
  EXPECT_EQ(scene.stands(sent), "answered");
  EXPECT_EQ(scene.stands(next), "answered");
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2"})) << "in their order";
}

TEST_P(UnknownCommit, OfARequeue) {
  scene.ada.manner = Manner::away;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.pass(9500ms);
  lose_at_commit(1);
  scene.world.pass(600ms);
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].code, "commit_unknown");
  give_back();
  scene.ada.manner = Manner::answers;
  scene.world.pass(2min);
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
}

INSTANTIATE_TEST_SUITE_P(Each, UnknownCommit, ::testing::Values(true, false),
                         [](const auto& kept) { return kept.param ? "kept" : "undone"; });

TEST(LostStore, AwayWhileSettling) {
  Scene scene;
  scene.ada.takes = 2s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  scene.world.store.trouble().take_away();
  scene.world.pass(5min);
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].status, 503);
  scene.world.store.trouble().give_back();
  scene.world.pass(5s);
  EXPECT_EQ(scene.stands(sent), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"}) << "not asked again";
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
}

TEST(LostStore, NothingIsAcceptedBeforeItIsReadBack) {
  Scene scene;
  scene.lose_at_commit(1, true);
  Sent& first = scene.world.say(scene.ada, "m1");
  scene.world.run();
  scene.world.store.trouble().give_back();
  scene.world.commit();
  EXPECT_TRUE(scene.world.store.there());
  scene.world.again(first);
  scene.world.run();
  EXPECT_EQ(first.answers.back().status, 503);
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.run();
  EXPECT_EQ(second.answers.back().status, 503);
  scene.world.pass(2s);
  scene.world.again(first);
  scene.world.again(second);
  scene.world.pass(20s);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2"}));
}

TEST(LostStore, AgainWhileReadingBack) {
  Scene scene;
  scene.lose_at_commit(1, true);
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  scene.world.store.trouble().give_back();
  scene.world.store.trouble().at_statement(1);
  scene.world.pass(3s);
  EXPECT_TRUE(scene.world.store.trouble().happened());
  scene.world.store.trouble().give_back();
  scene.world.pass(20s);
  EXPECT_EQ(scene.stands(sent), "answered");
}

}  // namespace
}  // namespace molecule::simulation
