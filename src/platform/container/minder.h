// One container that is minded: made, started, heard, led to one port of the machine, stopped and
// removed. The minder is a process of ours beside each container, so that what keeps processes
// keeps containers: its output is the container's, its end is the container's end.
//
// In the directory `link`, which the container sees without writing there: `platform.sock`, where
// the port is reached from inside. Beside it, in `word`: `facts`, what holds the container in, and
// `why`, what kept it from starting or ended it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "platform/container/engine.h"

namespace molecule::container {

struct Minded {
  std::string socket;  // The engine's.
  Spec spec;
  // A network that is made for it when it is not there, and removed with its last member; empty:
  // the one of the spec is there already.
  std::string network;
  std::string link;
  std::string word;
  std::int64_t port = 0;  // Of 127.0.0.1.
};
BOOST_DESCRIBE_STRUCT(Minded, (), (socket, spec, network, link, word, port))

inline constexpr std::string_view minder_word = "mind-container";
inline constexpr std::string_view link_name = "platform.sock";
// Where containers find `link`.
inline constexpr std::string_view link_inside = "/run/molecule";

// Becomes a minder of what a file describes. Its exit status: the container's, or 1 where there is
// a reason in `why`.
int mind(const std::filesystem::path& file);

// What a minder left in `word`.
std::optional<Facts> facts_of(const std::filesystem::path& word);
std::optional<std::string> why_of(const std::filesystem::path& word);

}  // namespace molecule::container
