#include "manage/request.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fault.h"
#include "client/operator.h"
#include "manage/pages.h"

namespace molecule::manage {
namespace {

using json::Node;
using json::Type;

bool is_in(std::string_view list, std::string_view word) {
  const auto words = words_in(list);
  return std::ranges::find(words, word) != words.end();
}

std::string segment(Node arguments, std::string_view name) {
  const std::string text = mcp::text_of(arguments, name);
  // What is between two slashes must stay there, whoever tidies the path on its way.
  if (text.empty() || text == "." || text == "..")
    throw bad_request("bad_argument", fmt::format("{}: '{}' names nothing", name, text));
  return client::escaped(text);
}

std::string filled(std::string_view route, std::string_view names, Node arguments) {
  std::string out;
  auto values = words_in(names);
  std::size_t next = 0;
  while (!route.empty()) {
    const std::size_t open = std::min(route.find('{'), route.size());
    out += route.substr(0, open);
    route.remove_prefix(open);
    if (route.empty()) break;
    out += segment(arguments, values.at(next++));
    route.remove_prefix(route.find('}') + 1);
  }
  return out;
}

}  // namespace

std::vector<std::string_view> words_in(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) out.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

client::Ask request_of(const Tool& tool, Node arguments) {
  const bool narrowed = !tool.narrowed.empty() && !mcp::text_of(arguments, "workspace_id").empty();
  const std::string_view names = narrowed ? "workspace_id" : tool.path;
  client::Ask ask;
  ask.method = tool.method;
  ask.path = filled(narrowed ? tool.narrowed : tool.route, names, arguments);
  ask.repeatable = tool.words.again;
  std::string query(tool.query);
  if (tool.made == Made::paged || tool.made == Made::remote_agents)
    query = page_query(arguments) + (query.empty() ? "" : "&") + query;
  json::Object body;
  for (const mcp::Argument& argument : tool.words.arguments) {
    const Node value = arguments.find(argument.name);
    const bool null_counts = argument.form == mcp::Argument::Form::text_or_null;
    if (!value || (value.is(Type::null) && !null_counts)) continue;
    if (is_in(names, argument.name) || is_in(tool.own, argument.name)) continue;
    if (argument.name == tool.body) {
      ask.body = value.text();
      continue;
    }
    if (tool.method != http::Method::get && !is_in(tool.asked, argument.name)) {
      body.add(argument.name, RawJson(value.text()));
      continue;
    }
    const std::string text = value.is(Type::string) ? std::string(value.string()) : value.text();
    if (text.empty()) continue;
    query += fmt::format("{}{}={}", query.empty() ? "" : "&", argument.name, client::escaped(text));
  }
  if (!query.empty()) ask.path += "?" + query;
  if (tool.method != http::Method::get && tool.method != http::Method::del && tool.body.empty())
    ask.body = body.text();
  return ask;
}

}  // namespace molecule::manage
