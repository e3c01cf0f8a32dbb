// The beginning of a relay: who is who, and whether an earlier session goes on. Each message is a
// text message of JSON; afterwards the connection carries binary messages of frames (platform/mux).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/fields.h"
#include "platform/json/json.h"

namespace molecule::relay {

constexpr std::int64_t version = 1;
constexpr std::size_t message_max = 8u << 10;  // Bytes of one message of the beginning.
constexpr std::size_t nonce_size = 32;         // Bytes, in base64url.

// By the agent.
struct Hello {
  std::int64_t version = relay::version;
  std::string nonce;
  json::Omit<std::string> session;    // To go on with.
  json::Omit<std::int64_t> received;  // Frames of it that came.
  json::Omit<std::string> url;        // How the agent is asked: its Host and path.
};
BOOST_DESCRIBE_STRUCT(Hello, (), (version, nonce, session, received, url))

// By the platform, which shows that it has its key.
struct Challenge {
  std::int64_t version = relay::version;
  std::string nonce;
  std::string platform_key;
  std::string signature;  // Of platform_statement().
};
BOOST_DESCRIBE_STRUCT(Challenge, (), (version, nonce, platform_key, signature))

// By the agent, which shows that it has its own, if it was given one.
struct Proof {
  json::Omit<std::string> signature;  // Of agent_statement().
};
BOOST_DESCRIBE_STRUCT(Proof, (), (signature))

struct Welcome {
  std::string session;
  std::int64_t received = 0;      // Frames of the agent that came.
  bool resumed = false;           // False: the session is new, its streams with it.
  std::int64_t keep_seconds = 0;  // How long the session stays without a connection.
};
BOOST_DESCRIBE_STRUCT(Welcome, (), (session, received, resumed, keep_seconds))

// Why a session was ended for good: the payload of a goodbye.
enum class Ending {
  platform_stops,  // Come again.
  replaced,        // The agent connected from elsewhere. Do not.
  removed,         // The workspace is gone. Do not.
  left,            // By the agent.
};
BOOST_DESCRIBE_ENUM(Ending, platform_stops, replaced, removed, left)

// What is signed: lines, none of which can hold the end of one. Both nonces are in both, so that
// neither answer fits another connection.
inline std::string platform_statement(std::string_view workspace, std::string_view agent_nonce,
                                      std::string_view platform_nonce) {
  return fmt::format("molecule relay platform 1\n{}\n{}\n{}", workspace, agent_nonce,
                     platform_nonce);
}
inline std::string agent_statement(std::string_view workspace, std::string_view agent_nonce,
                                   std::string_view platform_nonce) {
  return fmt::format("molecule relay agent 1\n{}\n{}\n{}", workspace, agent_nonce, platform_nonce);
}

}  // namespace molecule::relay
