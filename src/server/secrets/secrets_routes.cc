#include "server/secrets/secrets_service.h"

namespace molecule::secrets {
namespace {

using auth::Admin;
using auth::Operator;
using auth::Own;
using auth::Self;

// The longest value, every byte of it escaped, and its name.
constexpr std::size_t body_max = value_max * 6 + 1024;

constexpr auto table = http::table(
    http::get<Self, &Service::list>("/workspaces/{id}/secrets")
        .says(
            "Names of a workspace's secrets and of those of the organisation; with values=true, for the workspace itself, the values.")
        .gives<std::vector<api::Secret>>()
        .refuses("workspace_not_found", "own_only", "secrets_unreadable"),
    http::post<Self, &Service::save>("/workspaces/{id}/secrets")
        .body_limit(body_max)
        .says("Saves a secret of a workspace.")
        .refuses("workspace_not_found", "secret_key_invalid", "secret_key_reserved",
                 "secret_value_invalid", "too_many_secrets"),
    http::put<Self, &Service::save>("/workspaces/{id}/secrets")
        .body_limit(body_max)
        .says("Saves a secret of a workspace.")
        .refuses("workspace_not_found", "secret_key_invalid", "secret_key_reserved",
                 "secret_value_invalid", "too_many_secrets"),
    http::get<Own, &Service::values>("/workspaces/{id}/secrets/values")
        .says("Every value, by name, for the workspace itself.")
        .refuses("workspace_not_found", "secrets_unreadable"),
    http::del<Self, &Service::erase>("/workspaces/{id}/secrets/{key}")
        .says("Deletes a secret of a workspace.")
        .refuses("workspace_not_found", "secret_not_found"),
    http::get<Self, &Service::model>("/workspaces/{id}/model")
        .says("The model chosen for a workspace.")
        .refuses("workspace_not_found", "secrets_unreadable"),
    http::put<Self, &Service::set_model>("/workspaces/{id}/model")
        .body_limit(body_max)
        .says("Chooses a model for a workspace.")
        .refuses("workspace_not_found", "secret_value_invalid", "too_many_secrets"),
    http::get<Operator, &Service::list_global>("/settings/secrets")
        .says("Names of the organisation's secrets."),
    http::put<Admin, &Service::save_global>("/settings/secrets")
        .body_limit(body_max)
        .says("Saves a secret of the organisation.")
        .refuses("secret_key_invalid", "secret_key_reserved", "secret_value_invalid",
                 "too_many_secrets"),
    http::post<Admin, &Service::save_global>("/settings/secrets")
        .body_limit(body_max)
        .says("Saves a secret of the organisation.")
        .refuses("secret_key_invalid", "secret_key_reserved", "secret_value_invalid",
                 "too_many_secrets"),
    http::del<Admin, &Service::erase_global>("/settings/secrets/{key}")
        .says("Deletes a secret of the organisation.")
        .refuses("secret_not_found"),
    http::get<Operator, &Service::list_global>("/admin/secrets")
        .says("Names of the organisation's secrets."),
    http::put<Admin, &Service::save_global>("/admin/secrets")
        .body_limit(body_max)
        .says("Saves a secret of the organisation.")
        .refuses("secret_key_invalid", "secret_key_reserved", "secret_value_invalid",
                 "too_many_secrets"),
    http::post<Admin, &Service::save_global>("/admin/secrets")
        .body_limit(body_max)
        .says("Saves a secret of the organisation.")
        .refuses("secret_key_invalid", "secret_key_reserved", "secret_value_invalid",
                 "too_many_secrets"),
    http::post<Admin, &Service::rotate>("/admin/secrets/rotate")
        .says("Seals every secret anew under a new key.")
        .refuses("rotation_running"),
    http::del<Admin, &Service::erase_global>("/admin/secrets/{key}")
        .says("Deletes a secret of the organisation.")
        .refuses("secret_not_found"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::secrets
