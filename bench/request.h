// A request as it goes on the wire but for its Content-Length, with holes for what differs from one
// to the next: "{id}" becomes a number never used before in this run (16 hex digits), "{0}" and
// "{1}" the fields of a row.

#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measuring.h"

using Row = std::pair<std::string, std::string>;

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// One of two words a line.
inline std::vector<Row> read_rows(const std::string& path) {
  std::vector<Row> rows;
  std::istringstream text(read_file(path));
  for (std::string a, b; text >> a >> b;) rows.emplace_back(a, b);
  if (rows.empty()) die("the rows file is empty");
  return rows;
}

// A text with holes, cut once so that filling it is only appending.
class Template {
 public:
  Template() = default;
  explicit Template(std::string_view text) {
    while (!text.empty()) {
      const auto at = text.find('{');
      const auto hole = at == text.npos                        ? Hole::none
                        : text.substr(at).starts_with("{id}")  ? Hole::id
                        : text.substr(at).starts_with("{0}")   ? Hole::first
                        : text.substr(at).starts_with("{1}")   ? Hole::second
                        : text.substr(at).starts_with("{now}") ? Hole::now
                                                               : Hole::none;
      const auto literal = hole != Hole::none ? at : at == text.npos ? text.size() : at + 1;
      pieces_.push_back({std::string(text.substr(0, literal)), hole});
      text.remove_prefix(literal + size(hole));
    }
  }
  void fill(std::string& out, std::string_view id, const Row* row) const {
    for (const auto& piece : pieces_) {
      out += piece.literal;
      if (piece.hole == Hole::id) out += id;
      if (piece.hole == Hole::now) append_stamp(out, now_ns());
      if (piece.hole == Hole::first && row != nullptr) out += row->first;
      if (piece.hole == Hole::second && row != nullptr) out += row->second;
    }
  }

 private:
  enum class Hole { none, id, first, second, now };
  static std::size_t size(Hole hole) {
    switch (hole) {
      case Hole::none: return 0;
      case Hole::id: return 4;
      case Hole::first:
      case Hole::second: return 3;
      case Hole::now: return 5;
    }
    return 0;
  }
  struct Piece {
    std::string literal;
    Hole hole;
  };
  std::vector<Piece> pieces_;
};

// Numbers as they stand for "{id}".
class Ids {
 public:
  explicit Ids(std::uint64_t first) : next_(first) {}
  std::uint64_t next() const { return next_; }
  std::string_view take() {
    auto value = next_++;
    for (auto digit = text_.rbegin(); digit != text_.rend(); ++digit, value >>= 4)
      *digit = "0123456789abcdef"[value & 15];
    return {text_.data(), text_.size()};
  }

 private:
  std::uint64_t next_;
  std::array<char, 16> text_{};
};

// The headers and the body of a request file.
class HttpRequest {
 public:
  HttpRequest() = default;
  explicit HttpRequest(const std::string& text) {
    const auto cut = text.find("\n\n");
    if (cut == text.npos) die("the request file needs an empty line after its headers");
    std::string head;
    std::istringstream lines(text.substr(0, cut));
    for (std::string line; std::getline(lines, line);) head += line + "\r\n";
    head_ = Template(head);
    auto body = text.substr(cut + 2);
    while (!body.empty() && body.back() == '\n') body.pop_back();
    body_ = Template(body);
  }
  void fill(std::string& out, std::string_view id, const Row* row) {
    filled_.clear();
    body_.fill(filled_, id, row);
    head_.fill(out, id, row);
    if (!filled_.empty()) out += "Content-Length: " + std::to_string(filled_.size()) + "\r\n";
    out += "\r\n";
    out += filled_;
  }

 private:
  Template head_;
  Template body_;
  std::string filled_;
};
