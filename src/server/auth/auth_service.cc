#include "server/auth/auth_service.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/log/log.h"
#include "server/auth/attempts.h"
#include "server/auth/presented.h"

namespace molecule::auth {
namespace {

TokenOptions read_options(const http::Request& request) {
  TokenOptions options;
  if (request.body.empty()) return options;
  auto body = json::read<api::NewToken>(request.body);
  if (body.label) options.label = std::move(*body.label);
  if (body.expires_at) options.expires_at = *body.expires_at;
  return options;
}

// A workspace makes tokens for itself; everybody else has a name of their own.
std::string maker_of(const Caller& caller) {
  return caller.is_operator() ? caller.actor() : "workspace";
}

// HttpOnly keeps it from scripts, Strict from other sites' requests, Secure from plain text.
std::string cookie_header(std::string_view name, std::string_view value, std::chrono::seconds age,
                          bool secure) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", name, value,
                     age.count(), secure ? "; Secure" : "");
}

http::Reply<api::SignedIn> signed_in_reply() { return http::Reply<api::SignedIn>{}.unkept(); }

}  // namespace

io::Task<api::TokenPage> Service::list_tokens(Self::Caller, WorkspaceId workspace,
                                              http::Query<PageQuery> page) {
  require_present(parts_.residents, workspace);
  if (page.value.limit.value_or(1) < 1 || page.value.offset.value_or(0) < 0)
    throw bad_request("bad_query", "limit is 1 or more and offset 0 or more");
  std::int64_t limit = std::min(page.value.limit.value_or(page_default), page_max);
  std::int64_t offset = page.value.offset.value_or(0);
  auto rows = co_await parts_.tokens.list(workspace, limit, offset);
  api::TokenPage answer;
  answer.tokens.reserve(rows.size());
  for (store::TokenRow& row : rows) {
    api::Token view;
    view.id = row.id;
    view.prefix = std::move(row.prefix);
    if (row.label) view.label = std::move(*row.label);
    view.created_at = row.created_at;
    if (row.last_used_at) view.last_used_at = *row.last_used_at;
    if (row.expires_at) view.expires_at = *row.expires_at;
    if (row.made_by) view.created_by = std::move(*row.made_by);
    answer.tokens.push_back(std::move(view));
  }
  answer.count = static_cast<std::int64_t>(answer.tokens.size());
  co_return answer;
}

MintedToken Service::mint_and_tell(sql::Tx& tx, WorkspaceId workspace,
                                   const TokenOptions& options) {
  MintedToken minted = parts_.tokens.mint(tx, workspace, options);
  if (news_) {
    TokenTold told{minted.id, minted.prefix, options.label, options.expires_at, options.made_by};
    news_->made(tx, workspace, told);
  }
  return minted;
}

void Service::tell_ended(sql::Tx& tx, WorkspaceId workspace, const store::EndedToken& token,
                         const std::string& by) {
  if (!news_) return;
  TokenTold told{token.id, token.prefix, token.label, std::nullopt, by};
  news_->ended(tx, workspace, told);
}

io::Task<http::Reply<api::TokenMade>> Service::mint(WorkspaceId workspace,
                                                    const http::Request& request,
                                                    std::string maker) {
  require_present(parts_.residents, workspace);
  TokenOptions options = read_options(request);
  options.made_by = std::move(maker);
  auto work = [this, workspace, options](sql::Tx& tx) {
    return mint_and_tell(tx, workspace, options);
  };
  MintedToken minted = co_await parts_.db.write(work);
  log::info("token minted", log::field("workspace", workspace), log::field("token_id", minted.id));
  http::Reply<api::TokenMade> reply{201, {}};
  api::TokenMade& made = reply.body;
  made.auth_token = minted.text.reveal();
  made.workspace_id = workspace;
  made.id = minted.id;
  made.prefix = minted.prefix;
  if (minted.expires_at) made.expires_at = *minted.expires_at;
  made.message = "keep this token now: it is not shown again";
  co_return std::move(reply).unkept();
}

io::Task<http::Reply<api::TokenMade>> Service::mint_token(Holder::Caller caller,
                                                          WorkspaceId workspace,
                                                          const http::Request& request) {
  return mint(workspace, request, maker_of(caller));
}

io::Task<http::Reply<api::TokenMade>> Service::mint_token_for(Admin::Caller caller,
                                                              WorkspaceId workspace,
                                                              const http::Request& request) {
  return mint(workspace, request, maker_of(caller));
}

io::Task<api::Done> Service::revoke_token(Holder::Caller caller, WorkspaceId workspace,
                                          std::string token) {
  auto id = TokenId::parse(token);
  bool revoked = false;
  if (id) {
    auto work = [this, workspace, id, by = maker_of(caller)](sql::Tx& tx) {
      auto ended = parts_.tokens.revoke(tx, workspace, *id);
      if (ended) tell_ended(tx, workspace, *ended, by);
      return ended.has_value();
    };
    revoked = co_await parts_.db.write(work);
  }
  if (!revoked) {
    throw Fault(Kind::not_found, "token_not_found", "token not found or already revoked");
  }
  log::info("token revoked", log::field("workspace", workspace), log::field("token_id", *id));
  co_return api::Done{"revoked"};
}

