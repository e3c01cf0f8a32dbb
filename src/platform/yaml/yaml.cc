#include "platform/yaml/yaml.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <map>
#include <streambuf>
#include <unordered_set>

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/fault.h"

namespace molecule::yaml {
namespace {

Fault invalid(int line, int column, std::string_view what) {
  return bad_request("invalid_yaml", fmt::format("line {}, column {}: {}", line, column, what));
}

// The parser recurses, so what opens too many brackets is refused before it begins.
constexpr std::size_t brackets_max = 500;

void check_brackets(std::string_view text) {
  std::size_t open = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > brackets_max) throw invalid(1, 1, "it is nested too deeply");
  }
}

// Puts the tree together as the parser goes.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const Limits& limits) : limits_(limits) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = made(Node::Kind::nothing, mark);
    count({1, 0}, mark);
    if (anchor != 0) remember(anchor, node, {1, 0});
    put(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw at(mark, "this alias names something that is not there yet");
    count(known->second.size, mark);
    Node copy = known->second.node;
    copy.line = mark.line + 1;
    copy.column = mark.column + 1;
    put(std::move(copy));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = made(Node::Kind::scalar, mark);
    node.text = value;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    const bool none = !node.quoted && (value.empty() || value == "~" || value == "null");
    if (none) node.kind = Node::Kind::nothing;
    count({1, value.size()}, mark);
    if (anchor != 0) remember(anchor, node, {1, value.size()});
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Node::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Node::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Size {
    std::size_t nodes = 0;
    std::size_t texts = 0;
  };
  struct Anchored {
    Node node;
    Size size;
  };
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    Size before;                            // There was that much when it began.
    std::optional<std::string> name;        // Of the member that comes next.
    std::unordered_set<std::string> names;  // Of all members so far.
  };

  static Fault at(const YAML::Mark& mark, std::string_view what) {
    return invalid(mark.line + 1, mark.column + 1, what);
  }
  static Node made(Node::Kind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }
  void count(const Size& more, const YAML::Mark& mark) {
    size_.nodes += more.nodes;
    size_.texts += more.texts;
    if (size_.nodes > limits_.nodes || size_.texts > limits_.texts)
      throw at(mark, "there is too much of it");
  }
  // What is kept for aliases is a copy as well: an anchor in an anchor is kept with each of them.
  void remember(YAML::anchor_t anchor, const Node& node, const Size& size) {
    kept_.nodes += size.nodes;
    kept_.texts += size.texts;
    if (kept_.nodes > limits_.nodes || kept_.texts > limits_.texts)
      throw invalid(node.line, node.column, "there is too much of it");
    anchors_[anchor] = {node, size};
  }
  void begin(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.depth) throw at(mark, "it is nested too deeply");
    open_.push_back({made(kind, mark), anchor, size_, std::nullopt, {}});
    count({1, 0}, mark);
  }
  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0)
      remember(done.anchor, done.node,
               {size_.nodes - done.before.nodes, size_.texts - done.before.texts});
    put(std::move(done.node));
  }
  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& in = open_.back();
    if (in.node.is(Node::Kind::list)) {
      in.node.items.push_back(std::move(node));
      return;
    }
    if (!in.name) {
      if (!node.is(Node::Kind::scalar))
        throw invalid(node.line, node.column, "the name of a member must be a text");
      if (!in.names.insert(node.text).second)
        throw invalid(node.line, node.column, fmt::format("{} stands there twice", node.text));
      in.name = std::move(node.text);
      return;
    }
    in.node.names.push_back(std::move(*in.name));
    in.node.items.push_back(std::move(node));
    in.name.reset();
  }

  const Limits& limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Size size_;
  Size kept_;  // In the anchors.
  Node root_;
};

// A text as a stream, without a copy.
class View final : public std::streambuf {
 public:
  explicit View(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

}  // namespace

const Node* Node::find(std::string_view name) const {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return &items[i];
  return nullptr;
}

std::optional<bool> Node::boolean() const {
  if (kind != Kind::scalar) return std::nullopt;
  std::string word = text;
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::optional<std::int64_t> Node::integer() const {
  if (kind != Kind::scalar) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string Node::place() const { return fmt::format("line {}, column {}", line, column); }

Node parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes)
    throw bad_request("invalid_yaml",
                      fmt::format("line 1, column 1: it is longer than {} bytes", limits.bytes));
  check_brackets(text);
  View view(text);
  std::istream in(&view);
  Builder builder(limits);
  try {
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& problem) {
    throw invalid(std::max(0, problem.mark.line) + 1, std::max(0, problem.mark.column) + 1,
                  problem.msg);
  }
  return builder.take();
}

}  // namespace molecule::yaml
