#include "platform/crypto/encoding.h"

#include <array>

namespace molecule::crypto {
namespace {

constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<std::int8_t, 256>;

constexpr Values values_of(std::string_view letters) {
  Values values{};
  values.fill(-1);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    values[static_cast<std::uint8_t>(letters[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

constexpr Values base64_values = values_of(base64_letters);
constexpr Values base64url_values = values_of(base64url_letters);

std::string encode(Bytes data, std::string_view letters) {
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (std::uint8_t byte : data) {
    held = (held << 8 | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text.push_back(letters[held >> bits & 0x3f]);
    }
  }
  if (bits > 0) text.push_back(letters[held << (6 - bits) & 0x3f]);
  return text;
}

std::optional<std::vector<std::uint8_t>> decode(std::string_view text, const Values& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::vector<std::uint8_t> data;
  data.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (char letter : text) {
    int value = values[static_cast<std::uint8_t>(letter)];
    if (value < 0) return std::nullopt;
    held = (held << 6 | static_cast<std::uint32_t>(value)) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      data.push_back(static_cast<std::uint8_t>(held >> bits));
    }
  }
  if ((held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return data;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string base64_encode(Bytes data) {
  std::string text = encode(data, base64_letters);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::string base64url_encode(Bytes data) { return encode(data, base64url_letters); }

std::string hex_encode(Bytes data) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(data.size() * 2);
  for (std::uint8_t byte : data) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 0x0f]);
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, base64_values);
}

std::optional<std::vector<std::uint8_t>> base64url_decode(std::string_view text) {
  return decode(text, base64url_values);
}

std::optional<std::vector<std::uint8_t>> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> data;
  data.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_value(text[i]);
    int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    data.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return data;
}

}  // namespace molecule::crypto