io::Task<api::TokensRevoked> Service::revoke_tokens_of(Admin::Caller caller,
                                                       WorkspaceId workspace) {
  require_present(parts_.residents, workspace);
  auto work = [this, workspace, by = maker_of(caller)](sql::Tx& tx) {
    auto ended = parts_.tokens.revoke_all(tx, workspace);
    for (const store::EndedToken& each : ended) tell_ended(tx, workspace, each, by);
    return static_cast<std::int64_t>(ended.size());
  };
  std::int64_t revoked = co_await parts_.db.write(work);
  log::info("tokens revoked", log::field("workspace", workspace), log::field("count", revoked));
  co_return api::TokensRevoked{"revoked", revoked};
}

io::Task<http::Reply<api::TokenMade>> Service::test_token(Admin::Caller caller,
                                                          WorkspaceId workspace) {
  if (profile_ != Profile::development) throw Fault(Kind::not_found, "not_found", "not found");
  require_present(parts_.residents, workspace);
  auto work = [this, workspace, options = TokenOptions::by(maker_of(caller))](sql::Tx& tx) {
    return mint_and_tell(tx, workspace, options);
  };
  MintedToken minted = co_await parts_.db.write(work);
  http::Reply<api::TokenMade> reply;
  reply.body.auth_token = minted.text.reveal();
  reply.body.workspace_id = workspace;
  co_return std::move(reply).unkept();
}

Fault Service::failed_claim(const http::Request& request) {
  return failed_attempt(
      parts_.limits, parts_.clock, request.peer,
      {Kind::gone, "claim_invalid",
       "this claim link is used or too old; `molecule admin claim` prints a new one"});
}

io::Task<http::Reply<api::SignedIn>> Service::claim(Open::Caller caller,
                                                    const http::Request& request) {
  auto body = json::read<api::Claim>(request.body);
  Claims& claims = parts_.claims;
  // The second tab of one browser: it is signed in, and the link is spent all the same.
  const bool signed_in = caller.who() == Who::session;
  // What cannot be a code costs no look into the store.
  if (!Claims::is_code(body.code) && !signed_in) throw failed_claim(request);
  auto look = [&claims, code = body.code](sql::Read& read) { return claims.is_open(read, code); };
  bool open = co_await parts_.db.read(look);
  if (!open && !signed_in) throw failed_claim(request);
  if (signed_in) {
    if (open) {
      auto spend = [&claims, code = body.code](sql::Tx& tx) { return claims.spend(tx, code); };
      co_await parts_.db.write(spend);
    }
    co_return signed_in_reply();
  }
  Sessions& sessions = parts_.sessions;
  auto work = [&claims, &sessions,
               code = body.code](sql::Tx& tx) -> std::optional<Sessions::Opened> {
    if (!claims.spend(tx, code)) return std::nullopt;
    return sessions.start(tx);
  };
  auto opened = co_await parts_.db.write(work);
  if (!opened) throw failed_claim(request);
  log::info("browser signed in", log::field("session_id", opened->id));
  auto age = std::chrono::duration_cast<std::chrono::seconds>(Sessions::lifetime);
  co_return signed_in_reply().with(
      "Set-Cookie", cookie_header(sessions.cookie(), opened->text.reveal(), age, request.secure));
}

io::Task<http::Reply<api::Done>> Service::logout(Open::Caller caller,
                                                 const http::Request& request) {
  if (caller.who() == Who::session) {
    Sessions& sessions = parts_.sessions;
    SessionId session(caller.principal().credential);
    auto work = [&sessions, session](sql::Tx& tx) { return sessions.end(tx, session); };
    bool ended = co_await parts_.db.write(work);
    if (ended) log::info("browser signed out", log::field("session_id", session));
  }
  co_return http::Reply<api::Done>{200, {"signed_out"}}.with(
      "Set-Cookie",
      cookie_header(parts_.sessions.cookie(), "", std::chrono::seconds(0), request.secure));
}

io::Task<api::Me> Service::me(Operator::Caller caller) {
  api::Me me;
  me.scope = caller.scope();
  me.role = enum_text(me.scope);
  me.dev = profile_ == Profile::development;
  me.actor = caller.actor();
  // It shows where the data is.
  if (me.scope == api::KeyScope::admin) me.claim_command = claim_command_;
  if (auto key = caller.key()) {
    auto row = co_await parts_.keys.find(*key);
    if (!row) throw Fault(Kind::unauthenticated, "invalid_admin_token", "invalid admin auth token");
    api::OwnKey own{row->id, row->prefix, {}, {}};
    if (!row->name.empty()) own.name = std::move(row->name);
    if (row->expires_at) own.expires_at = *row->expires_at;
    me.key = std::move(own);
  }
  co_return me;
}

io::Task<api::SessionPage> Service::list_sessions(Admin::Caller caller) {
  api::SessionPage page;
  for (const SessionFacts& facts : parts_.sessions.list(parts_.clock.now())) {
    bool current =
        caller.who() == Who::session && facts.id.bytes() == caller.principal().credential;
    page.sessions.push_back(
        {facts.id, facts.created_at, facts.last_seen_at, facts.expires_at, current});
  }
  page.count = static_cast<std::int64_t>(page.sessions.size());
  co_return page;
}

io::Task<api::Done> Service::end_session(Admin::Caller, std::string session) {
  auto id = SessionId::parse(session);
  bool ended = false;
  if (id) {
    Sessions& sessions = parts_.sessions;
    auto work = [&sessions, id](sql::Tx& tx) { return sessions.end(tx, *id); };
    ended = co_await parts_.db.write(work);
  }
  if (!ended) throw not_found("session");
  log::info("session ended", log::field("session_id", *id));
  co_return api::Done{"revoked"};
}

}  // namespace molecule::auth
