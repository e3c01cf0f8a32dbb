// What people and agents do with credentials: tokens of a workspace, claim links, browser sessions.
#pragma once

#include <optional>
#include <span>
#include <string>
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
#include "server/auth/limits.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"

namespace molecule::auth {

struct TokenView {
  TokenId id;
  std::string prefix;
  json::Omit<std::string> label;
  Instant created_at;
  json::Omit<Instant> last_used_at;
  json::Omit<Instant> expires_at;
};
BOOST_DESCRIBE_STRUCT(TokenView, (), (id, prefix, label, created_at, last_used_at, expires_at))

struct TokenPage {
  std::vector<TokenView> tokens;
  std::int64_t count = 0;  // Of this page.
};
BOOST_DESCRIBE_STRUCT(TokenPage, (), (tokens, count))

struct PageQuery {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;
};
BOOST_DESCRIBE_STRUCT(PageQuery, (), (limit, offset))

struct ClaimBody {
  std::string code;
};
BOOST_DESCRIBE_STRUCT(ClaimBody, (), (code))

struct SessionView {
  SessionId id;
  Instant created_at;
  Instant last_seen_at;
  Instant expires_at;
  bool current = false;  // The one that asks.
};
BOOST_DESCRIBE_STRUCT(SessionView, (), (id, created_at, last_seen_at, expires_at, current))

struct SessionPage {
  std::vector<SessionView> sessions;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(SessionPage, (), (sessions, count))

struct Status {
  std::string status;
};
BOOST_DESCRIBE_STRUCT(Status, (), (status))

struct RevokedCount {
  std::string status;
  std::int64_t revoked = 0;
};
BOOST_DESCRIBE_STRUCT(RevokedCount, (), (status, revoked))

struct Me {
  bool signed_in = true;
  std::string role;
  bool dev = false;
};
BOOST_DESCRIBE_STRUCT(Me, (), (signed_in, role, dev))

enum class Profile { production, development };

class Service {
 public:
  static constexpr std::int64_t page_default = 50;
  static constexpr std::int64_t page_max = 200;

  struct Parts {
    sql::Database& db;
    Tokens& tokens;
    Sessions& sessions;
    Claims& claims;
    Limits& limits;
    const Residents& residents;
    const io::Clock& clock;
  };
  Service(const Parts& parts, Profile profile) : parts_(parts), profile_(profile) {}

  io::Task<TokenPage> list_tokens(Self::Caller, WorkspaceId workspace, http::Query<PageQuery> page);
  // The body may be empty, or {"label","expires_at"}.
  io::Task<http::Response> mint_token(Self::Caller, WorkspaceId workspace,
                                      const http::Request& request);
  io::Task<Status> revoke_token(Self::Caller, WorkspaceId workspace, std::string token);

  io::Task<http::Response> mint_token_for(Admin::Caller, WorkspaceId workspace,
                                          const http::Request& request);
  io::Task<RevokedCount> revoke_tokens_of(Admin::Caller, WorkspaceId workspace);
  // Only in the dev profile; elsewhere 404.
  io::Task<http::Response> test_token(Admin::Caller, WorkspaceId workspace);

  // Signs a browser in: 410 `claim_invalid` for a code that is unknown, used or too old.
  io::Task<http::Response> claim(Open::Caller, const http::Request& request);
  io::Task<http::Response> logout(Open::Caller, const http::Request& request);
  io::Task<Me> me(Admin::Caller);
  io::Task<SessionPage> list_sessions(Admin::Caller);
  io::Task<Status> end_session(Admin::Caller, std::string session);

 private:
  Fault failed_claim(const http::Request& request);
  io::Task<http::Response> mint(WorkspaceId workspace, const http::Request& request);

  Parts parts_;
  Profile profile_;
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::auth
