#include "platform/crypto/token.h"

#include <string>

#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

constexpr std::string_view base62_letters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr auto crc_of_byte = crc_table();

constexpr std::uint32_t crc32(std::string_view text) {
  std::uint32_t crc = 0xffffffffu;
  for (char c : text) crc = crc_of_byte[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}
static_assert(crc32("123456789") == 0xcbf43926u);

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::array<char, check_size> check_of(std::string_view text) {
  std::array<char, check_size> check{};
  std::uint32_t left = crc32(text);
  for (std::size_t i = check_size; i-- > 0; left /= 62) check[i] = base62_letters[left % 62];
  return check;
}

Secret token_from(const TokenBytes& random) {
  std::string text(token_prefix);
  text.reserve(token_size);
  std::string middle = base64url_encode(random);
  text += middle;
  wipe({reinterpret_cast<std::uint8_t*>(middle.data()), middle.size()});
  auto check = check_of(text);
  text.append(check.data(), check.size());
  return Secret(std::move(text));
}

bool looks_like_token(std::string_view text) {
  if (text.size() != token_size || !text.starts_with(token_prefix)) return false;
  std::string_view checked = text.substr(0, token_size - check_size);
  for (char c : checked.substr(token_prefix.size())) {
    if (!is_base64url(c)) return false;
  }
  auto check = check_of(checked);
  return text.substr(checked.size()) == std::string_view(check.data(), check.size());
}

bool has_token(std::string_view text) {
  for (std::size_t at = text.find(token_prefix); at != text.npos;
       at = text.find(token_prefix, at + 1)) {
    if (looks_like_token(text.substr(at, token_size))) return true;
  }
  return false;
}

}  // namespace molecule::crypto
