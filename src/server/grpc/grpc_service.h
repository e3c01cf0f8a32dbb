// The gRPC binding of A2A 1.0: the way in of every workspace's endpoint, which the call names as
// its tenant. A call is the JSON-RPC request of the same method in other bytes, and is answered by
// the same service; over HTTP/2, since its state follows its answer.
#pragma once

#include <span>
#include <string>

#include "platform/http/route.h"
#include "server/auth/access.h"
#include "server/tasks/tasks_service.h"

namespace molecule::grpc {

class Service {
 public:
  Service(tasks::Service& tasks, io::Aside& aside) : tasks_(tasks), aside_(aside) {}

  // POST /lf.a2a.v1.A2AService/{method}
  io::Task<http::Response> call(auth::Member::Caller caller, std::string method,
                                const http::Request& request);

 private:
  struct Asked;
  io::Task<http::Response> answer(auth::Member::Caller caller, Asked asked,
                                  const http::Request& request);

  tasks::Service& tasks_;
  io::Aside& aside_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::grpc
