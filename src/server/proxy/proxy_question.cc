// Asking an agent about a message that it has.
#include "server/proxy/proxy_service.h"
#include "wire/a2a/task.h"

namespace molecule::proxy {
namespace {

// Questions that an agent is asked at a time: whoever asks much takes no way from its messages.
constexpr int questions_max = 8;

struct Asking {
  Asking(io::Guarded<std::unordered_map<WorkspaceId, int>>& of, WorkspaceId whom)
      : counts(of), target(whom) {
    may_ask = counts.write([&](auto& map) {
      int& count = map[target];
      if (count >= questions_max) return false;
      ++count;
      return true;
    });
  }
  ~Asking() {
    if (!may_ask) return;
    counts.write([&](auto& map) {
      if (--map[target] == 0) map.erase(target);
    });
  }
  Asking(const Asking&) = delete;

  io::Guarded<std::unordered_map<WorkspaceId, int>>& counts;
  const WorkspaceId target;
  bool may_ask = false;
};

}  // namespace

bool Service::is_polled(WorkspaceId agent) const {
  return directory_.delivery(agent) == workspaces::Delivery::poll;
}

std::string Service::name_of(WorkspaceId agent) const {
  std::string name;
  directory_.look_at(agent, [&](const workspaces::Entry& entry) { name = entry.name; });
  return name;
}

io::Task<std::optional<Carried>> Service::ask(const messages::Message& message,
                                              a2a::TaskRequest what, std::string task,
                                              std::string context) {
  Question question;
  question.target = admitter_.asked(message.target);
  if (!question.target.link) co_return std::nullopt;  // Removed, or without an address.
  question.what = what;
  question.source = message.source;
  question.activity = message.id();
  question.task = std::move(task);
  question.context = std::move(context);
  const Asking asking(asking_, message.target);
  if (!asking.may_ask) {
    Carried busy;
    busy.code = "agent_busy";
    busy.error = "it is being asked about too many of its tasks at once; try again";
    co_return busy;
  }
  io::Context here = co_await io::context();
  co_return co_await question.target.link->ask(lane_of(*here.loop), question);
}

io::Task<std::string> Service::task_told(const messages::Message& message, a2a::Answer& said) {
  std::string task;
  auto read = [&] {
    task = a2a::task_answer_in(said.body);
    if (task.empty()) return;
    said.body = a2a::answer_of_task(task, a2a::generation_of(message.method), message.rpc_id);
  };
  if (said.body.size() > io::short_text_max) {
    co_await aside_.run(read);
  } else {
    read();
  }
  co_return task;
}

void Service::amend(sql::Tx& tx, const messages::Message& message, const messages::AgentTask& now,
                    const a2a::Answer& answer) {
  ledger_.note(tx, message.seq, now);
  settler_.amend(tx, message, answer);
}

}  // namespace molecule::proxy
