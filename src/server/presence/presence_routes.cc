#include "server/presence/presence_service.h"

namespace molecule::presence {

namespace {

using auth::Enrol;
using auth::Member;
using auth::Peer;
using auth::Self;

constexpr auto table = http::table(
    http::post<Enrol, &Service::enrol>("/registry/register").body_limit(register_body_max),
    http::post<Member, &Service::heartbeat>("/registry/heartbeat").body_limit(beat_body_max),
    http::post<Member, &Service::update_card>("/registry/update-card")
        .body_limit(register_body_max),
    http::get<Peer, &Service::discover>("/registry/discover/{id}"),
    http::get<Self, &Service::peers>("/registry/{id}/peers"),
    http::post<Member, &Service::check_access>("/registry/check-access").body_limit(beat_body_max));

}  // namespace

const std::span<const http::Route> routes = table;

}  // namespace molecule::presence
