// The tree behind Document and Node. Boost.JSON reads the text; the tree is ours because a number
// must keep its digits: what is passed on must not change on the way.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory_resource>

#include <boost/container/small_vector.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "platform/json/json.h"

namespace molecule::json {
namespace bj = boost::json;

namespace {

constexpr std::size_t first_block_max = 64u << 10;
constexpr std::size_t searched_max = 16;  // Objects with more members are searched by their order.
constexpr double whole_max = 9.0e15;      // Doubles up to here are exact whole numbers.

struct Member;

struct Value {
  Type type = Type::null;
  bool digits = false;     // A number that is kept as its text.
  bool endless = false;    // One that is too large for a double.
  std::uint32_t size = 0;  // Of the text, the list or the object.
  union {
    bool truth;
    std::int64_t whole;
    const char* text;
    const Value* items;
    const Member* members;  // Followed by their order by name when there are many.
  };
  Value() : whole(0) {}
  std::string_view view() const { return {text, size}; }
};

// Node reads the type without knowing more.
static_assert(std::is_standard_layout_v<Value> && offsetof(Value, type) == 0);

struct Member {
  std::string_view name;
  Value value;
};

const Value& as(const void* value) { return *static_cast<const Value*>(value); }
const std::uint32_t* order_of(const Value& object) {
  return reinterpret_cast<const std::uint32_t*>(object.members + object.size);
}
double double_of(std::string_view digits) {
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Where the escape of a NUL begins. A backslash that is itself escaped begins none.
std::size_t find_nul(std::string_view text) {
  constexpr std::string_view escape = "\\u0000";
  for (std::size_t at = text.find(escape); at != std::string_view::npos;
       at = text.find(escape, at + 1)) {
    std::size_t before = at;
    while (before > 0 && text[before - 1] == '\\') --before;
    if ((at - before) % 2 == 0) return at;
  }
  return std::string_view::npos;
}

// Builds the tree from what the parser finds.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Code = bj::error_code;

  Builder(std::pmr::memory_resource& memory, std::size_t members_max)
      : memory_(memory), members_max_(members_max) {}

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return open(false); }
  bool on_object_begin(Code&) { return open(true); }

  bool on_array_end(std::size_t n, Code& code) {
    Value list;
    list.type = Type::array;
    list.size = static_cast<std::uint32_t>(n);
    auto* items = static_cast<Value*>(memory_.allocate(n * sizeof(Value), alignof(Value)));
    std::uninitialized_copy_n(values_.end() - static_cast<std::ptrdiff_t>(n), n, items);
    list.items = items;
    return close(list, n, code);
  }

  bool on_object_end(std::size_t n, Code& code) {
    Value object;
    object.type = Type::object;
    object.size = static_cast<std::uint32_t>(n);
    const std::size_t order_size = n > searched_max ? n * sizeof(std::uint32_t) : 0;
    auto* members =
        static_cast<Member*>(memory_.allocate(n * sizeof(Member) + order_size, alignof(Member)));
    const std::size_t values_at = values_.size() - n, names_at = names_.size() - n;
    for (std::size_t i = 0; i < n; ++i)
      std::construct_at(members + i, Member{names_[names_at + i], values_[values_at + i]});
    object.members = members;
    if (const std::string_view* twice = find_twice(object)) {
      const std::string where = path(frames_.size() - 1);
      return refuse(fmt::format("the member \"{}\" is there twice{}{}", storable(*twice, 64),
                                where.empty() ? "" : " in ", where),
                    code);
    }
    names_.resize(names_at);
    return close(object, n, code);
  }

  bool on_key_part(std::string_view part, std::size_t, Code&) {
    partial_ += part;
    return true;
  }
  bool on_key(std::string_view rest, std::size_t, Code&) {
    names_.push_back(kept(rest));
    return true;
  }
  bool on_string_part(std::string_view part, std::size_t, Code&) {
    partial_ += part;
    return true;
  }
  bool on_string(std::string_view rest, std::size_t, Code& code) {
    std::string_view whole = kept(rest);
    Value value;
    value.type = Type::string;
    value.size = static_cast<std::uint32_t>(whole.size());
    value.text = whole.data();
    return push(value, code);
  }
  bool on_number_part(std::string_view, Code&) { return true; }  // Text comes in one piece.
  bool on_int64(std::int64_t whole, std::string_view text, Code& code) {
    if (whole == 0 && text.front() == '-') return number(Type::integer, text, code);
    Value value;
    value.type = Type::integer;
    value.whole = whole;
    return push(value, code);
  }
  bool on_uint64(std::uint64_t, std::string_view text, Code& code) {
    return number(Type::number, text, code);
  }
  bool on_double(double value, std::string_view text, Code& code) {
    // Hardly anyone can read it, but it is JSON, and whoever passes it on has no say in it.
    if (!std::isfinite(value)) return number(Type::number, text, code, true);
    // 3.0 is a whole number to every client; so it is here.
    const bool whole = std::trunc(value) == value && std::abs(value) < whole_max;
    return number(whole ? Type::integer : Type::number, text, code);
  }
  bool on_bool(bool truth, Code& code) {
    Value value;
    value.type = Type::boolean;
    value.truth = truth;
    return push(value, code);
  }
  bool on_null(Code& code) { return push(Value(), code); }
  bool on_comment_part(std::string_view, Code&) { return true; }
  bool on_comment(std::string_view, Code&) { return true; }

