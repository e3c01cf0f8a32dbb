#include "platform/container/archive.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"

namespace molecule::container {
namespace {

constexpr std::size_t block = 512;

struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, user_field{108, 8}, group_field{116, 8},
    size_field{124, 12}, time_field{136, 12}, sum_field{148, 8}, kind_field{156, 1},
    magic_field{257, 8};

void put(std::string& head, Field field, std::string_view text) {
  std::memcpy(head.data() + field.at, text.data(), std::min(text.size(), field.size));
}
void put_number(std::string& head, Field field, std::uint64_t value) {
  put(head, field, fmt::format("{:0{}o}", value, field.size - 1));
}

std::uint64_t sum_of(std::string_view head) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block; ++i) {
    const bool own = i >= sum_field.at && i < sum_field.at + sum_field.size;
    sum += own ? ' ' : static_cast<unsigned char>(head[i]);
  }
  return sum;
}

std::optional<std::uint64_t> number(std::string_view head, Field field) {
  std::string_view text = head.substr(field.at, field.size);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc()) return std::nullopt;
  return value;
}

void fill(std::string& bytes) { bytes.append((block - bytes.size() % block) % block, '\0'); }

}  // namespace

void Archive::head(std::string_view name, char kind, unsigned mode, std::uint64_t size) {
  if (name.size() > name_field.size) throw internal(fmt::format("{} is too long a name", name));
  std::string head(block, '\0');
  put(head, name_field, name);
  put_number(head, mode_field, mode);
  put_number(head, user_field, static_cast<std::uint64_t>(user_));
  put_number(head, group_field, static_cast<std::uint64_t>(user_));
  put_number(head, size_field, size);
  put_number(head, time_field, 0);
  head[kind_field.at] = kind;
  put(head, magic_field, std::string_view("ustar\00000", magic_field.size));
  put(head, sum_field, fmt::format("{:06o}", sum_of(head)) + std::string("\0 ", 2));
  bytes_ += head;
}

Archive& Archive::directory(std::string_view name, unsigned mode) {
  head(fmt::format("{}/", name), '5', mode, 0);
  return *this;
}

Archive& Archive::file(std::string_view name, unsigned mode, std::string_view text) {
  head(name, '0', mode, text.size());
  bytes_ += text;
  fill(bytes_);
  return *this;
}

std::string Archive::take() {
  bytes_.append(2 * block, '\0');
  return std::move(bytes_);
}

std::optional<std::string> first_file(std::string_view archive) {
  if (archive.size() < block) return std::nullopt;
  const std::string_view head = archive.substr(0, block);
  const auto sum = number(head, sum_field);
  const auto size = number(head, size_field);
  const char kind = head[kind_field.at];
  if (!sum || *sum != sum_of(head) || !size || (kind != '0' && kind != '\0')) return std::nullopt;
  if (*size > archive.size() - block) return std::nullopt;
  return std::string(archive.substr(block, *size));
}

}  // namespace molecule::container
