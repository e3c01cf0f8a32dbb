// Asking an agent about a message that it has.
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {

bool Service::is_polled(WorkspaceId agent) const {
  return directory_.delivery(agent) == workspaces::Delivery::poll;
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
  io::Context here = co_await io::context();
  co_return co_await question.target.link->ask(lane_of(*here.loop), question);
}

}  // namespace molecule::proxy
