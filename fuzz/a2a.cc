// A send request in any shape ends in an Incoming or a Fault. What was normalised is what a mailbox
// hands out later, so the reader must accept it again and find the same id, role and text in it.
// The same bytes are also read as an agent's answer.
#include "wire/a2a/a2a.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"

namespace {

using namespace molecule;

void request(std::string_view text) {
  a2a::Stamp stamp;
  stamp.fresh_id = "fresh";
  a2a::Incoming first;
  try {
    first = a2a::read_request(text, stamp);
  } catch (const Fault&) {
    return;
  }
  const auto again = a2a::read_request(first.body, stamp);
  const auto stable = a2a::read_request(again.body, stamp);
  if (again.message_id != first.message_id || again.role != first.role) std::abort();
  if (stable.text != again.text || stable.body != again.body) std::abort();
  for (const auto to : {a2a::Generation::v03, a2a::Generation::v10}) {
    const auto spoken = a2a::request_as(to, again.body);
    try {
      if (a2a::read_request(spoken, stamp).message_id != again.message_id) std::abort();
    } catch (const Fault&) {
      // A part of a kind neither generation names is carried, and need not be readable in the
      // other.
    }
  }
}

void answer(std::string_view text) {
  a2a::Answer read;
  try {
    read = a2a::read_answer(text, "\"1\"");
  } catch (const Fault&) {
    return;
  }
  const auto again = a2a::read_answer(read.body, "\"1\"");
  if (again.is_error != read.is_error) std::abort();
  static_cast<void>(a2a::answer_as(a2a::Generation::v10, read.body));
  static_cast<void>(a2a::answer_as(a2a::Generation::v03, read.body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  request(text);
  answer(text);
  return 0;
}
