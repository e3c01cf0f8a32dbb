#include "wire/a2a/updates.h"

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "wire/a2a/differences.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

}  // namespace

std::vector<std::string> updates_of(std::string_view task, Generation told_in) {
  json::Document document = json::parse_answer(task);
  Node root = document.root();
  std::vector<std::string> out;
  const auto begin = [&](const detail::Pair& kind) {
    json::Object update;
    if (told_in == Generation::v03) update.add("kind", kind.v03);
    update.add("taskId", RawJson(root.find("id").text()));
    update.add("contextId", RawJson(root.find("contextId").text()));
    return update;
  };
  const auto add = [&](const detail::Pair& kind, json::Object update) {
    out.push_back(told_in == Generation::v03 ? update.text()
                                             : json::Object{}.add(kind.v10, update.raw()).text());
  };
  const auto& [status_kind, artifact_kind] = detail::updates;
  Node artifacts = root.find("artifacts");
  for (std::size_t i = 0; artifacts.is(Type::array) && i < artifacts.size(); ++i) {
    json::Object update = begin(artifact_kind);
    update.add("artifact", RawJson(artifacts.at(i).text()));
    add(artifact_kind, std::move(update.add("append", false).add("lastChunk", true)));
  }
  json::Object update = begin(status_kind);
  update.add("status", RawJson(root.find("status").text()));
  if (told_in == Generation::v03) {
    Node state = root.find("status").find("state");
    const std::string name =
        state_as(told_in, state.is(Type::string) ? state.string() : std::string_view());
    update.add("final", outcome_of(name) != Outcome::unfinished || name == "input-required");
  }
  add(status_kind, std::move(update));
  return out;
}

std::vector<std::string> updates_in(std::string_view rpc, Generation told_in) {
  json::Document document = json::parse_answer(rpc);
  Node result = document.root().find("result");
  if (told_in == Generation::v10) {
    Node task = result.find("task");
    if (!task.is(Type::object)) return {};
    return updates_of(task.text(), told_in);
  }
  Node kind = result.find("kind");
  if (!kind.is(Type::string) || kind.string() != "task") return {};
  return updates_of(result.text(), told_in);
}

}  // namespace molecule::a2a
