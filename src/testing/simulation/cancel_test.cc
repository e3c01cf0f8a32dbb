#include "testing/simulation/interleavings_fixture.h"

namespace molecule::simulation {
namespace {

constexpr std::string_view is_canceled = R"("state":"canceled")";
constexpr std::string_view not_cancelable = "-32002";

bool says(const std::shared_ptr<Answer>& answer, std::string_view part) {
  return answer->body.find(part) != std::string::npos;
}

// Nothing goes out to an agent that is paused.
Sent& queued(Scene& scene, std::string id) {
  scene.world.ask({}, http::Method::post, scene.world.path(scene.ada, "/pause"));
  scene.world.run();
  Sent& sent = scene.world.say(scene.ada, std::move(id));
  scene.world.pass(1s);
  EXPECT_EQ(scene.stands(sent), "open");
  return sent;
}

TEST(Cancel, WhileQueued) {
  Scene scene;
  Sent& sent = queued(scene, "m1");
  Sent& next = scene.world.say(scene.ada, "m2");
  scene.world.pass(1s);
  auto told = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(told, is_canceled)) << told->body;
  EXPECT_EQ(scene.stands(sent), "canceled");
  EXPECT_TRUE(scene.answers(sent, is_canceled)) << "whoever sent it and asks again";
  scene.world.ask({}, http::Method::post, scene.world.path(scene.ada, "/resume"));
  scene.world.pass(2min);
  EXPECT_EQ(scene.stands(next), "answered") << "the mailbox goes on";
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m2"});
}

TEST(Cancel, WhileLeasedAndTheAgentStops) {
  Scene scene;
  scene.ada.takes = 40min;
  scene.ada.stops = true;
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(5s);
  EXPECT_EQ(scene.stands(sent), "leased");
  EXPECT_TRUE(sent.answers.empty()) << "its sender waits for the answer";
  auto told = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(told, is_canceled)) << told->body;
  EXPECT_EQ(scene.stands(sent), "canceled");
  ASSERT_EQ(sent.answers.size(), 1u) << "and is told at once";
  EXPECT_NE(sent.answers[0].body.find(is_canceled), std::string::npos) << sent.answers[0].body;
}

TEST(Cancel, WhileLeasedAndTheAgentGoesOn) {
  Scene scene;
  scene.ada.takes = 1min;
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(5s);
  auto told = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(told, not_cancelable)) << told->body;
  EXPECT_EQ(scene.stands(sent), "leased");
  scene.world.pass(1min);
  EXPECT_EQ(scene.stands(sent), "answered");
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
}

TEST(Cancel, WhileItIsBroughtToOneWhoIsNotThere) {
  Scene scene;
  scene.ada.manner = Manner::away;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.pass(2s);
  EXPECT_EQ(scene.stands(sent), "leased");
  auto told = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(told, is_canceled))
      << "he cannot be asked, and has told of nothing: " << told->body;
  EXPECT_EQ(scene.stands(sent), "canceled");
  scene.ada.manner = Manner::answers;
  scene.world.pass(1min);
  EXPECT_TRUE(scene.ada.got.empty()) << "it is not brought any more";
}

TEST(Cancel, WhilePolled) {
  Scene scene;
  scene.world.enrol(scene.ada, true);
  scene.ada.beats = false;
  scene.world.run();
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.pass(1s);
  auto told = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(told, is_canceled)) << told->body;
  scene.world.fetch(scene.ada);
  scene.world.pass(1s);
  EXPECT_TRUE(scene.ada.says.empty()) << "nothing is open for her";
  EXPECT_EQ(scene.stands(sent), "canceled");
}

