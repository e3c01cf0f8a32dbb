// Finds credentials in text that is about to be shown: our own tokens and session cookies, bearer
// and basic headers, and the key forms that people paste most often. It errs towards hiding: a word
// that only looks like a key is hidden too.
#pragma once

#include <cstddef>
#include <string_view>

namespace molecule::log {

// What to do with the text at some offset: `keep` bytes are shown as they are (the part that tells
// what it was, such as "Bearer "), the following `hide` bytes become "[redacted]". hide is 0 when
// no credential starts there.
struct Redaction {
  std::size_t keep = 0;
  std::size_t hide = 0;
};
Redaction credential_at(std::string_view text, std::size_t offset);

}  // namespace molecule::log
