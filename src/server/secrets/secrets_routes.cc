#include "server/secrets/secrets_service.h"

namespace molecule::secrets {
namespace {

using auth::Admin;
using auth::Own;
using auth::Self;

// The longest value, every byte of it escaped, and its name.
constexpr std::size_t body_max = value_max * 6 + 1024;

constexpr auto table =
    http::table(http::get<Self, &Service::list>("/workspaces/{id}/secrets"),
                http::post<Self, &Service::save>("/workspaces/{id}/secrets").body_limit(body_max),
                http::put<Self, &Service::save>("/workspaces/{id}/secrets").body_limit(body_max),
                http::get<Own, &Service::values>("/workspaces/{id}/secrets/values"),
                http::del<Self, &Service::erase>("/workspaces/{id}/secrets/{key}"),
                http::get<Self, &Service::model>("/workspaces/{id}/model"),
                http::put<Self, &Service::set_model>("/workspaces/{id}/model").body_limit(body_max),
                http::get<Admin, &Service::list_global>("/settings/secrets"),
                http::put<Admin, &Service::save_global>("/settings/secrets").body_limit(body_max),
                http::post<Admin, &Service::save_global>("/settings/secrets").body_limit(body_max),
                http::del<Admin, &Service::erase_global>("/settings/secrets/{key}"),
                http::get<Admin, &Service::list_global>("/admin/secrets"),
                http::put<Admin, &Service::save_global>("/admin/secrets").body_limit(body_max),
                http::post<Admin, &Service::save_global>("/admin/secrets").body_limit(body_max),
                http::post<Admin, &Service::rotate>("/admin/secrets/rotate"),
                http::del<Admin, &Service::erase_global>("/admin/secrets/{key}"));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::secrets
