// The gRPC binding of 1.0 beside JSON-RPC: its methods have the same names, and its messages are
// the same objects in bytes (package lf.a2a.v1). See specification 1.0 §10.
#pragma once

#include <string_view>

#include "platform/protobuf/schema.h"

namespace molecule::a2a {

struct Rpc {
  std::string_view method;
  const protobuf::Message* asks;
  const protobuf::Message* answers;
  bool streams = false;
  bool sends = false;        // It brings a message, which goes on whatever its sender waits for.
  std::uint32_t tenant = 1;  // Which field of what asks names the endpoint.
};

inline constexpr std::string_view rpc_service = "lf.a2a.v1.A2AService";
inline constexpr std::string_view rpc_tenant = "tenant";

// Nothing for what is no method.
const Rpc* rpc_of(std::string_view method);

}  // namespace molecule::a2a
