// The same message as another one, with an id of its own.
#pragma once

#include <string>
#include <string_view>

namespace molecule::a2a {

// `request` was read before (a2a::Incoming::body).
std::string sent_again(std::string_view request, std::string_view message_id);

}  // namespace molecule::a2a
