#include "testing/simulation/dialled.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "platform/net/wheel.h"
#include "server/proxy/reading.h"

namespace molecule::simulation {

using namespace std::chrono_literals;

namespace {

constexpr auto answer_wait = 1800s;

join::Membership membership_of(const Agent& agent) {
  join::Membership membership;
  membership.platform = net::Url::parse("http://platform.test/");
  membership.workspace = agent.id;
  membership.token = Secret(agent.id.text());
  return membership;
}

std::string_view field_of(std::string_view head, std::string_view name) {
  const auto at = head.find(fmt::format("\r\n{}: ", name));
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string http_answer(std::string_view status, std::string_view more, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}Connection: "
      "close\r\n\r\n{}",
      status, body.size(), more, body);
}

std::string refusal(std::string_view code, int retry_after) {
  return http_answer("503 Service Unavailable", fmt::format("Retry-After: {}\r\n", retry_after),
                     fmt::format(R"({{"error":"not now","code":"{}"}})", code));
}

}  // namespace

Dialled::Dialled(Around around, simulation::Agent& agent)
    : network(around.loop, around.timers, around.chance, "192.0.2.1", around.accept),
      around_(std::move(around)),
      agent_(agent),
      connection_(network, membership_of(agent), around_.clock, around_.random, metrics_,
                  [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); }),
      platform_(connection_.membership().platform.text(), connection_, around_.clock,
                around_.random),
      self_(agent.id, connection_.membership().token),
      attendance_(connection_, platform_, self_, *this, agent.name),
      scope_(around_.loop, [this](std::string_view name, std::exception_ptr failure) {
        try {
          std::rethrow_exception(failure);
        } catch (const Fault& fault) {
          around_.complain(fmt::format("{} of {} ended: {}", name, agent_.name, fault.text()));
        }
      }) {
  scope_.spawn("the connection", connection_.run());
  scope_.spawn("the attendance", attendance_.run());
}

Dialled::~Dialled() {
  scope_.cancel();
  for (int turns = 0; turns < 1000 && scope_.running() > 0; ++turns) around_.loop.poll();
  around_.loop.poll();
}

io::Task<void> Dialled::serve(std::unique_ptr<net::Stream> stream) {
  const auto question = co_await hear(*stream);
  if (!question) co_return;
  std::string words;
  if (question->body.find(R"("tasks/cancel")") != std::string::npos) {
    words = co_await stop(*question);
  } else {
    words = co_await answer(*stream, *question);
  }
  if (words.empty()) co_return;
  co_await stream->write(words);
  co_await stream->shutdown_write();
}

io::Task<std::optional<Dialled::Question>> Dialled::hear(net::Stream& stream) {
  std::string came;
  std::array<char, 4096> part;
  for (;;) {
    const auto head_ends = came.find("\r\n\r\n");
    if (head_ends != std::string::npos) {
      const std::string_view head = std::string_view(came).substr(0, head_ends + 2);
      const std::string_view length = field_of(head, "Content-Length");
      std::size_t size = 0;
      std::from_chars(length.data(), length.data() + length.size(), size);
      if (came.size() >= head_ends + 4 + size) {
        const auto id = ActivityId::parse(field_of(head, "X-Molecule-Activity-Id"));
        if (!id) co_return std::nullopt;
        co_return Question{*id, WorkspaceId::parse(field_of(head, "X-Workspace-ID")),
                           came.substr(head_ends + 4, size)};
      }
    }
    const std::size_t more = co_await stream.read(part);
    if (more == 0) co_return std::nullopt;
    came.append(part.data(), more);
  }
}

io::Task<std::string> Dialled::answer(net::Stream& stream, const Question& question) {
  proxy::Parcel parcel;
  parcel.target.id = agent_.id;
  parcel.activity = question.activity;
  parcel.source = question.source;
  around_.watch.meets(parcel);
  if (agent_.manner == Manner::away) co_return refusal("agent_unreachable", 2);
  around_.watch.arrives(parcel);
  const Manner manner = agent_.manner;
  if (manner == Manner::busy) co_return refusal("agent_busy", 20);
  const std::string text = around_.agents.answer(agent_);
  agent_.stopped.erase(question.activity);
  struct Working {
    simulation::Agent& agent;
    std::multiset<ActivityId>::iterator place;
    ~Working() { agent.at.erase(place); }
  } working{agent_, agent_.at.insert(question.activity)};
  if (manner != Manner::silent && agent_.takes > 0ns) co_await io::sleep(agent_.takes);
  // One that was stopped has nothing more to say.
  if (manner == Manner::silent || agent_.stopped.contains(question.activity)) {
    stream.set_deadline(net::Direction::read, net::Wheel::now(stream.loop()) + answer_wait);
    co_await stream.wait(net::Direction::read);
    co_return std::string();
  }
  if (manner == Manner::resets) co_return std::string();
  if (manner == Manner::fails) {
    co_return http_answer("500 Internal Server Error", "",
                          fmt::format(R"({{"error":"{}"}})", text));
  }
  co_return http_answer(
      "200 OK", "",
      fmt::format(
          R"({{"jsonrpc":"2.0","id":"1","result":{{"kind":"message","role":"agent","messageId":"r","parts":[{{"kind":"text","text":"{}"}}]}}}})",
          text));
}

io::Task<std::string> Dialled::stop(const Question& question) {
  if (agent_.manner == Manner::away) co_return refusal("agent_unreachable", 2);
  if (agent_.stop_takes > 0ns) co_await io::sleep(agent_.stop_takes);
  const bool stopped = agent_.stops && agent_.at.contains(question.activity);
  if (stopped) agent_.stopped.insert(question.activity);
  co_return http_answer(
      "200 OK", "",
      stopped
          ? fmt::format(
                R"({{"jsonrpc":"2.0","id":"1","result":{{"kind":"task","id":"{}","contextId":"c","status":{{"state":"canceled"}}}}}})",
                question.activity.text())
          : std::string(
                R"({"jsonrpc":"2.0","id":"1","error":{"code":-32002,"message":"it is not stopped"}})"));
}

io::Task<proxy::Carried> WatchedRelay::deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                               proxy::Sink& sink) {
  if (process_gone_)
    co_return proxy::without_answer(proxy::Carried::End::not_now, 502, "cancelled",
                                    "the delivery was given up", false);
  const int carrier = watch_.goes_out(parcel);
  proxy::Carried carried = co_await link_.deliver(lane, parcel, sink);
  const bool came_back = carried.end != proxy::Carried::End::not_now;
  if (came_back && !process_gone_)
    watch_.comes_back(parcel, carrier, carried.answer.body + carried.error);
  co_return carried;
}

}  // namespace molecule::simulation
