// What `molecule serve` says once it answers: to a person at a terminal where it is, how to get in
// and what to do next; to a program the same as one line of JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"

namespace molecule::app {

struct Told {
  std::string url;         // Where it listens.
  std::string public_url;  // Where people open it.
  std::string claim_url;   // Empty when nobody has to sign in first.
  std::string data;
  bool dev = false;
  bool demo = false;
  bool postgres = false;
};

// What prints a new sign-in link, to be pasted on this machine.
std::string claim_command(std::string_view data);

enum class Colours { no, yes };

std::string banner(const Told& told, Colours colours);

// One line, the claim link in it: whoever collects standard error of a first run gets it, as a
// person at a terminal does. It is good once, for half an hour.
std::string ready_line(const Told& told, Instant now);

}  // namespace molecule::app
