#include "testing/simulation/interleavings_fixture.h"

namespace molecule::simulation {
namespace {

TEST(Crash, AfterAccept) {
  Scene scene;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run_ready();
  scene.world.commit();
  scene.world.crash_and_begin();
  EXPECT_TRUE(sent.answers.empty()) << "nobody was told";
  scene.world.pass(5s);
  EXPECT_EQ(scene.stands(sent), "answered");
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
}

TEST(Crash, AfterTheAgentWorked) {
  Scene scene;
  scene.ada.takes = 5s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.pass(3s);
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
  scene.world.crash_and_begin();
  scene.world.pass(20s);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m1"})) << "at least once";
  EXPECT_TRUE(scene.answers(sent, "answer-2"));
}

TEST(Crash, AfterSettling) {
  Scene scene;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run_ready();
  scene.world.commit();
  scene.world.run_ready();
  scene.world.commit();
  EXPECT_EQ(scene.stands(sent), "answered");
  scene.world.crash_and_begin();
  EXPECT_TRUE(sent.answers.empty());
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST(Crash, WithAReplyRecordedBeforeItWasPassedOn) {
  Scene scene;
  scene.world.enrol(scene.ada, true);
  scene.world.run();
  Sent& question = scene.world.send(scene.bob, scene.ada, "q");
  scene.world.pass(2s);
  EXPECT_EQ(scene.stands(question), "open");
  scene.world.fetch(scene.ada);
  for (int i = 0; i < 10 && scene.stands(question) == "open"; ++i) {
    scene.world.run_ready();
    scene.world.commit();
  }
  EXPECT_EQ(scene.stands(question), "answered") << "recorded, and nobody was told";
  scene.world.crash_and_begin();
  EXPECT_EQ(scene.bob.got, Scene::Ids{});
  // She was told nothing and answers again.
  Sent& reply = scene.world.oracle.sent().back();
  scene.world.again(reply);
  scene.world.pass(5s);
  EXPECT_EQ(scene.bob.got, Scene::Ids{reply.id});
  scene.world.again(reply);
  scene.world.pass(5s);
  EXPECT_EQ(scene.bob.got, Scene::Ids{reply.id}) << "passed on once";
}

TEST(Crash, ThatTheMessageItselfBringsAboutIsNotRepeatedForEver) {
  Scene scene;
  scene.ada.takes = 5s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  for (int i = 0; i < 10; ++i) {
    scene.world.pass(3s);
    scene.world.crash_and_begin();
  }
  EXPECT_EQ(scene.stands(sent), "dead");
  EXPECT_EQ(static_cast<std::int64_t>(scene.ada.got.size()),
            scene.world.ledger_settings.attempts_max);
  EXPECT_EQ(scene.told_again(sent).code, "");
  EXPECT_EQ(scene.told_again(sent).status, 502);
}

TEST(Stop, WhileCarrying) {
  Scene scene;
  scene.ada.takes = 10s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  scene.world.platform().stop();
  scene.world.pass(11s);
  EXPECT_EQ(scene.world.platform().stage(), Process::Stage::stopped);
  ASSERT_EQ(sent.answers.size(), 1u);
  EXPECT_EQ(sent.answers[0].status, 200);
  scene.world.crash_and_begin();
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST(Stop, WhileCarryingLongerThanItWaits) {
  Scene scene;
  scene.ada.takes = 60s;
  Sent& sent = scene.world.say(scene.ada, "m1");
  scene.world.run();
  scene.world.platform().stop();
  scene.world.pass(Process::drain_for + 1s);
  EXPECT_EQ(scene.world.platform().stage(), Process::Stage::stopped);
  EXPECT_NE(scene.stands(sent), "answered");
  scene.ada.takes = 0s;
  scene.world.crash_and_begin();
  scene.world.pass(2min);
  EXPECT_TRUE(scene.answers(sent, "answer-2"));
}

TEST(Stop, WhileWaiting) {
  Scene scene;
  Sent& sent = scene.waiting(scene.ada, "m1");
  scene.world.enrol(scene.bob, true);
  scene.world.pass(1s);
  auto poll = scene.world.ask({auth::Who::workspace, scene.bob.id}, http::Method::get,
                              scene.world.path(scene.bob, "/activity?wait=30&since_secs=1"));
  scene.world.run();
  scene.world.platform().stop();
  scene.world.run();
  EXPECT_EQ(poll->status, 200) << "nobody's patience lasts longer than the platform";
  scene.world.pass(Process::drain_for);
  EXPECT_EQ(scene.world.platform().stage(), Process::Stage::stopped);
  scene.ada.manner = Manner::answers;
  scene.world.crash_and_begin();
  scene.world.pass(1min);
  EXPECT_TRUE(scene.answers(sent, "answer-1"));
  EXPECT_EQ(scene.ada.got, Scene::Ids{"m1"});
}

TEST(Stop, WhileDraining) {
  Scene scene;
  scene.waiting(scene.ada, "m1");
  for (const char* id : {"m2", "m3", "m4"}) scene.world.say(scene.ada, id);
  scene.world.pass(1s);
  scene.ada.manner = Manner::answers;
  scene.ada.takes = 5s;
  scene.world.beat(scene.ada);
  scene.world.pass(6s);
  scene.world.platform().stop();
  scene.world.pass(Process::drain_for + 1s);
  EXPECT_EQ(scene.world.platform().stage(), Process::Stage::stopped);
  scene.world.crash_and_begin();
  scene.world.pass(1min);
  EXPECT_EQ(scene.ada.got, (Scene::Ids{"m1", "m2", "m3", "m4"})) << "each once, in order";
}

}  // namespace
}  // namespace molecule::simulation
