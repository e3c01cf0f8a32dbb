#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include <fmt/core.h>

#include "platform/http/route.h"
#include "platform/http/syntax.h"

namespace molecule::http {

namespace detail {

void bad_path_id(std::string_view) {
  throw bad_request("bad_id", "the id in the path is not a UUID");
}

void read_query_field(const Request& request, std::string_view name,
                      std::optional<std::string>& out) {
  auto value = request.query_value(name);
  if (value && !value->empty()) out = std::move(*value);
}

void read_query_field(const Request& request, std::string_view name,
                      std::optional<std::int64_t>& out) {
  auto value = request.query_value(name);
  if (!value || value->empty()) return;
  std::int64_t number = 0;
  const char* end = value->data() + value->size();
  auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc{} || stop != end) {
    throw bad_request("bad_query", fmt::format("the query member {} must be a whole number", name));
  }
  out = number;
}

void read_query_field(const Request& request, std::string_view name, Wait& out) {
  read_query_field(request, name, out.seconds);
  out.at_once = request.method == Method::head;
}

void read_query_field(const Request& request, std::string_view name, std::optional<bool>& out) {
  auto value = request.query_value(name);
  if (!value || value->empty()) return;
  if (*value == "true" || *value == "1") {
    out = true;
  } else if (*value == "false" || *value == "0") {
    out = false;
  } else {
    throw bad_request("bad_query", fmt::format("the query member {} must be true or false", name));
  }
}

}  // namespace detail

Contract contract_of(const Route& route, json::Shapes& shapes) {
  Contract contract;
  if (route.sign) route.sign(shapes, contract);
  if (route.body) contract.body = route.body(shapes);
  if (route.body_codes) contract.body_refusals = route.body_codes();
  contract.body_may_be_absent = route.body_may_be_absent;
  if (route.stated.front().status != 0) contract.answers.clear();
  for (const Route::Stated& stated : route.stated) {
    if (stated.status == 0) break;
    std::optional<json::Shape> shape;
    if (stated.shape) shape = stated.shape(shapes);
    contract.answers.push_back({stated.status, std::move(shape), stated.media});
  }
  return contract;
}

std::chrono::seconds Wait::patience(std::int64_t most) const {
  const std::int64_t asked = seconds.value_or(0);
  if (asked < 0 || asked > most)
    throw bad_request("invalid_wait", fmt::format("wait must be 0 to {} seconds", most));
  return std::chrono::seconds(at_once ? 0 : asked);
}

namespace {

constexpr std::array methods{Method::get, Method::head,  Method::post,
                             Method::put, Method::patch, Method::del};
constexpr std::size_t depth_max = 32;  // Segments of a pattern; longer paths match nothing.

unsigned bit(Method method) { return 1U << static_cast<unsigned>(method); }

std::string allow_text(unsigned allowed) {
  std::string text;
  for (Method method : methods) {
    bool has = (allowed & bit(method)) != 0 ||
               (method == Method::head && (allowed & bit(Method::get)) != 0);
    if (!has) continue;
    if (!text.empty()) text += ", ";
    text += method_text(method);
  }
  return text + ", OPTIONS";
}

}  // namespace

struct Router::Leaf {
  Route route;
  void* service;
  std::size_t index;
};

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  // By suffix; the longest is tried first, the plain {name} last.
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> names;
  std::unique_ptr<Node> rest;  // Of "{name...}".
  std::array<std::unique_ptr<Leaf>, 7> leaves;
};

Router::Router(Gate& gate) : gate_(gate), root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::fallback(std::function<Response(const Request&)> answer) {
  fallback_ = std::move(answer);
}

