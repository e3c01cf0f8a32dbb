// What people and agents do with credentials: tokens of a workspace, claim links, browser sessions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/io/task.h"
#include "platform/json/json.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "server/auth/keys.h"
#include "server/auth/limits.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"
#include "wire/api/credentials.h"
#include "wire/api/status.h"

namespace molecule::auth {

struct PageQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;
};
BOOST_DESCRIBE_STRUCT(PageQuery, (), (limit, offset))

// A token that somebody made or ended, without its text.
struct TokenTold {
  TokenId id;
  std::string prefix;
  std::optional<std::string> label;
  std::optional<Instant> expires_at;
  std::string by;  // As Caller::actor, or "workspace": its own agent.
};

// Who writes that down, in the transaction of it.
class TokenNews {
 public:
  virtual ~TokenNews() = default;
  virtual void made(sql::Tx& tx, WorkspaceId workspace, const TokenTold& token) = 0;
  virtual void ended(sql::Tx& tx, WorkspaceId workspace, const TokenTold& token) = 0;
};

enum class Profile { production, development };

class Service {
 public:
  static constexpr std::int64_t page_default = 50;
  static constexpr std::int64_t page_max = 200;

  struct Parts {
    sql::Database& db;
    Tokens& tokens;
    Sessions& sessions;
    Keys& keys;
    Claims& claims;
    Limits& limits;
    const Residents& residents;
    const io::Clock& clock;
  };
  // `claim_command` is what prints a new claim link on the platform's machine.
  Service(const Parts& parts, Profile profile, std::string claim_command)
      : parts_(parts), profile_(profile), claim_command_(std::move(claim_command)) {}

  // Before the first request.
  void join(TokenNews& news) { news_ = &news; }

  io::Task<api::TokenPage> list_tokens(Self::Caller, WorkspaceId workspace,
                                       http::Query<PageQuery> page);
  // The body may be empty, or {"label","expires_at"}.
  io::Task<http::Reply<api::TokenMade>> mint_token(Holder::Caller caller, WorkspaceId workspace,
                                                   const http::Request& request);
  io::Task<api::Done> revoke_token(Holder::Caller caller, WorkspaceId workspace, std::string token);

  io::Task<http::Reply<api::TokenMade>> mint_token_for(Admin::Caller caller, WorkspaceId workspace,
                                                       const http::Request& request);
  io::Task<api::TokensRevoked> revoke_tokens_of(Admin::Caller caller, WorkspaceId workspace);
  // Only in the dev profile; elsewhere 404.
  io::Task<http::Reply<api::TokenMade>> test_token(Admin::Caller caller, WorkspaceId workspace);

  // Signs a browser in: 410 `claim_invalid` for a code that is unknown, used or too old.
  io::Task<http::Reply<api::SignedIn>> claim(Open::Caller, const http::Request& request);
  io::Task<http::Reply<api::Done>> logout(Open::Caller, const http::Request& request);
  io::Task<api::Me> me(Operator::Caller);
  io::Task<api::SessionPage> list_sessions(Admin::Caller);
  io::Task<api::Done> end_session(Admin::Caller, std::string session);

 private:
  Fault failed_claim(const http::Request& request);
  io::Task<http::Reply<api::TokenMade>> mint(WorkspaceId workspace, const http::Request& request,
                                             std::string maker);
  MintedToken mint_and_tell(sql::Tx& tx, WorkspaceId workspace, const TokenOptions& options);
  void tell_ended(sql::Tx& tx, WorkspaceId workspace, const store::EndedToken& token,
                  const std::string& by);

  Parts parts_;
  Profile profile_;
  std::string claim_command_;
  TokenNews* news_ = nullptr;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::auth
