// What is sent to an endpoint of A2A: held to what the specification demands (1.0 §3.2 and §4.1,
// 0.3 §6), since an agent behind it may be. What it does not know is left alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace molecule::a2a {

// Throws Fault invalid_params, with the member that is wrong, or invalid_request for what is no
// request. Says nothing of what is no JSON and of other methods: whoever reads those refuses them.
// Comes back with the request as its agent is to read it where that is another text: ProtoJSON may
// spell names with underscores and a role as a number.
std::optional<std::string> require_message(std::string_view request);

}  // namespace molecule::a2a