void Router::add(const Route& route, void* service) {
  std::string_view pattern = route.pattern;
  if (!pattern.starts_with('/')) throw std::logic_error("a route pattern starts with /");
  Node* node = root_.get();
  std::string_view rest = pattern.substr(1);
  for (std::size_t depth = 0; !rest.empty(); ++depth) {
    if (depth == depth_max) throw std::logic_error("a route pattern is too deep");
    std::size_t slash = rest.find('/');
    std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    auto* branch = &node->literals;
    if (segment.starts_with('{')) {
      std::size_t close = segment.find('}');
      if (close == std::string_view::npos)
        throw std::logic_error("a route pattern has an open brace");
      if (segment.substr(0, close).ends_with("...")) {
        if (!rest.empty() || close + 1 != segment.size())
          throw std::logic_error("a route pattern goes on behind the rest of the path");
        if (!node->rest) node->rest = std::make_unique<Node>();
        node = node->rest.get();
        continue;
      }
      segment = segment.substr(close + 1);
      branch = &node->names;
    }
    auto at = std::find_if(branch->begin(), branch->end(),
                           [&](const auto& entry) { return entry.first == segment; });
    if (at == branch->end()) {
      at = std::find_if(branch->begin(), branch->end(),
                        [&](const auto& entry) { return entry.first.size() < segment.size(); });
      at = branch->emplace(at, std::string(segment), std::make_unique<Node>());
    }
    node = at->second.get();
  }
  auto& leaf = node->leaves[static_cast<std::size_t>(route.method)];
  if (leaf) throw std::logic_error("a route is mounted twice");
  leaf = std::make_unique<Leaf>(Leaf{route, service, routes_.size()});
  routes_.push_back(route);
}

// `rest` is the path behind the slash that ends the previous segment. Fills request.params on
// success.
const Router::Leaf* Router::walk(const Node& node, std::string_view rest, Method method,
                                 Request& request, unsigned& allowed) const {
  if (rest.data() == nullptr) {
    if (const auto& exact = node.leaves[static_cast<std::size_t>(method)]) return exact.get();
    if (method == Method::head) {
      if (const auto& get = node.leaves[static_cast<std::size_t>(Method::get)]) return get.get();
    }
    for (Method other : methods) {
      if (node.leaves[static_cast<std::size_t>(other)]) allowed |= bit(other);
    }
    return nullptr;
  }
  std::size_t slash = rest.find('/');
  std::string_view raw = rest.substr(0, slash);
  std::string_view next =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  std::string_view segment = raw;
  std::optional<std::string> decoded;
  if (raw.find('%') != std::string_view::npos) {
    decoded = percent_decode(raw);
    if (!decoded) return nullptr;
    segment = *decoded;
  }
  for (const auto& [literal, child] : node.literals) {
    if (literal != segment) continue;
    if (const Leaf* leaf = walk(*child, next, method, request, allowed)) return leaf;
    break;
  }
  for (const auto& [suffix, child] : node.names) {
    if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) continue;
    std::size_t before = request.params.size();
    request.params.emplace_back(segment.substr(0, segment.size() - suffix.size()));
    if (const Leaf* leaf = walk(*child, next, method, request, allowed)) return leaf;
    request.params.resize(before);
  }
  if (node.rest && !rest.empty()) {
    auto whole = percent_decode(rest);
    if (!whole) return nullptr;
    request.params.push_back(std::move(*whole));
    if (const Leaf* leaf = walk(*node.rest, {}, method, request, allowed)) return leaf;
    request.params.pop_back();
  }
  return nullptr;
}

Router::Match Router::find(Request& request) const {
  Match match;
  request.params.clear();
  std::string_view rest = request.path.substr(1);
  if (rest.empty()) rest = {};
  unsigned allowed = 0;
  if (const Leaf* leaf = walk(*root_, rest, request.method, request, allowed)) {
    match.route = &leaf->route;
    match.service = leaf->service;
    match.index = leaf->index;
    return match;
  }
  if (allowed != 0) {
    if (request.method == Method::options) {
      match.refusal.emplace();
      match.refusal->status = 204;
    } else {
      match.refusal =
          error_response(405, "method_not_allowed",
                         fmt::format("{} is not possible here", method_text(request.method)));
    }
    match.refusal->headers.emplace_back("Allow", allow_text(allowed));
    return match;
  }
  if (rest.size() > 1 && rest.ends_with('/')) {
    const Leaf* leaf =
        walk(*root_, rest.substr(0, rest.size() - 1), request.method, request, allowed);
    request.params.clear();
    if (leaf) {
      // Told from where the request is, since a proxy may have put all of us below a prefix.
      const std::string_view path = request.path.substr(0, request.path.size() - 1);
      std::string to = fmt::format("../{}", path.substr(path.rfind('/') + 1));
      if (!request.query.empty()) {
        to += '?';
        to += request.query;
      }
      bool safe = request.method == Method::get || request.method == Method::head;
      match.refusal = error_response(safe ? 301 : 307, "moved", "the path has no slash at its end");
      match.refusal->headers.emplace_back("Location", std::move(to));
    }
  }
  return match;
}

std::vector<Route> Router::all() const { return routes_; }

}  // namespace molecule::http