  const Value& root() const { return values_.front(); }
  const std::string& problem() const { return problem_; }
  // " at params.message", or nothing at the top.
  std::string at_path() const {
    const std::string where = path(frames_.size());
    return where.empty() ? where : " at " + where;
  }

 private:
  struct Frame {
    bool object;
    std::size_t values_at;
    std::size_t names_at;
  };

  bool open(bool object) {
    frames_.push_back({object, values_.size(), names_.size()});
    return true;
  }
  bool close(const Value& value, std::size_t n, Code& code) {
    values_.resize(values_.size() - n);
    frames_.pop_back();
    return push(value, code);
  }
  bool push(const Value& value, Code& code) {
    if (!frames_.empty() && ++members_ > members_max_)
      return refuse(fmt::format("more than {} members", members_max_), code);
    values_.push_back(value);
    return true;
  }
  bool number(Type type, std::string_view text, Code& code, bool endless = false) {
    std::string_view digits = kept(text);
    Value value;
    value.type = type;
    value.digits = true;
    value.endless = endless;
    value.size = static_cast<std::uint32_t>(digits.size());
    value.text = digits.data();
    return push(value, code);
  }
  // A copy of the text that lives as long as the tree.
  std::string_view kept(std::string_view rest) {
    const std::size_t size = partial_.size() + rest.size();
    if (size == 0) return {"", 0};
    auto* at = static_cast<char*>(memory_.allocate(size, 1));
    if (!partial_.empty()) std::memcpy(at, partial_.data(), partial_.size());
    if (!rest.empty()) std::memcpy(at + partial_.size(), rest.data(), rest.size());
    partial_.clear();
    return {at, size};
  }
  // The name that two members share. Two readers would choose differently, and one of them is who
  // checks. Writes the order of many members.
  static const std::string_view* find_twice(const Value& object) {
    const Member* members = object.members;
    if (object.size <= searched_max) {
      for (std::size_t i = 1; i < object.size; ++i) {
        for (std::size_t k = 0; k < i; ++k) {
          if (members[i].name == members[k].name) return &members[i].name;
        }
      }
      return nullptr;
    }
    auto* order = const_cast<std::uint32_t*>(order_of(object));
    for (std::uint32_t i = 0; i < object.size; ++i) std::construct_at(order + i, i);
    std::sort(order, order + object.size, [members](std::uint32_t a, std::uint32_t b) {
      return members[a].name < members[b].name;
    });
    for (std::size_t i = 1; i < object.size; ++i) {
      if (members[order[i]].name == members[order[i - 1]].name) return &members[order[i]].name;
    }
    return nullptr;
  }
  bool refuse(std::string problem, Code& code) {
    problem_ = std::move(problem);
    code = bj::error::syntax;
    return false;
  }
  // Of what is being read inside the outermost `depth` lists and objects.
  std::string path(std::size_t depth) const {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) {
      const Frame& frame = frames_[i];
      const bool last = i + 1 == frames_.size();
      const std::size_t values_end = last ? values_.size() : frames_[i + 1].values_at;
      const std::size_t names_end = last ? names_.size() : frames_[i + 1].names_at;
      const std::size_t index = values_end - frame.values_at;
      if (!frame.object) {
        out += fmt::format("[{}]", index);
      } else if (names_end - frame.names_at > index) {
        if (!out.empty()) out += '.';
        out += storable(names_[names_end - 1], 64);
      }
    }
    return out;
  }

  std::pmr::memory_resource& memory_;
  const std::size_t members_max_;
  std::size_t members_ = 0;
  // Most bodies need no more than stands on the stack.
  boost::container::small_vector<Value, 32> values_;
  boost::container::small_vector<std::string_view, 32> names_;
  boost::container::small_vector<Frame, 16> frames_;
  std::string partial_;
  std::string problem_;
};

// Whether the text before `at` ends with the escape of a first half, with or without the backslash
// of what should have been the second.
bool follows_half(std::string_view text, std::size_t at) {
  text = text.substr(0, at);
  if (text.ends_with('\\')) text.remove_suffix(1);
  if (text.size() < 6) return false;
  text.remove_prefix(text.size() - 6);
  return (text.starts_with("\\ud") || text.starts_with("\\uD")) &&
         std::string_view("89abAB").contains(text[3]);
}

std::string explained(const bj::error_code& error, const Builder& builder, std::string_view text,
                      std::size_t at, const Limits& limits) {
  if (!builder.problem().empty()) return builder.problem();
  if (error == bj::error::too_deep) return fmt::format("nested deeper than {}", limits.depth);
  const bool half = error == bj::error::illegal_leading_surrogate ||
                    error == bj::error::illegal_trailing_surrogate ||
                    (error == bj::error::syntax && follows_half(text, at));
  if (half)
    return fmt::format("half of a character (a lone surrogate){} at byte {}", builder.at_path(),
                       at);
  return fmt::format("{}{} at byte {}", error.message(), builder.at_path(), at);
}

}  // namespace

