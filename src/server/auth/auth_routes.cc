#include "server/auth/auth_service.h"

namespace molecule::auth {

namespace {

constexpr std::size_t credential_body_max = 4096;

constexpr auto table = http::table(
    http::get<Self, &Service::list_tokens>("/workspaces/{id}/tokens"),
    http::post<Self, &Service::mint_token>("/workspaces/{id}/tokens")
        .body_limit(credential_body_max),
    http::del<Self, &Service::revoke_token>("/workspaces/{id}/tokens/{token_id}"),
    http::post<Admin, &Service::mint_token_for>("/admin/workspaces/{id}/tokens")
        .body_limit(credential_body_max),
    http::post<Admin, &Service::revoke_tokens_of>("/admin/workspaces/{id}/revoke-auth-tokens"),
    http::get<Admin, &Service::test_token>("/admin/workspaces/{id}/test-token"),
    http::post<Admin, &Service::test_token>("/admin/workspaces/{id}/test-token"),
    http::post<Open, &Service::claim>("/auth/claim").body_limit(credential_body_max),
    http::post<Open, &Service::logout>("/auth/logout").body_limit(http::unread_body_max),
    http::get<Admin, &Service::me>("/auth/me"),
    http::get<Admin, &Service::list_sessions>("/auth/sessions"),
    http::del<Admin, &Service::end_session>("/auth/sessions/{id}"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::auth
