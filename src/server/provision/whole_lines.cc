#include "server/provision/whole_lines.h"

#include <algorithm>
#include <string_view>

namespace molecule::provision {
namespace {

std::string_view without_time(std::string_view line) {
  const std::size_t space = line.find(' ');
  return space == std::string_view::npos ? line : line.substr(space + 1);
}

// More of one is not put together: what follows is left out.
constexpr std::size_t joined_max = 128u << 10;

// It was cut, or might have been.
bool goes_on(std::string_view said) { return said.size() >= sandbox::LogFiles::line_max; }

}  // namespace

sandbox::LogPiece whole_lines(sandbox::LogPiece piece, std::uint64_t since) {
  sandbox::LogPiece whole;
  whole.lost = piece.begin > since || piece.end < since;
  whole.begin = whole.end = piece.end < since ? piece.end : std::max(since, piece.begin);
  // Where reading began in the middle, so does its first line.
  bool cut = piece.begin > 0 && piece.begin < since;
  std::uint64_t at = piece.begin;
  std::string open;
  for (std::string_view rest = piece.text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::uint64_t begin = at;
    const std::size_t size = std::min(rest.size(), line.size() + 1);
    rest.remove_prefix(size);
    at += size;
    const std::string_view said = without_time(line);
    if (begin < since || cut) {
      // Of the first its end alone may be known.
      cut = goes_on(said);
      if (at > since) whole.end = at;
      if (whole.text.empty()) whole.begin = whole.end;
      continue;
    }
    open += open.empty() ? line : said;
    cut = goes_on(said) && open.size() >= joined_max;
    if (goes_on(said) && !cut) continue;
    whole.text += open + "\n";
    whole.end = at;
    open.clear();
  }
  return whole;
}

}  // namespace molecule::provision
