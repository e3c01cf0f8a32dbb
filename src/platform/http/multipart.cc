#include "platform/http/multipart.h"

#include <algorithm>

#include "platform/http/syntax.h"

namespace molecule::http {
namespace {

constexpr std::size_t boundary_max = 70;

bool usable(std::string_view boundary) {
  if (boundary.empty() || boundary.size() > boundary_max || boundary.back() == ' ') return false;
  constexpr std::string_view beside_letters = "'()+_,-./:=? ";
  return std::ranges::all_of(boundary, [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           beside_letters.find(c) != std::string_view::npos;
  });
}

// Takes `; name=value` from the beginning of `text`: a token or a quoted string, in which a
// backslash stands before a quote or another backslash, and otherwise for itself.
bool take_parameter(std::string_view& text, std::string& name, std::string& value) {
  text = trim(text);
  if (text.empty() || text.front() != ';') return false;
  text = trim(text.substr(1));
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  name.clear();
  for (char c : trim(text.substr(0, equals))) name += lower(c);
  if (name.empty() || !all_are(name, detail::token_char)) return false;
  text = trim(text.substr(equals + 1));
  value.clear();
  if (text.empty() || text.front() != '"') {
    const std::size_t end = std::min(text.find(';'), text.size());
    value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return true;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    const bool escaped =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (escaped) ++i;
    value += text[i];
  }
  return false;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  if (!equal_ignoring_case(trim(content_type.substr(0, end)), "multipart/form-data"))
    return std::nullopt;
  content_type.remove_prefix(end);
  std::optional<std::string> found;
  std::string name, value;
  while (!trim(content_type).empty()) {
    if (!take_parameter(content_type, name, value)) return std::nullopt;
    if (name != "boundary") continue;
    // Two readers would each believe another.
    if (found || !usable(value)) return std::nullopt;
    found = value;
  }
  return found;
}

MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)) {}

void MultipartReader::take(std::string_view bytes) {
  held_.erase(0, used_);
  used_ = 0;
  held_ += bytes;
}

MultipartReader::Event MultipartReader::fail(Event why) {
  at_ = At::bad;
  failure_ = why;
  return why;
}

MultipartReader::Event MultipartReader::next() {
  for (;;) {
    std::optional<Event> event;
    switch (at_) {
      case At::preamble: event = skip_preamble(); break;
      case At::after_delimiter: event = read_delimiter_end(); break;
      case At::head: event = read_head(); break;
      case At::body: event = read_body(); break;
      case At::over: used_ = held_.size(); return Event::over;
      case At::bad: return failure_;
    }
    // What only leads to the next step is nobody's business.
    if (*event != Event::over || at_ == At::over) return *event;
  }
}

MultipartReader::Event MultipartReader::skip_preamble() {
  const std::size_t found = rest().find(delimiter_);
  const bool here = found != std::string_view::npos;
  const std::size_t passed =
      here ? found : rest().size() - std::min(rest().size(), delimiter_.size() - 1);
  preamble_ += passed;
  used_ += passed;
  if (preamble_ > preamble_max) return fail(Event::bad);
  if (!here) return Event::more;
  used_ += delimiter_.size();
  at_ = At::after_delimiter;
  return Event::over;
}

MultipartReader::Event MultipartReader::read_delimiter_end() {
  const std::string_view text = rest();
  if (text.starts_with("--")) {
    at_ = At::over;
    return Event::over;
  }
  // White space that a mail gateway may have added.
  const std::size_t end = text.find_first_not_of(" \t");
  if (std::min(end, text.size()) > head_max) return fail(Event::bad);
  if (end == std::string_view::npos || text.size() - end < 2) return Event::more;
  if (text.substr(end, 2) != "\r\n") return fail(Event::bad);
  if (parts_ == parts_max) return fail(Event::too_many);
  ++parts_;
  used_ += end + 2;
  at_ = At::head;
  return Event::over;
}

MultipartReader::Event MultipartReader::read_head() {
  std::string_view text = rest();
  std::size_t size = 0;
  if (!text.starts_with("\r\n")) {
    size = text.find("\r\n\r\n");
    const bool ends = size != std::string_view::npos;
    // Without its end, what is there may still be the beginning of one.
    if (ends ? size > head_max : text.size() > head_max + 3) return fail(Event::too_long);
    if (!ends) return Event::more;
    size += 2;
  }
  part_ = {};
  bool named = false;
  std::string_view head = text.substr(0, size);
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    const bool disposition =
        line.size() >= 20 && equal_ignoring_case(line.substr(0, 20), "content-disposition:");
    if (disposition && named) return fail(Event::bad);
    named |= disposition;
    if (!read_line(line)) return fail(Event::bad);
  }
  if (!named) return fail(Event::bad);
  used_ += size + 2;
  at_ = At::body;
  return Event::part;
}

bool MultipartReader::read_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all_are(name, detail::token_char) || !all_are(value, detail::value_char)) return false;
  if (equal_ignoring_case(name, "content-type")) part_.media_type = value;
  if (equal_ignoring_case(name, "content-disposition")) return read_disposition(value);
  return true;
}

bool MultipartReader::read_disposition(std::string_view value) {
  const std::size_t end = std::min(value.find(';'), value.size());
  if (!equal_ignoring_case(trim(value.substr(0, end)), "form-data")) return false;
  value.remove_prefix(end);
  bool has_name = false;
  std::string name, text;
  while (!trim(value).empty()) {
    if (!take_parameter(value, name, text)) return false;
    if (name == "name") {
      if (has_name) return false;
      has_name = true;
      part_.name = text;
    } else if (name == "filename") {
      if (part_.filename) return false;
      part_.filename = text;
    }
  }
  return has_name;
}

MultipartReader::Event MultipartReader::read_body() {
  const std::string_view text = rest();
  bytes_ = {};
  const std::size_t found = text.find(delimiter_);
  const bool here = found != std::string_view::npos;
  const std::size_t whole =
      here ? found : text.size() - std::min(text.size(), delimiter_.size() - 1);
  if (whole > 0) {
    bytes_ = text.substr(0, whole);
    used_ += whole;
    return Event::bytes;
  }
  if (!here) return Event::more;
  used_ += delimiter_.size();
  at_ = At::after_delimiter;
  return Event::part_over;
}

}  // namespace molecule::http