// She has fetched it, and her answer comes after the sender called it off.
TEST(Cancel, BeforeTheAnswerOfOneWhoPolls) {
  Scene scene;
  scene.world.enrol(scene.ada, true);
  scene.ada.beats = false;
  scene.world.run();
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(1s);
  scene.world.fetch(scene.ada);
  scene.world.run_ready();
  scene.world.cancel(sent);
  scene.world.pass(1s);
  const std::string end = scene.stands(sent);
  EXPECT_TRUE(end == "canceled" || end == "answered") << end;
  auto again = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_TRUE(says(again, not_cancelable)) << again->body;
}

// Both are asked of the store before either is there: one of them is the end.
TEST(Cancel, WhileItIsBeingSettled) {
  for (const bool cancel_first : {false, true}) {
    Scene scene;
    scene.ada.takes = 10s;
    scene.ada.stops = true;
    Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
    scene.world.pass(5s);
    std::shared_ptr<Answer> told;
    if (cancel_first) told = scene.world.cancel(sent);
    scene.world.clock.advance(5s);
    scene.world.run_ready();
    if (!cancel_first) told = scene.world.cancel(sent);
    scene.world.run_ready();
    scene.world.pass(5s);
    const bool canceled = scene.stands(sent) == "canceled";
    EXPECT_TRUE(canceled || scene.stands(sent) == "answered") << scene.stands(sent);
    EXPECT_TRUE(says(told, canceled ? is_canceled : not_cancelable)) << told->body;
    ASSERT_EQ(sent.answers.size(), 1u);
    EXPECT_EQ(sent.answers[0].body.find(is_canceled) != std::string::npos, canceled);
  }
}

TEST(Cancel, AtOnceWithTheAnswer) {
  Scene scene;
  scene.ada.takes = 10s;
  scene.ada.stop_takes = 5s;
  scene.ada.stops = true;
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(5s);
  auto told = scene.world.cancel(sent);
  scene.world.pass(10s);
  const bool canceled = scene.stands(sent) == "canceled";
  EXPECT_TRUE(says(told, canceled ? is_canceled : not_cancelable)) << told->body;
  ASSERT_EQ(sent.answers.size(), 1u);
}

TEST(Cancel, TwiceAtOnce) {
  Scene scene;
  Sent& sent = queued(scene, "m1");
  auto one = scene.world.cancel(sent), two = scene.world.cancel(sent);
  scene.world.pass(1s);
  EXPECT_NE(says(one, is_canceled), says(two, is_canceled)) << one->body << two->body;
  EXPECT_NE(says(one, not_cancelable), says(two, not_cancelable)) << one->body << two->body;
}

// The store is lost in the commit of it, which it keeps or undoes.
TEST(Cancel, CommitUnknown) {
  for (const bool kept : {false, true}) {
    Scene scene;
    Sent& sent = queued(scene, "m1");
    scene.lose_at_commit(2, kept);  // It is read first.
    auto told = scene.world.cancel(sent);
    scene.world.run();
    EXPECT_TRUE(scene.world.store.trouble().happened());
    EXPECT_EQ(told->code, "") << told->body;
    EXPECT_EQ(told->status, 503) << told->body;
    scene.world.store.trouble().give_back();
    scene.world.pass(20s);
    EXPECT_EQ(scene.stands(sent), kept ? "canceled" : "open");
    told = scene.world.cancel(sent);
    scene.world.pass(1s);
    EXPECT_TRUE(says(told, kept ? not_cancelable : is_canceled)) << told->body;
  }
}

// Its lease is void when it comes back to a platform that has begun anew.
TEST(Cancel, WhatACrashedPlatformWasCarrying) {
  Scene scene;
  scene.ada.takes = 40min;
  Sent& sent = scene.world.send(scene.bob, scene.ada, "m1");
  scene.world.pass(5s);
  scene.world.crash_and_begin();
  scene.world.run();
  auto told = scene.world.cancel(sent);
  scene.world.pass(5s);
  EXPECT_TRUE(says(told, is_canceled) || says(told, not_cancelable)) << told->body;
}

}  // namespace
}  // namespace molecule::simulation
