// What the parts of a serving platform are told, made of its configuration.
#pragma once

#include <memory>

#include "app/config.h"
#include "app/config_check.h"
#include "platform/http/server.h"
#include "platform/net/dial.h"
#include "platform/net/tls.h"
#include "server/attachments/attachments_service.h"
#include "server/auth/limits.h"
#include "server/provision/provision_service.h"

namespace molecule::app {

http::Settings http_settings(const Config& config, const Address& address);
auth::LimitSettings limit_settings(const Config& config);
attachments::Settings attachment_settings(const Config& config);
net::DialSettings dial_settings(const Config& config);
provision::Settings agent_settings(const Config& config);
// Null when the platform speaks plain HTTP.
std::unique_ptr<net::TlsServer> certificate(const Config& config);
// What can be known to be wrong before anything is made is refused here, so that a mistyped flag
// leaves no data directory behind.
void require_usable(const Config& config);

}  // namespace molecule::app
