// For the tests of this folder: a small organisation, and events of it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tui/model.h"

namespace molecule::tui {

struct Organisation {
  Model model;
  std::int64_t seq = 100;

  static WorkspaceId id(int number) {
    return *WorkspaceId::parse(fmt::format("00000000-0000-4000-8000-{:012}", number));
  }
  static std::string member(int number, std::string_view name, int parent = 0,
                            std::string_view more = {}) {
    const std::string below = parent == 0 ? "null" : fmt::format("\"{}\"", id(parent).text());
    return fmt::format(
        R"({{"id":"{}","name":"{}","status":"online","tier":2,"parent_id":{},"created_at":"2026-01-02T03:04:05Z"{}}})",
        id(number).text(), name, below, more);
  }
  void replace(std::string_view members) {
    const auto document = json::Document::parse(fmt::format("[{}]", members));
    model.replace(document.root());
  }
  // pm above researcher and writer, and ops by itself.
  static Organisation made() {
    Organisation made;
    made.model.now = Instant::from_micros(1'767'323'045'000'000);
    made.model.heard = made.model.now;
    made.model.link = client::Link::live;
    made.model.service = {"http://127.0.0.1:8080", "0.3.0", "ok"};
    made.replace(
        member(1, "pm", 0, R"(,"role":"Coordinates","active_tasks":1,"max_concurrent_tasks":4)") +
        "," + member(2, "researcher", 1, R"(,"role":"Reads")") + "," + member(3, "writer", 1) +
        "," + member(4, "ops"));
    return made;
  }
  bool happens(std::string_view type, int number, std::string_view payload = "{}",
               bool transient = false) {
    client::Event event;
    event.type = type;
    event.workspace = id(number);
    event.at = model.now;
    event.payload = RawJson(std::string(payload));
    event.transient = transient;
    event.seq = transient ? seq : ++seq;
    return model.apply(event);
  }
  const Agent& agent(int number) const { return model.agents.at(id(number)); }
};

}  // namespace molecule::tui
