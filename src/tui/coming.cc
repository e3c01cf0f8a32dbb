#include "tui/coming.h"

#include "client/platform.h"
#include "platform/json/answer.h"
#include "wire/a2a/a2a.h"

namespace molecule::tui {
namespace {

using json::Node;
using json::Type;

std::string text_in(Node of, std::string_view name) {
  const Node found = of.find(name);
  return found.is(Type::string) ? std::string(found.string()) : std::string();
}

// Of pieces that belong to one text.
std::string joined_parts(Node artifact) {
  std::string out;
  const Node parts = artifact.find("parts");
  for (std::size_t i = 0; parts.is(Type::array) && i < parts.size(); ++i)
    out += text_in(parts.at(i), "text");
  return out;
}

std::string words_for(std::string_view state) {
  if (state == "submitted") return "the platform has it, its agent does not yet";
  if (state == "working") return "working";
  return std::string(state);
}

}  // namespace

bool waits_for_person(std::string_view state) {
  return state == "input-required" || state == "auth-required";
}

void Coming::add(std::string_view piece) {
  if (text_.size() + piece.size() <= text_max) text_ += piece;
}

void Coming::take_artifact(Node artifact, bool append) {
  const std::string id = text_in(artifact, "artifactId");
  if (append && id == last_artifact_ && !text_.empty()) {
    add(joined_parts(artifact));
    return;
  }
  if (!text_.empty()) add("\n\n");
  add(append ? joined_parts(artifact) : a2a::text_of(artifact));
  last_artifact_ = id;
}

void Coming::take_status(Node status) {
  if (!status.is(Type::object)) return;
  if (auto words = a2a::text_of(status.find("message")); !words.empty()) {
    progress_ = std::move(words);
  } else if (const std::string state = text_in(status, "state"); !state.empty()) {
    progress_ = words_for(a2a::state_as(a2a::Generation::v03, state));
  }
}

bool Coming::take(std::string_view event) {
  const bool last = whole_.take(event);
  try {
    const json::Document document = json::parse_answer(event);
    const Node result = document.root().find("result");
    if (const Node artifact = result.find("artifact"); artifact.is(Type::object)) {
      const Node append = result.find("append");
      take_artifact(artifact, append.is(Type::boolean) && append.boolean());
    } else {
      take_status(result.find("status"));
      const Node artifacts = result.find("artifacts");
      if (artifacts.is(Type::array) && artifacts.size() > 0) {
        text_.clear();
        for (std::size_t i = 0; i < artifacts.size(); ++i) take_artifact(artifacts.at(i), false);
      }
    }
  } catch (const Fault&) {
    // No JSON, which the whole passes over as well.
  }
  return last;
}

Coming::End Coming::end() const {
  End end;
  const std::string answer = whole_.answer();
  if (answer.empty()) {
    end.text = text_;
    end.trouble = "it ended without an answer";
    return end;
  }
  try {
    const a2a::Answer read = a2a::read_answer(answer, "1");
    const json::Document document = json::parse_answer(read.body);
    end.text = a2a::text_of(document.root().find("result"));
    if (end.text.empty()) end.text = text_;
    switch (read.outcome) {
      case a2a::Outcome::done:
        if (end.text.empty() && read.form == a2a::Form::other) end.text = read.text;
        if (end.text.empty()) end.trouble = "it is done, and said nothing";
        break;
      case a2a::Outcome::failed: end.trouble = read.error.empty() ? "it failed" : read.error; break;
      case a2a::Outcome::unfinished:
        if (!read.task || !waits_for_person(read.task->state)) break;
        end.open = OpenTask{read.task->id, read.task->context_id};
        end.trouble = read.task->state == "auth-required" ? "it waits for a sign-in"
                                                          : "it waits for an answer";
        break;
    }
  } catch (const Fault& fault) {
    end.text = text_;
    end.trouble = fault.text();
  }
  return end;
}

}  // namespace molecule::tui
