// A platform as its operator asks it: with one token, and for answers that were granted. A refusal
// is a Fault.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "client/credential.h"
#include "client/platform.h"
#include "platform/json/json.h"

namespace molecule::client {

class Operator {
 public:
  // An empty token is not sent: a platform in its dev profile asks for none.
  Operator(Platform& platform, Secret token) : platform_(platform), credential_(std::move(token)) {}

  // Whatever the platform answers. Throws Fault unavailable `platform_unreachable`.
  io::Task<Answer> answer_to(Ask what);
  // Throws the refusal (refusal.h), and bad_gateway `bad_response` for what is no JSON.
  io::Task<json::Document> ask(Ask what);
  io::Task<json::Document> get(std::string path);
  io::Task<json::Document> post(std::string path, std::string body);
  io::Task<json::Document> put(std::string path, std::string body);
  io::Task<json::Document> patch(std::string path, std::string body);
  io::Task<json::Document> del(std::string path);

  // Somebody waits at a prompt: a platform that is away is not waited for much longer.
  std::chrono::milliseconds patience{1'500};

  Platform& platform() { return platform_; }
  Credential& credential() { return credential_; }

 private:
  Platform& platform_;
  Credential credential_;
};

// A text inside of a path or a query: all but letters, digits and -._~ as %XX.
std::string escaped(std::string_view text);

}  // namespace molecule::client
