#include "server/workspaces/workspaces_service.h"

namespace molecule::workspaces {

namespace {

using auth::Admin;
using auth::Peer;
using auth::Self;

constexpr std::size_t create_body_max = 1u << 20;  // Room for secrets.
constexpr std::size_t small_body_max = 64u << 10;

constexpr auto table = http::table(
    http::post<Admin, &Service::create>("/workspaces").body_limit(create_body_max),
    http::get<Admin, &Service::list>("/workspaces"),
    http::get<Peer, &Service::show>("/workspaces/{id}"),
    http::patch<Self, &Service::change>("/workspaces/{id}").body_limit(small_body_max),
    http::del<Admin, &Service::remove>("/workspaces/{id}").body_limit(small_body_max),
    http::get<Self, &Service::state>("/workspaces/{id}/state"),
    http::post<Self, &Service::pause>("/workspaces/{id}/pause").body_limit(small_body_max),
    http::post<Self, &Service::resume>("/workspaces/{id}/resume").body_limit(small_body_max),
    http::post<Self, &Service::restart>("/workspaces/{id}/restart").body_limit(small_body_max),
    http::get<Self, &Service::connection>("/workspaces/{id}/external/connection"),
    http::post<Self, &Service::rotate>("/workspaces/{id}/external/rotate")
        .body_limit(small_body_max));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::workspaces
