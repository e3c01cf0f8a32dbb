// A request's bytes are read one way only, however they arrive. A head is found at the same place
// when it comes in one piece or byte by byte; what was accepted has one framing, no control
// character and a rooted path; a chunked body decodes the same in every split.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/http/chunked.h"
#include "platform/http/message.h"
#include "platform/http/request_head.h"

namespace {

using namespace molecule;

bool plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return c == '\r' || c == '\n' || c == '\0' || c == '\x7f' ||
           (static_cast<unsigned char>(c) < 0x20 && c != '\t');
  });
}

void head(std::string_view text) {
  http::HeadScanner at_once;
  const auto found = at_once.scan(text);
  http::HeadScanner bit_by_bit;
  auto slowly = http::HeadScanner::Found::more;
  for (std::size_t have = 1; have <= text.size() && slowly == http::HeadScanner::Found::more;
       ++have) {
    slowly = bit_by_bit.scan(text.substr(0, have));
  }
  if (!text.empty() && found != slowly) std::abort();
  if (found != http::HeadScanner::Found::head) return;
  if (at_once.size() != bit_by_bit.size() || at_once.size() > text.size()) std::abort();

  http::Request request;
  http::Framing framing;
  if (http::parse_head(text.substr(0, at_once.size()), request, framing)) return;
  if (framing.chunked && framing.has_length) std::abort();
  if (!framing.asterisk && !request.path.starts_with('/')) std::abort();
  if (!plain(request.path) || !plain(request.query)) std::abort();
  if (request.headers.size() > http::headers_max) std::abort();
  for (const auto& header : request.headers) {
    if (header.name.empty() || !plain(header.name) || !plain(header.value)) std::abort();
  }
}

void chunks(std::string_view text) {
  constexpr std::size_t body_max = 4096;
  http::ChunkedReader at_once(body_max);
  std::string whole;
  auto rest = text;
  const auto state = at_once.read(rest, whole);
  if (whole.size() > body_max || whole.size() != at_once.taken()) std::abort();

  http::ChunkedReader bit_by_bit(body_max);
  std::string pieces;
  std::size_t used = 0;
  auto slowly = http::ChunkedReader::State::more;
  while (used < text.size() && slowly == http::ChunkedReader::State::more) {
    auto piece = text.substr(used, 1);
    slowly = bit_by_bit.read(piece, pieces);
    used += 1 - piece.size();
  }
  if (state != slowly) std::abort();
  if (state == http::ChunkedReader::State::done &&
      (whole != pieces || used != text.size() - rest.size()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  head(text);
  chunks(text);
  return 0;
}