struct Document::Impl {
  std::unique_ptr<std::byte[]> first;
  std::pmr::monotonic_buffer_resource memory;
  Value root;
  explicit Impl(std::size_t size) : first(new std::byte[size]), memory(first.get(), size) {}
};

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;
Node Document::root() const { return Node(&impl_->root); }

Document Document::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    throw Fault(Kind::too_large, "body_too_large",
                fmt::format("JSON is larger than {} bytes", limits.bytes));
  }
  bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) throw bad_request("invalid_json", "invalid JSON: the body is empty");
  if (limits.nul == Nul::refused) {
    std::size_t nul = find_nul(text);
    if (nul != std::string_view::npos) {
      throw bad_request(
          "invalid_json",
          fmt::format("invalid JSON: text must not hold a NUL character (byte {})", nul));
    }
  }
  auto impl = std::make_unique<Impl>(std::min<std::size_t>(text.size() * 3 + 512, first_block_max));
  bj::parse_options options;
  options.max_depth = limits.depth;
  bj::basic_parser<Builder> parser(options, impl->memory, limits.members);
  bj::error_code error;
  std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    throw bad_request("invalid_json",
                      "invalid JSON: " + explained(error, parser.handler(), text, used, limits));
  }
  if (text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    throw bad_request("invalid_json",
                      fmt::format("invalid JSON: unexpected text at byte {}", used));
  }
  impl->root = parser.handler().root();
  return Document(std::move(impl));
}

bool Node::boolean() const { return as(value_).truth; }
std::int64_t Node::integer() const {
  const Value& value = as(value_);
  return value.digits ? static_cast<std::int64_t>(double_of(value.view())) : value.whole;
}
double Node::number() const {
  const Value& value = as(value_);
  if (value.endless) {
    const double endless = std::numeric_limits<double>::infinity();
    return value.text[0] == '-' ? -endless : endless;
  }
  return value.digits ? double_of(value.view()) : static_cast<double>(value.whole);
}
std::string_view Node::string() const { return as(value_).view(); }
std::size_t Node::size() const {
  const Value& value = as(value_);
  return value.type == Type::array || value.type == Type::object ? value.size : 0;
}
Node Node::at(std::size_t index) const { return Node(&as(value_).items[index]); }
Node Node::find(std::string_view name) const {
  if (!is(Type::object)) return {};
  const Value& object = as(value_);
  if (object.size <= searched_max) {
    for (std::size_t i = 0; i < object.size; ++i) {
      if (object.members[i].name == name) return Node(&object.members[i].value);
    }
    return {};
  }
  const std::uint32_t* order = order_of(object);
  const std::uint32_t* end = order + object.size;
  const auto* found =
      std::lower_bound(order, end, name, [&object](std::uint32_t index, std::string_view wanted) {
        return object.members[index].name < wanted;
      });
  if (found == end || object.members[*found].name != name) return {};
  return Node(&object.members[*found].value);
}
void Node::find_all(std::span<const std::string_view> names, Node* found) const {
  const Value& object = as(value_);
  if (object.size > searched_max) {
    for (std::size_t i = 0; i < names.size(); ++i) found[i] = find(names[i]);
    return;
  }
  // Most clients send what they send in the order of the fields.
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < object.size; ++i) {
    const Member& member = object.members[i];
    for (std::size_t tried = 0; tried < names.size(); ++tried) {
      const std::size_t place = next;
      next = next + 1 == names.size() ? 0 : next + 1;
      if (names[place] != member.name) continue;
      found[place] = Node(&member.value);
      break;
    }
  }
}
std::string_view Node::name_at(std::size_t index) const { return as(value_).members[index].name; }
Node Node::value_at(std::size_t index) const { return Node(&as(value_).members[index].value); }

namespace {
void write_value(std::string& out, const Value& value) {
  switch (value.type) {
    case Type::null: out += "null"; return;
    case Type::boolean: out += value.truth ? "true" : "false"; return;
    case Type::integer:
    case Type::number:
      if (value.digits) {
        out += value.view();
      } else {
        std::array<char, 24> digits;
        auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.whole).ptr;
        out.append(digits.data(), end);
      }
      return;
    case Type::string: quote(out, value.view()); return;
    case Type::array:
      out += '[';
      for (std::size_t i = 0; i < value.size; ++i) {
        if (i > 0) out += ',';
        write_value(out, value.items[i]);
      }
      out += ']';
      return;
    case Type::object:
      out += '{';
      for (std::size_t i = 0; i < value.size; ++i) {
        if (i > 0) out += ',';
        quote(out, value.members[i].name);
        out += ':';
        write_value(out, value.members[i].value);
      }
      out += '}';
      return;
  }
}
}  // namespace

std::string Node::text() const {
  std::string out;
  write_value(out, as(value_));
  return out;
}

std::string compact(std::string_view text, const Limits& limits) {
  return Document::parse(text, limits).root().text();
}

}  // namespace molecule::json
