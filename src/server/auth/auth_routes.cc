#include "server/auth/auth_service.h"

namespace molecule::auth {

namespace {

constexpr std::size_t credential_body_max = 4096;

constexpr auto table = http::table(
    http::get<Self, &Service::list_tokens>("/workspaces/{id}/tokens")
        .says("The live tokens of a workspace, newest first.")
        .refuses("workspace_not_found"),
    http::post<Holder, &Service::mint_token>("/workspaces/{id}/tokens")
        .body_limit(credential_body_max)
        .says("Makes another token for a workspace.")
        .takes<api::NewToken>()
        .may_lack_body()
        .gives<api::TokenMade>(201)
        .refuses("workspace_not_found", "label_too_long", "invalid_label", "expiry_past",
                 "too_many_tokens"),
    http::del<Holder, &Service::revoke_token>("/workspaces/{id}/tokens/{token_id}")
        .says("Ends one token.")
        .refuses("token_not_found"),
    http::post<Admin, &Service::mint_token_for>("/admin/workspaces/{id}/tokens")
        .body_limit(credential_body_max)
        .says("Makes another token for a workspace.")
        .takes<api::NewToken>()
        .may_lack_body()
        .gives<api::TokenMade>(201)
        .refuses("workspace_not_found", "workspace_removed", "label_too_long", "invalid_label",
                 "expiry_past", "too_many_tokens"),
    http::post<Admin, &Service::revoke_tokens_of>("/admin/workspaces/{id}/revoke-auth-tokens")
        .says("Ends every token of a workspace.")
        .refuses("workspace_not_found", "workspace_removed"),
    http::get<Admin, &Service::test_token>("/admin/workspaces/{id}/test-token")
        .says("Makes a token; in the dev profile only.")
        .refuses("not_found", "workspace_not_found"),
    http::post<Admin, &Service::test_token>("/admin/workspaces/{id}/test-token")
        .says("Makes a token; in the dev profile only.")
        .refuses("not_found", "workspace_not_found"),
    http::post<Open, &Service::claim>("/auth/claim")
        .body_limit(credential_body_max)
        .says("Signs a browser in with the code of a claim link.")
        .takes<api::Claim>()
        .refuses("claim_invalid", "platform_unavailable"),
    http::post<Open, &Service::logout>("/auth/logout")
        .body_limit(http::unread_body_max)
        .says("Ends the browser's session."),
    http::get<Operator, &Service::me>("/auth/me")
        .says("Who asks, and what the credential is good for."),
    http::get<Admin, &Service::list_sessions>("/auth/sessions").says("The signed-in browsers."),
    http::del<Admin, &Service::end_session>("/auth/sessions/{id}")
        .says("Signs one browser out.")
        .refuses("session_not_found"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::auth
