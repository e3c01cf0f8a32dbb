#include "testing/simulation/interleavings_fixture.h"

namespace molecule::simulation {
namespace {

Sent& good_for_a_minute(Scene& scene, const Agent& to, std::string id) {
  Sent sent;
  sent.target = to.id;
  sent.id = std::move(id);
  sent.text = "do";
  sent.expires_in = 60;
  return scene.world.send(std::move(sent));
}

TEST(Waiting, AnAgentIsAwayForADay) {
  Scene scene;
  scene.ada.beats = false;
  scene.waiting(scene.ada, "m1");
  for (const char* id : {"m2", "m3"}) scene.world.say(scene.ada, id);
  scene.world.pass(24h);
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
  scene.ada.manner = Manner::answers;
  scene.ada.beats = true;
  scene.world.enrol(scene.ada, false);
  scene.world.pass(5s);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2", "m3"}));
}

TEST(Waiting, ExpiryWhileQueued) {
  Scene scene;
  scene.ada.manner = Manner::away;
  Sent& sent = good_for_a_minute(scene, scene.ada, "m1");
  scene.world.pass(12s);
  EXPECT_EQ(scene.stands(sent), "open");
  scene.world.pass(1min);
  EXPECT_EQ(scene.stands(sent), "expired");
  scene.ada.manner = Manner::answers;
  scene.world.pass(2min);
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
  EXPECT_EQ(scene.told_again(sent).status, 504);
}

// The agent is heard after the message's time and before the next look at what is overdue.
TEST(Waiting, ExpiryJustBeforeItWouldGoOut) {
  Scene scene;
  scene.ada.manner = Manner::away;
  Sent& sent = good_for_a_minute(scene, scene.ada, "m1");
  scene.world.pass(58s);
  scene.ada.manner = Manner::answers;
  scene.world.clock.advance(3s);
  scene.world.beat(scene.ada);
  scene.world.run();
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
  scene.world.pass(2s);
  EXPECT_EQ(scene.stands(sent), "expired");
}

TEST(Waiting, ExpiryWhilePolled) {
  Scene scene;
  scene.world.enrol(scene.ada, true);
  scene.ada.beats = false;
  scene.world.run();
  Sent& sent = good_for_a_minute(scene, scene.ada, "m1");
  scene.world.pass(30s);
  EXPECT_EQ(scene.stands(sent), "open");
  scene.world.pass(40s);
  EXPECT_EQ(scene.stands(sent), "expired");
  scene.world.fetch(scene.ada);
  scene.world.pass(1s);
  EXPECT_TRUE(scene.ada.says.empty()) << "nothing is open for her";
}

TEST(Waiting, ExpiryWhileLeased) {
  Scene scene;
  scene.ada.takes = 90s;
  scene.bob.takes = 90s;
  scene.bob.manner = Manner::resets;
  Sent& sent = good_for_a_minute(scene, scene.ada, "m1");
  Sent& lost = good_for_a_minute(scene, scene.bob, "m2");
  scene.world.pass(80s);
  EXPECT_EQ(scene.stands(sent), "leased");
  scene.world.pass(20s);
  EXPECT_EQ(scene.stands(sent), "answered") << "she had it in time";
  EXPECT_EQ(scene.stands(lost), "expired") << "not tried again";
  EXPECT_EQ(scene.told_again(lost).status, 504);
}

TEST(Waiting, RemovalWithMail) {
  Scene scene;
  Sent& first = scene.waiting(scene.ada, "m1");
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.pass(1s);
  auto removed = scene.world.ask({}, http::Method::del, scene.world.path(scene.ada));
  scene.world.run();
  EXPECT_EQ(removed->status, 200);
  EXPECT_EQ(scene.stands(first), "removed");
  EXPECT_EQ(scene.stands(second), "removed");
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
}

// In the very commit that accepted it.
TEST(Waiting, RemovalBesideNewMail) {
  Scene scene;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.ask({}, http::Method::del, scene.world.path(scene.ada));
  scene.world.run();
  EXPECT_EQ(scene.stands(sent), "removed");
  EXPECT_EQ(scene.ada.got, Scene::Ids{});
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].status, 410);
}

TEST(Waiting, DeleteOfAWorkspaceThatOthersWaitFor) {
  Scene scene;
  scene.ada.takes = 30s;
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(5s);
  scene.world.ask({}, http::Method::del, scene.world.path(scene.ada));
  scene.world.pass(40s);
  EXPECT_EQ(scene.stands(sent), "removed");
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].status, 410) << "as it is recorded, whatever she answered then";
}

TEST(Waiting, PollToPushAndBack) {
  Scene scene;
  scene.world.enrol(scene.ada, true);
  scene.ada.beats = false;
  scene.world.run();
  Sent& first = scene.world.say(scene.ada, "m1");
  scene.world.pass(1min);
  EXPECT_EQ(scene.stands(first), "open");
  scene.ada.beats = true;
  scene.world.enrol(scene.ada, false);
  scene.world.pass(5s);
  EXPECT_EQ(scene.stands(first), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
  scene.world.enrol(scene.ada, true);
  scene.world.run();
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.pass(5s);
  EXPECT_EQ(scene.stands(second), "open");
  scene.world.fetch(scene.ada);
  scene.world.pass(1s);
  EXPECT_EQ(scene.stands(second), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST(Waiting, NewMailBesideWaitingMail) {
  Scene scene;
  scene.waiting(scene.ada, "m1");
  scene.ada.manner = Manner::answers;
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.run();
  EXPECT_EQ(second.answers.back().status, 202) << "behind the one that waits";
  scene.world.pass(1min);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2"}));
}

TEST(Waiting, AnotherSendersLineIsAnother) {
  Scene scene;
  scene.waiting(scene.ada, "m1");
  scene.ada.manner = Manner::answers;
  scene.ada.takes = 5s;
  scene.world.beat(scene.ada);
  scene.world.run();
  Sent& second = scene.world.say(scene.ada, "m2");
  Sent& other = scene.world.send(scene.bob, scene.ada, "b1");
  scene.world.run();
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "b1"}));
  scene.world.pass(1min);
  EXPECT_EQ(second.answers.front().status, 202);
  EXPECT_EQ(other.answers.front().status, 200);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "b1", "m2"}));
}

