// What callers ask about push notifications: where they want to be told of a task. The questions
// come by server/tasks, which knows whose task it is.
#pragma once

#include "platform/net/dial.h"
#include "server/push_notifications/outbox.h"
#include "server/tasks/push_configs.h"

namespace molecule::push_notifications {

class Service final : public tasks::PushConfigs {
 public:
  // `dialer` judges the addresses of receivers, as those of agents; nobody is connected to here.
  Service(sql::Database& db, Outbox& outbox, net::Dialer& dialer)
      : db_(db), outbox_(outbox), dialer_(dialer) {}

  io::Task<std::string> answer(Of task, const a2a::TaskCall& call) override;
  io::Task<void> check(std::string url) override;
  proxy::Also with(Sent sent) override;
  // Configurations whose receivers know all there was to know.
  io::Task<void> prune();

 private:
  io::Task<std::string> set(Of task, const a2a::TaskCall& call);
  io::Task<std::string> get(Of task, const a2a::TaskCall& call);
  io::Task<std::string> list(Of task, const a2a::TaskCall& call);
  io::Task<std::string> erase(Of task, const a2a::TaskCall& call);
  std::string told(sql::Statements& statements, const Of& task, a2a::Generation generation,
                   const Row& row) const;

  sql::Database& db_;
  Outbox& outbox_;
  net::Dialer& dialer_;
};

}  // namespace molecule::push_notifications
