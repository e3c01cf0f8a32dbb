#include "server/tasks/listing.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

#include "wire/a2a/task.h"

namespace molecule::tasks {
namespace {

// Of a page on which nothing is found: who asks goes on from there.
constexpr int slices_max = 4;

}  // namespace

std::string token_of(const Place& place) {
  if (!place.at) return fmt::format("{}", place.below);
  return fmt::format("{}.{}.{}.{}", place.at->micros(), place.seq, place.from.value_or(0),
                     place.below);
}

Place place_of(const std::optional<std::string>& token) {
  Place place;
  if (!token) return place;
  std::array<std::int64_t, 4> numbers{};
  std::size_t count = 0;
  const char* begin = token->data();
  const char* const end = begin + token->size();
  for (;;) {
    if (count == numbers.size()) break;
    auto [rest, wrong] = std::from_chars(begin, end, numbers[count]);
    if (wrong != std::errc{}) break;
    ++count;
    if (rest == end) {
      if (count == 1) {
        place.below = numbers[0];
        return place;
      }
      if (count != numbers.size()) break;
      place.at = Instant::from_micros(numbers[0]);
      place.seq = numbers[1];
      place.from = numbers[2];
      place.below = numbers[3];
      return place;
    }
    if (*rest != '.') break;
    begin = rest + 1;
  }
  throw a2a::invalid_params("pageToken is none that was given here");
}

Listing listed(sql::Read& read, const Wanted& wanted, Place place) {
  Listing out;
  const auto full = static_cast<std::size_t>(wanted.page_size);
  for (int slices = 0; slices < slices_max && out.entries.empty(); ++slices) {
    if (!place.from) {
      place.from =
          read.optional(store::slice_from, wanted.agent, place.below, wanted.slice_size - 1)
              .value_or(0);
    }
    out.total += read.one(store::count, wanted.agent, *place.from, wanted.sender, wanted.context,
                          wanted.named, wanted.state, wanted.since, place.below);
    auto found = read.all(store::list, wanted.agent, *place.from, wanted.sender, wanted.context,
                          wanted.named, wanted.state, wanted.since, place.below, place.at,
                          place.seq, wanted.page_size + 1);
    for (store::Listed& each : found) {
      if (out.entries.size() == full) {
        out.next = out.entries.back().behind;
        return out;
      }
      const Place behind{each.at, each.seq, place.from, place.below};
      out.entries.push_back({each, behind});
    }
    if (*place.from == 0) return out;
    Place next;
    next.below = *place.from;
    place = next;
  }
  out.next = place;
  return out;
}

}  // namespace molecule::tasks