// The first knocks while nobody is there, and is still at it when the agent is back.
TEST(Order, WhoIsBackDoesNotHearTheNewerFirst) {
  Scene scene;
  scene.ada.manner = Manner::away;
  Sent& first = scene.world.say(scene.ada, "m1");
  scene.world.pass(5s);
  scene.ada.manner = Manner::answers;
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.pass(1s);
  EXPECT_EQ(scene.ada.got, Scene::Ids{}) << "m1 is on its way out";
  scene.world.pass(1min);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2"}));
  EXPECT_EQ(first.answers.front().status, 202);
  EXPECT_EQ(second.answers.front().status, 202) << "behind the one that came back";
  EXPECT_TRUE(scene.answers(second, "answer-2"));
}

TEST(Order, AConnectionThatIsKeptIsNoShortCut) {
  Scene scene;
  scene.ada.door = 3s;
  Sent& first = scene.world.say(scene.ada, "m1");
  Sent& second = scene.world.say(scene.ada, "m2");
  scene.world.pass(5s);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2"}));
  EXPECT_EQ(first.answers.front().status, 200);
  EXPECT_EQ(second.answers.front().status, 200) << "nobody waited for more than his turn";
}

TEST(Order, WhatIsWorkedOnHoldsNobodyUp) {
  Scene scene;
  scene.ada.takes = 30min;
  for (const char* id : {"m1", "m2", "m3"}) scene.world.say(scene.ada, id);
  scene.world.run();
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2", "m3"})) << "side by side";
}

// Several go out together once the first has arrived, and then the way breaks for one of them.
TEST(Order, WhatFollowsAMessageThatComesBackComesBackToo) {
  Scene scene;
  scene.waiting(scene.ada, "m1");
  for (const char* id : {"m2", "m3", "m4"}) scene.world.say(scene.ada, id);
  scene.world.pass(1s);
  scene.ada.door = 3s;
  scene.ada.manner = Manner::answers;
  scene.world.beat(scene.ada);
  scene.world.run();
  for (int i = 0; i < 300 && scene.ada.got.empty(); ++i) scene.world.pass(100ms);
  EXPECT_FALSE(scene.ada.got.empty());
  scene.world.run();
  scene.ada.manner = Manner::away;
  scene.world.pass(5s);
  scene.ada.manner = Manner::answers;
  scene.world.pass(3min);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2", "m3", "m4"}));
}

TEST(Order, WhatCannotBeProcessedHoldsNobodyUpForGood) {
  Scene scene;
  scene.ada.manner = Manner::resets;
  Sent& poison = scene.world.say(scene.ada, "m1");
  scene.world.pass(1s);
  Sent& next = scene.world.say(scene.ada, "m2");
  for (int i = 0; i < 180 && scene.stands(poison) != "dead"; ++i) scene.world.pass(1s);
  EXPECT_EQ(scene.stands(poison), "dead");
  scene.ada.manner = Manner::answers;
  scene.world.pass(3min);
  EXPECT_EQ(scene.stands(next), "answered");
}

TEST(Twice, TheSameIdAtOnceInOneProcess) {
  Scene scene;
  scene.ada.takes = 1s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.again(sent);
  scene.world.pass(3s);
  ASSERT_EQ(sent.answers.size(), 2u);
  EXPECT_EQ(sent.answers[0].status, 202) << "under way";
  EXPECT_EQ(sent.answers[1].status, 200);
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

// The platform refuses to serve from a store that another one serves from: by the lock of the data
// directory and, on PostgreSQL, by the lock on the writer's connection. Should two do so
// nevertheless, what is stored holds: the store compares the keys then.
TEST(Twice, TheSameIdAtOnceInTwoProcesses) {
  Scene scene(Sharing::shared);
  Process& first = scene.world.platform();
  Process& second = scene.world.begin();
  scene.world.run();
  Sent sent;
  sent.target = scene.ada.id;
  sent.id = "m1";
  sent.text = "do";
  Sent& kept = scene.world.oracle.remember(std::move(sent));
  scene.world.again(kept, first);
  scene.world.again(kept, second);
  scene.world.pass(3s);
  ASSERT_EQ(kept.answers.size(), 2u);
  EXPECT_EQ(scene.stands(kept), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST(Twice, ASecondProcessOnTheSameStoreTakesTheLeasesOver) {
  Scene scene(Sharing::shared);
  scene.ada.takes = 30s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.pass(1s);
  scene.ada.takes = 60s;
  scene.world.begin();
  scene.world.pass(35s);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m1"}));
  EXPECT_EQ(scene.stands(sent), "leased") << "the first one's lease is void and records nothing";
  EXPECT_EQ(sent.answers.back().status, 202) << "and it says so";
  scene.world.pass(1min);
  EXPECT_TRUE(scene.answers(sent, "answer-2"));
}

}  // namespace
}  // namespace molecule::simulation
