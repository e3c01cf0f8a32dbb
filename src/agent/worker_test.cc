#include "agent/worker.h"

#include <fstream>

#include <gtest/gtest.h>

#include "platform/io/clock.h"
#include "platform/io/scope.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Has the names that the worker asks for, and answers with what it was given.
constexpr std::string_view prebuilt = R"(
import asyncio
class AIMessageChunk:
    def __init__(self, content): self.content = content
class Graph:
    def __init__(self, prompt): self.prompt = prompt
    async def astream(self, state, stream_mode):
        texts = [each["content"] for each in state["messages"]]
        print("a line of the framework's own")
        yield AIMessageChunk(f"{self.prompt} "), {}
        if texts[-1] == "hang": await asyncio.sleep(60)
        if texts[-1] == "fail": raise RuntimeError("no good")
        yield AIMessageChunk(" | ".join(texts)), {}
def create_react_agent(model, tools, prompt): return Graph(prompt)
)";

class Heard final : public Listener {
 public:
  void text(std::string_view piece) override {
    said += piece;
    if (on_text) on_text();
  }
  void tool(std::string_view) override {}
  void refused(std::string_view) override {}
  std::string said;
  std::function<void()> on_text;
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/molecule-worker-XXXXXX";
    folder = ::mkdtemp(name);
    fs::create_directories(folder / "modules" / "langgraph");
    std::ofstream(folder / "modules" / "langgraph" / "__init__.py") << "";
    std::ofstream(folder / "modules" / "langgraph" / "prebuilt.py") << prebuilt;
    std::ofstream(folder / "modules" / "langchain_openai.py")
        << "class ChatOpenAI:\n    def __init__(self, **options): pass\n";
  }
  void TearDown() override { fs::remove_all(folder); }

 public:
  WorkerCall call(std::string framework = "langgraph") const {
    WorkerCall made;
    made.python = "/usr/bin/python3";
    made.program = folder / "worker.py";
    made.framework = std::move(framework);
    made.install = "install it so";
    made.keys = {"OPENAI_API_KEY"};
    made.states = folder / "states";
    return made;
  }
  Opening opening(std::string session = "") const {
    Opening made;
    made.session = std::move(session);
    made.system = "Brief.";
    made.environment = {{"PATH", "/usr/bin:/bin"},
                        {"PYTHONPATH", (folder / "modules").string()},
                        {"OPENAI_API_KEY", "key-of-nobody"}};
    made.directory = folder.string();
    return made;
  }
  fs::path folder;
  io::Loop loop;
  io::SystemRandom random;
};

io::Task<Outcome> say(Session& session, std::string text, Heard& heard) {
  heard.said.clear();
  Turn turn;
  turn.text = std::move(text);
  co_return co_await session.turn(turn, heard);
}

TEST_F(WorkerTest, KnowsWhatWasSaidBeforeAlsoInTheNextProcess) {
  WorkerExecutor executor(loop, call(), random);
  auto story = [](WorkerTest& test, WorkerExecutor& by) -> io::Task<void> {
    Heard heard;
    auto first = by.start(test.opening());
    Outcome outcome = co_await say(*first, "one", heard);
    EXPECT_EQ(outcome.state, Outcome::State::completed) << outcome.why;
    EXPECT_EQ(heard.said, "Brief. one");
    const std::string id = first->id();
    co_await first->stop();
    auto second = by.start(test.opening(id));
    Outcome again = co_await say(*second, "two", heard);
    EXPECT_EQ(again.state, Outcome::State::completed) << again.why;
    EXPECT_EQ(heard.said, "Brief. one | Brief. one | two");
    EXPECT_EQ(second->id(), id);
    co_await second->stop();
    auto lost = by.start(test.opening("nobody"));
    Outcome missing = co_await say(*lost, "three", heard);
    EXPECT_EQ(missing.failure, Failure::session_missing);
    co_await lost->stop();
  };
  io::run(loop, io::within(60s, story(*this, executor)));
}

TEST_F(WorkerTest, IsCanceledFailsAndGoesOn) {
  WorkerExecutor executor(loop, call(), random);
  auto story = [](WorkerTest& test, WorkerExecutor& by) -> io::Task<void> {
    Heard heard;
    auto session = by.start(test.opening());
    heard.on_text = [&] { session->cancel(); };
    Outcome canceled = co_await say(*session, "hang", heard);
    EXPECT_EQ(canceled.state, Outcome::State::canceled) << canceled.why;
    heard.on_text = nullptr;
    Outcome failed = co_await say(*session, "fail", heard);
    EXPECT_EQ(failed.failure, Failure::provider);
    EXPECT_NE(failed.why.find("no good"), std::string::npos) << failed.why;
    Outcome fine = co_await say(*session, "well", heard);
    EXPECT_EQ(fine.state, Outcome::State::completed) << fine.why;
    co_await session->stop();
  };
  io::run(loop, io::within(60s, story(*this, executor)));
}

TEST_F(WorkerTest, NamesTheLineThatInstallsWhatIsMissing) {
  WorkerExecutor executor(loop, call("crewai"), random);
  auto story = [](WorkerTest& test, WorkerExecutor& by) -> io::Task<void> {
    Heard heard;
    auto session = by.start(test.opening());
    Outcome outcome = co_await say(*session, "one", heard);
    EXPECT_EQ(outcome.failure, Failure::missing);
    EXPECT_NE(outcome.why.find("crewai is not installed (install it so)"), std::string::npos)
        << outcome.why;
    co_await session->stop();
  };
  io::run(loop, io::within(60s, story(*this, executor)));
}

TEST(ModelChoice, FollowsTheKeyThatIsThere) {
  const std::vector<std::string> keys{"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GROQ_API_KEY"};
  const Environment both{{"OPENAI_API_KEY", "a"}, {"GROQ_API_KEY", "b"}};
  EXPECT_EQ(choose_model("", keys, both).key, "OPENAI_API_KEY");
  const ModelChoice named = choose_model("groq:llama", keys, both);
  EXPECT_EQ(named.key, "GROQ_API_KEY");
  EXPECT_EQ(named.name, "llama");
  EXPECT_EQ(named.base_url, "https://api.groq.com/openai/v1");
  EXPECT_EQ(choose_model("m:free", keys, both).name, "m:free");
  const Environment own{{"ANTHROPIC_API_KEY", "c"}, {"ANTHROPIC_BASE_URL", "http://here"}};
  EXPECT_EQ(choose_model("claude-x", keys, own).base_url, "http://here");
  EXPECT_EQ(choose_model("claude-x", keys, own).provider, "anthropic");
}

}  // namespace
}  // namespace molecule::agent
