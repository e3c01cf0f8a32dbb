#include "server/keys/keys_service.h"

#include <chrono>
#include <utility>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "wire/api/credentials.h"

namespace molecule::keys {
namespace {

constexpr std::size_t key_body_max = 4096;

constexpr auto table =
    http::table(http::get<auth::Admin, &Service::list>("/org/tokens")
                    .says("The organisation keys, newest first, without their text."),
                http::post<auth::Admin, &Service::make>("/org/tokens")
                    .body_limit(key_body_max)
                    .says("Makes an organisation key.")
                    .takes<api::NewKey>()
                    .may_lack_body()
                    .refuses("label_too_long", "invalid_label", "expiry_past", "too_many_keys",
                             "key_outlives_maker", "rate_limited"),
                http::del<auth::Admin, &Service::revoke>("/org/tokens/{id}")
                    .says("Revokes an organisation key; what it holds open ends.")
                    .refuses("key_not_found"));

api::NewKey wanted_of(const http::Request& request) {
  if (request.body.empty()) return {};
  return json::read<api::NewKey>(request.body);
}

events::KeyChanged told(const auth::store::KeyRow& row, std::string by) {
  events::KeyChanged change;
  change.key_id = row.id;
  change.prefix = row.prefix;
  change.name = row.name;
  change.scope = row.scope;
  change.expires_at = row.expires_at;
  change.by = std::move(by);
  return change;
}

events::TokenChanged told(const auth::TokenTold& token) {
  events::TokenChanged change;
  change.token_id = token.id;
  change.prefix = token.prefix;
  if (token.label) change.label = *token.label;
  if (token.expires_at) change.expires_at = *token.expires_at;
  change.by = token.by;
  return change;
}

api::Key shown(auth::store::KeyRow row, Instant now) {
  api::Key key;
  key.id = row.id;
  key.prefix = std::move(row.prefix);
  if (!row.name.empty()) key.name = std::move(row.name);
  key.scope = row.scope;
  key.created_by = std::move(row.created_by);
  key.created_at = row.created_at;
  if (row.last_used_at) key.last_used_at = *row.last_used_at;
  if (row.expires_at) key.expires_at = *row.expires_at;
  key.expired = row.expires_at && *row.expires_at <= now;
  return key;
}

std::string_view warning_for(api::KeyScope scope) {
  switch (scope) {
    case api::KeyScope::read:
      return "keep this key now: it is not shown again; whoever has it can read all that happens "
             "here";
    case api::KeyScope::operate:
      return "keep this key now: it is not shown again; whoever has it can do what people do here";
    case api::KeyScope::admin: break;
  }
  return "keep this key now: it is not shown again; whoever has it can do everything";
}

}  // namespace

const std::span<const http::Route> routes = table;

io::Task<api::KeyPage> Service::list(auth::Admin::Caller) {
  auto rows = co_await parts_.keys.list();
  api::KeyPage page;
  const Instant now = parts_.clock.now();
  for (auth::store::KeyRow& row : rows) page.tokens.push_back(shown(std::move(row), now));
  page.count = static_cast<std::int64_t>(page.tokens.size());
  co_return page;
}

io::Task<http::Reply<api::KeyMade>> Service::make(auth::Admin::Caller caller,
                                                  const http::Request& request) {
  const api::NewKey wanted = wanted_of(request);
  const auth::Allowance allowance = parts_.limits.take(
      auth::Counted::key, caller.principal().credential, auth::limit_seconds(parts_.clock));
  if (!allowance.allowed) {
    throw Fault(Kind::rate_limited, "rate_limited", "rate limit exceeded")
        .with(json::members(api::RetryAfter{allowance.reset, {}}))
        .retry_after(std::chrono::seconds(allowance.reset));
  }
  auto work = [this, &wanted, &caller](sql::Tx& tx) {
    auth::MintedKey minted = parts_.keys.mint(tx, wanted, caller);
    parts_.log.append(
        tx, events::event<events::Type::ORG_KEY_MADE>({}, told(minted.row, minted.row.created_by)));
    return minted;
  };
  auth::MintedKey minted = co_await parts_.db.write(work);
  log::info("organisation key made", log::field("key", minted.row.id),
            log::field("scope", enum_text(minted.row.scope)),
            log::field("by", minted.row.created_by));
  http::Reply<api::KeyMade> reply;
  reply.body.id = minted.row.id;
  reply.body.prefix = minted.row.prefix;
  if (!minted.row.name.empty()) reply.body.name = std::move(minted.row.name);
  reply.body.scope = minted.row.scope;
  if (minted.row.expires_at) reply.body.expires_at = *minted.row.expires_at;
  reply.body.auth_token = minted.text.reveal();
  reply.body.warning = warning_for(minted.row.scope);
  co_return std::move(reply).unkept();
}

io::Task<api::KeyRevoked> Service::revoke(auth::Admin::Caller caller, std::string key) {
  const auto id = KeyId::parse(key);
  bool revoked = false;
  if (id) {
    auto work = [this, id, caller](sql::Tx& tx) {
      return parts_.keys.revoke(tx, *id, caller).has_value();
    };
    revoked = co_await parts_.db.write(std::move(work));
  }
  if (!revoked) throw Fault(Kind::not_found, "key_not_found", "key not found or already revoked");
  log::info("organisation key revoked", log::field("key", *id), log::field("by", caller.actor()));
  co_return api::KeyRevoked{*id};
}

void Service::ended(sql::Tx& tx, const auth::store::KeyRow& key, const auth::Caller& by) {
  parts_.log.append(tx, events::event<events::Type::ORG_KEY_REVOKED>({}, told(key, by.actor())));
}

void TokenTeller::made(sql::Tx& tx, WorkspaceId workspace, const auth::TokenTold& token) {
  log_.append(tx, events::event<events::Type::TOKEN_MADE>(workspace, told(token)));
}

void TokenTeller::ended(sql::Tx& tx, WorkspaceId workspace, const auth::TokenTold& token) {
  log_.append(tx, events::event<events::Type::TOKEN_REVOKED>(workspace, told(token)));
}

}  // namespace molecule::keys
