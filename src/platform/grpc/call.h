// What a call of gRPC brings and takes: one message each way, or many behind one another, each with
// its length in front.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace molecule::grpc {

// Throws Fault bad_request for a request that is none of gRPC, and `unsupported_coding` for
// messages that are packed: they are taken and given as they are.
void require_call(const http::Request& request);

// The one message that a body holds. Throws Fault bad_request `bad_message`.
std::string_view message_in(std::string_view body);
// Appends a message as it travels.
void append_message(std::string& out, std::string_view message);

// How long the caller waits; nothing when it does not say, or nothing that makes sense.
std::optional<std::chrono::nanoseconds> patience_of(const http::Request& request);

}  // namespace molecule::grpc
