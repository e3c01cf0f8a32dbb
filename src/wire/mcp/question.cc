#include "wire/mcp/question.h"

#include <algorithm>

#include "base/fault.h"
#include "wire/mcp/revisions.h"

namespace molecule::mcp {
namespace {

using json::Node;
using json::Type;

bool takes_text(const Words& tool, std::string_view name) {
  return std::ranges::any_of(tool.arguments, [&](const Argument& each) {
    return each.name == name && each.form == Argument::Form::text;
  });
}

// Members of `object`, those of `others` in their places.
std::string merged(Node object, const std::vector<std::pair<std::string, std::string>>& others) {
  json::Object out;
  for (std::size_t i = 0; object.is(Type::object) && i < object.size(); ++i) {
    if (std::ranges::find(others, object.name_at(i), &std::pair<std::string, std::string>::first) ==
        others.end())
      out.add(object.name_at(i), RawJson(object.value_at(i).text()));
  }
  for (const auto& [name, value] : others) out.add(name, value);
  return out.text();
}

}  // namespace

bool can_be_asked(Node capabilities) {
  const Node elicitation = capabilities.find("elicitation");
  // One that names no way knows forms.
  return elicitation.is(Type::object) && (elicitation.size() == 0 || elicitation.find("form"));
}

std::string form_params(const Question& question, std::string_view revision) {
  json::Object answer, schema, params;
  answer.add("type", "string").add("title", "Answer");
  schema.add("type", "object").add("properties", json::Object{}.add("answer", answer.raw()).raw());
  schema.add("required", std::vector<std::string>{"answer"});
  if (revision >= "2025-11-25") params.add("mode", "form");
  params.add("message", question.text).add("requestedSchema", schema.raw());
  return params.text();
}

std::optional<std::string> said_in_form(Node result) {
  if (text_of(result, "action") != "accept") return std::nullopt;
  std::string answer = text_of(result.find("content"), "answer");
  if (answer.empty()) return std::nullopt;
  return answer;
}

std::string with_answer(Node arguments, const Question& question, std::string_view answer) {
  auto others = question.beside;
  others.emplace_back(question.argument, answer);
  return merged(arguments, others);
}

json::Object input_required(const Question& question) {
  json::Object request, requests, state, result;
  request.add("method", "elicitation/create");
  request.add("params", RawJson(form_params(question, stateless_revision)));
  requests.add(question.argument, request.raw());
  for (const auto& [name, value] : question.beside) state.add(name, value);
  result.add("inputRequests", requests.raw()).add("requestState", state.text());
  return result;
}

std::optional<Again> called_again(const Words& tool, Node params) {
  const Node responses = params.find("inputResponses");
  if (!responses.is(Type::object)) return std::nullopt;
  Again again;
  std::vector<std::pair<std::string, std::string>> said;
  bool known = false;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    if (!takes_text(tool, responses.name_at(i))) continue;
    known = true;
    const auto answer = said_in_form(responses.value_at(i));
    if (!answer) return again;
    said.emplace_back(responses.name_at(i), *answer);
  }
  if (!known) {
    again.wrong = "inputResponses: nothing of what was asked is answered";
    return again;
  }
  if (const std::string state = text_of(params, "requestState"); !state.empty()) {
    try {
      const json::Document document = json::Document::parse(state);
      const Node root = document.root();
      for (std::size_t i = 0; i < root.size(); ++i)
        if (takes_text(tool, root.name_at(i)) && root.value_at(i).is(Type::string))
          said.emplace_back(root.name_at(i), std::string(root.value_at(i).string()));
    } catch (const Fault&) {
      again.wrong = "requestState: it is none that was given";
      return again;
    }
  }
  again.arguments = merged(params.find("arguments"), said);
  return again;
}

}  // namespace molecule::mcp
