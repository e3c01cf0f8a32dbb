#include "testing/simulation/agents.h"

#include <cstdlib>

#include <fmt/format.h>

#include "platform/io/loop.h"
#include "server/proxy/reading.h"

namespace molecule::simulation {

using proxy::Carried;
using namespace std::chrono_literals;

namespace {

constexpr auto connect_wait = 10s;  // As the platform's settings have it.
constexpr auto answer_wait = 1800s;
constexpr auto left_alone = 20s;

std::string message_id_in(std::string_view body) {
  constexpr std::string_view member = "\"messageId\":\"";
  const auto at = body.find(member) + member.size();
  return std::string(body.substr(at, body.find('"', at) - at));
}

}  // namespace

Agent& Agents::add(std::string name) {
  Agent& made = all_.emplace_back();
  made.name = std::move(name);
  return made;
}

Agent& Agents::of(WorkspaceId id) {
  for (Agent& agent : all_) {
    if (agent.id == id) return agent;
  }
  std::abort();  // A message to somebody that the test did not make.
}

std::string Agents::answer(const Agent& agent) {
  return fmt::format("answer-{} of {}", ++answers_, agent.name);
}

io::Task<Carried> ScriptedLink::bring(const proxy::Parcel& parcel, proxy::Sink& sink,
                                      bool& arrived) {
  using End = Carried::End;
  Agent& agent = agents_.of(parcel.target.id);
  const int carrier = watch_.goes_out(parcel);
  const auto away = [&] { return agent.manner == Manner::away || !agent.beats; };
  bool reached = !away();
  if (!reached) {
    co_await io::sleep(connect_wait);
  } else if (agent.knocks++ % 2 == 0 && agent.door > 0ns) {
    // One connection is kept from before, another has to be made.
    co_await io::sleep(agent.door);
    reached = !away();
  }
  if (!reached) {
    co_return proxy::without_answer(End::not_now, 502, "agent_unreachable",
                                    "the agent cannot be reached", false);
  }
  co_await sink.turn(messages::sent_for_good);
  sink.gone(messages::sent_for_good);
  watch_.meets(parcel);
  watch_.arrives(parcel);
  arrived = true;
  agent.got.push_back(message_id_in(parcel.body));
  const Manner manner = agent.manner;
  if (manner == Manner::busy) {
    Carried busy =
        proxy::without_answer(End::not_now, 503, "agent_busy", "the agent is busy", true);
    busy.retry_after = left_alone;
    co_return busy;
  }
  // It works, whatever becomes of its answer.
  const std::string text = agents_.answer(agent);
  agent.stopped.erase(parcel.activity);
  struct Working {
    Agent& agent;
    std::multiset<ActivityId>::iterator place;
    ~Working() { agent.at.erase(place); }
  } working{agent, agent.at.insert(parcel.activity)};
  if (manner == Manner::silent) {
    co_await io::sleep(answer_wait);
    co_return proxy::without_answer(End::not_now, 504, "agent_timeout", "the agent said nothing",
                                    true);
  }
  if (agent.takes > 0ns) co_await io::sleep(agent.takes);
  // One that was stopped has nothing to say but that, which whoever asked it to has heard.
  if (agent.stopped.contains(parcel.activity)) {
    co_await io::sleep(answer_wait);
    co_return proxy::without_answer(End::not_now, 504, "agent_timeout", "the agent said nothing",
                                    true);
  }
  if (manner == Manner::resets) {
    co_return proxy::without_answer(End::not_now, 502, "agent_reset", "the connection ended", true);
  }
  watch_.comes_back(parcel, carrier, text);
  if (manner == Manner::fails) {
    co_return proxy::without_answer(End::refused, 502, "agent_error", text, true);
  }
  Carried carried;
  carried.end = End::answered;
  carried.status = 200;
  carried.delivered = true;
  carried.answer = a2a::read_answer(
      fmt::format(
          R"({{"jsonrpc":"2.0","id":"1","result":{{"kind":"message","role":"agent","messageId":"r","parts":[{{"kind":"text","text":"{}"}}]}}}})",
          text),
      parcel.rpc_id);
  co_return carried;
}

io::Task<Carried> ScriptedLink::deliver(const proxy::Lane&, const proxy::Parcel& parcel,
                                        proxy::Sink& sink) {
  bool arrived = false, behind = false;
  if (!process_gone_) {
    try {
      // Its frame must not outlive the failure.
      auto way = bring(parcel, sink, arrived);
      co_return co_await way;
    } catch (const Fault& fault) {
      behind = fault.code() == proxy::waits_behind;
      if (fault.kind() != Kind::cancelled && !behind) throw;
    }
  }
  Carried carried = proxy::without_answer(Carried::End::not_now, 502, "cancelled",
                                          "the delivery was given up", arrived);
  carried.behind = behind;
  co_return carried;
}

io::Task<Carried> ScriptedLink::ask(const proxy::Lane&, const proxy::Question& question) {
  Agent& agent = agents_.of(question.target.id);
  if (process_gone_ || agent.manner == Manner::away || !agent.beats) {
    co_return proxy::without_answer(Carried::End::not_now, 502, "agent_unreachable",
                                    "the agent cannot be reached", false);
  }
  if (agent.stop_takes > 0ns) co_await io::sleep(agent.stop_takes);
  const bool stopped = question.what == a2a::TaskRequest::cancel && agent.stops &&
                       agent.at.contains(question.activity);
  if (stopped) agent.stopped.insert(question.activity);
  Carried carried;
  carried.end = Carried::End::answered;
  carried.status = 200;
  carried.delivered = true;
  carried.answer = a2a::read_answer(
      stopped
          ? fmt::format(
                R"({{"jsonrpc":"2.0","id":"1","result":{{"kind":"task","id":"{}","contextId":"c","status":{{"state":"canceled"}}}}}})",
                question.activity.text())
          : std::string(
                R"({"jsonrpc":"2.0","id":"1","error":{"code":-32002,"message":"it is not stopped"}})"),
      R"("1")");
  co_return carried;
}

}  // namespace molecule::simulation
