// What is taken for a ticket is written as the very text that was read, and is no longer than a
// ticket can be.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/tickets/ticket_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace molecule::tickets;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ticket = TicketText::parse(text);
  if (!ticket) return 0;
  if (text.size() > ticket_text_max || ticket->platform_url.size() > ticket_url_max) std::abort();
  if (ticket->text().reveal() != text) std::abort();
  return 0;
}
