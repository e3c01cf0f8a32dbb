// What people and programs do with organisation keys: make, list, revoke. Also what the log is told
// of workspace tokens.
#pragma once

#include <span>
#include <string>

#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "server/auth/auth_service.h"
#include "server/auth/keys.h"
#include "server/auth/limits.h"
#include "server/events/log.h"

namespace molecule::keys {

class Service final : public auth::KeyEnd {
 public:
  struct Parts {
    sql::Database& db;
    events::Log& log;
    auth::Keys& keys;
    auth::Limits& limits;
    const io::Clock& clock;
  };
  explicit Service(const Parts& parts) : parts_(parts) {}

  io::Task<api::KeyPage> list(auth::Admin::Caller caller);
  // The body may be empty.
  io::Task<http::Reply<api::KeyMade>> make(auth::Admin::Caller caller,
                                           const http::Request& request);
  io::Task<api::KeyRevoked> revoke(auth::Admin::Caller caller, std::string key);

  // Tells the log, also of one that makes room.
  void ended(sql::Tx& tx, const auth::store::KeyRow& key, const auth::Caller& by) override;

 private:
  Parts parts_;
};

// Tells the log of tokens that people make and end.
class TokenTeller final : public auth::TokenNews {
 public:
  explicit TokenTeller(events::Log& log) : log_(log) {}

  void made(sql::Tx& tx, WorkspaceId workspace, const auth::TokenTold& token) override;
  void ended(sql::Tx& tx, WorkspaceId workspace, const auth::TokenTold& token) override;

 private:
  events::Log& log_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::keys
