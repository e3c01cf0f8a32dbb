#include "tui/press.h"

#include <algorithm>

#include <fmt/format.h>

#include "tui/press_form.h"

namespace molecule::tui {
namespace {

using Is = Key::Is;
using What = Question::What;
using Intents = std::vector<Intent>;

constexpr std::size_t filter_max = 255;  // Bytes.

// Moves a selection in a list; false when the key is no movement.
bool move(const Key& key, std::size_t& at, std::size_t count, int page) {
  const std::size_t last = count == 0 ? 0 : count - 1;
  const auto by = static_cast<std::size_t>(std::max(page - 1, 1));
  switch (key.is) {
    case Is::up:
    case Is::wheel_up: at = at > 0 ? at - 1 : 0; break;
    case Is::down:
    case Is::wheel_down: at = std::min(at + 1, last); break;
    case Is::page_up: at = at > by ? at - by : 0; break;
    case Is::page_down: at = std::min(at + by, last); break;
    case Is::home: at = 0; break;
    case Is::end: at = last; break;
    case Is::text:
      if (key.text == "k") {
        at = at > 0 ? at - 1 : 0;
      } else if (key.text == "j") {
        at = std::min(at + 1, last);
      } else if (key.text == "g") {
        at = 0;
      } else if (key.text == "G") {
        at = last;
      } else {
        return false;
      }
      break;
    default: return false;
  }
  at = std::min(at, last);
  return true;
}

void look_at(Model& model, int view) {
  model.view = static_cast<View>((view + views) % views);
  model.notice.clear();
}

// Shows somebody among the agents, from wherever they were found.
void show_agent(Model& model, const WorkspaceId& id) {
  if (!model.agents.contains(id)) {
    model.say(model.name_of(id) + " is not here any more");
    return;
  }
  model.view = View::agents;
  model.filter.clear();
  // Whatever it stands in is opened.
  std::optional<WorkspaceId> at = model.agents.at(id).parent;
  for (int depth = 0; at && model.agents.contains(*at) && depth < 1000; ++depth) {
    model.folded.erase(*at);
    at = model.agents.at(*at).parent;
  }
  model.selected = id;
}

const Agent* chosen(const Model& model) {
  if (model.view != View::agents || !model.selected) return nullptr;
  const auto at = model.agents.find(*model.selected);
  return at == model.agents.end() ? nullptr : &at->second;
}

Intents open_chat(Model& model, const WorkspaceId& with) {
  model.chat_with = with;
  model.mode = Mode::chat;
  Chat& chat = model.chats[with];
  chat.unread = 0;
  chat.back = 0;
  if (std::exchange(chat.recalled, true)) return {};
  return {intent::Recall{with}};
}

// "pm and 188 below"
std::string whom(const Question& asked) {
  return asked.below == 0 ? asked.name : fmt::format("{} and {} below", asked.name, asked.below);
}

// It is under way from now on, and said so until the platform says what came of it.
Intents carry_out(Model& model, const Question& asked) {
  switch (asked.what) {
    case What::remove: model.say(fmt::format("deleting {} …", whom(asked))); break;
    case What::pause: model.say(fmt::format("pausing {} …", whom(asked))); break;
    case What::resume: model.say(fmt::format("resuming {} …", whom(asked))); break;
  }
  switch (asked.what) {
    case What::remove: return {intent::Remove{asked.of}};
    case What::pause: return {intent::Pause{asked.of}};
    case What::resume: return {intent::Resume{asked.of}};
  }
  return {};
}

// What reaches the selected row alone and can be taken back needs no question.
Intents ask_for(Model& model, What what, const Agent& agent) {
  Question asked{what, agent.id, agent.name, model.count_below(agent.id)};
  if (what != What::remove && asked.below == 0) return carry_out(model, asked);
  model.question = std::move(asked);
  model.mode = Mode::question;
  return {};
}

Intents press_agent(Model& model, const Key& key, const Agent& agent) {
  if (key.is == Is::enter) {
    return open_chat(model, agent.id);
  } else if (key.says("c")) {
    if (model.show_kept(agent.id)) return {};
    return {intent::Invite{agent.id}};
  } else if (key.says("e")) {
    model.form = edit_form(model, agent);
    model.mode = Mode::form;
  } else if (key.says("p")) {
    return ask_for(model, is_paused(agent) ? What::resume : What::pause, agent);
  } else if (key.says("d") || key.is == Is::del) {
    return ask_for(model, What::remove, agent);
  } else if (key.is == Is::left || key.says("h")) {
    // Closes what is open; else goes up, as in trees of files.
    if (!model.children_of(agent.id).empty() && !model.folded.contains(agent.id)) {
      model.folded.insert(agent.id);
    } else if (agent.parent && model.agents.contains(*agent.parent)) {
      model.selected = agent.parent;
    }
  } else if (key.is == Is::right || key.says("l")) {
    model.folded.erase(agent.id);
  }
  return {};
}

Intents press_agents(Model& model, const Key& key, const Shown& shown) {
  const auto& rows = rows_of(model);
  std::size_t at = settle_selection(model, rows);
  if (move(key, at, rows.size(), shown.list_rows)) {
    if (!rows.empty()) model.selected = rows[at].agent->id;
    model.last_row = at;
    return {};
  }
  if (key.is == Is::click && key.row >= shown.list_top &&
      key.row < shown.list_top + shown.list_rows) {
    const auto row = model.agents_top + static_cast<std::size_t>(key.row - shown.list_top);
    if (row < rows.size()) model.selected = rows[row].agent->id;
    return {};
  }
  if (key.says("n")) {
    model.form = new_form(model, std::nullopt);
    model.mode = Mode::form;
    return {};
  }
  if (key.says("a") && model.selected) {
    model.form = new_form(model, model.selected);
    model.mode = Mode::form;
    return {};
  }
  if (key.says("t")) model.tree = !model.tree;
  if (key.says("s")) model.order = model.order == Order::name ? Order::concern : Order::name;
  if (key.says("i") || key.says(" ")) model.detail = !model.detail;
  const Agent* agent = chosen(model);
  return agent == nullptr ? Intents() : press_agent(model, key, *agent);
}

template <class Each, class Whom>
void press_list(Model& model, const Key& key, const Shown& shown, Place& place,
                const std::vector<const Each*>& rows, const Whom& whom) {
  if (move(key, place.selected, rows.size(), shown.list_rows)) return;
  if (key.is == Is::click && key.row >= shown.list_top &&
      key.row < shown.list_top + shown.list_rows) {
    const auto row = place.top + static_cast<std::size_t>(key.row - shown.list_top);
    if (row < rows.size()) place.selected = row;
    return;
  }
  if (key.is == Is::enter && place.selected < rows.size())
    show_agent(model, whom(*rows[place.selected]));
}

Intents press_view(Model& model, const Key& key, const Shown& shown) {
  switch (model.view) {
    case View::agents: return press_agents(model, key, shown);
    case View::events:
      press_list(model, key, shown, model.events_at, events_of(model),
                 [](const Happening& each) { return each.workspace; });
      return {};
    case View::delegations:
      press_list(model, key, shown, model.handovers_at, handovers_of(model),
                 [](const Handover& each) { return each.target; });
      return {};
    case View::health:
      press_list(model, key, shown, model.health_at, troubled(model),
                 [](const Agent& each) { return each.id; });
      return {};
  }
  return {};
}

Intents browse(Model& model, const Key& key, const Shown& shown) {
  const int view = static_cast<int>(model.view);
  if (key.is == Is::tab) {
    look_at(model, view + 1);
  } else if (key.is == Is::back_tab) {
    look_at(model, view - 1);
  } else if (key.is == Is::text && key.text.size() == 1 && key.text[0] >= '1' &&
             key.text[0] < '1' + views) {
    look_at(model, key.text[0] - '1');
  } else if (key.is == Is::click && key.row == 0) {
    for (std::size_t i = 0; i < shown.tabs.size(); ++i) {
      if (key.column >= shown.tabs[i].first && key.column < shown.tabs[i].second)
        look_at(model, static_cast<int>(i));
    }
  } else if (key.says("q")) {
    if (model.unread_tokens.empty()) return {intent::Quit{}};
    model.show_kept(model.unread_tokens.front());
    model.say("nobody has looked at this token, and it is told this once; q again and again quits");
  } else if (key.says("?")) {
    model.mode = Mode::help;
  } else if (key.says("c") && !model.unread_tokens.empty()) {
    model.show_kept(model.unread_tokens.front());
  } else if (key.says("r")) {
    model.say("asking for everything anew");
    return {intent::Refresh{}};
  } else if (key.says("/")) {
    model.filter_before = model.filter;
    model.filter_line = Line(model.filter, filter_max);
    model.mode = Mode::filter;
  } else if (key.is == Is::escape) {
    model.filter.clear();
    model.notice.clear();
  } else {
    return press_view(model, key, shown);
  }
  return {};
}

void filter_by(Model& model, std::string text) {
  model.filter = std::move(text);
  model.events_at = model.handovers_at = model.health_at = Place();
}

// Enter keeps what was written, Esc what stood before.
Intents filter(Model& model, const Key& key) {
  if (key.is == Is::escape) {
    model.mode = Mode::browse;
    filter_by(model, model.filter_before);
  } else if (key.is == Is::enter || key.is == Is::tab) {
    model.mode = Mode::browse;
  } else if (key.is == Is::up || key.is == Is::down) {
    // On to what was found.
    model.mode = Mode::browse;
  } else if (key.is == Is::text) {
    if (model.filter_line.insert(in_one_line(key.text))) {
      filter_by(model, model.filter_line.text());
    } else {
      model.say(fmt::format("a filter has at most {} bytes; nothing of it was taken", filter_max),
                true);
    }
  } else if (model.filter_line.press(key)) {
    filter_by(model, model.filter_line.text());
  }
  return {};
}

Intents question(Model& model, const Key& key) {
  if (!model.question.shown && key.is != Is::escape) return {};
  model.mode = Mode::browse;
  if (key.says("y") || key.says("Y")) return carry_out(model, model.question);
  switch (model.question.what) {
    case What::remove: model.say("nothing was deleted"); break;
    case What::pause: model.say("nothing was paused"); break;
    case What::resume: model.say("nothing was resumed"); break;
  }
  return {};
}

Intents invitation(Model& model, const Key& key) {
  if (key.says("p"))
    return {intent::ShowPlainly{model.invitation.command.empty()
                                    ? "workspace " + model.invitation.id.text() + "\ntoken " +
                                          model.invitation.token
                                    : model.invitation.command}};
  if (key.is == Is::escape || key.is == Is::enter || key.says("q")) model.mode = Mode::browse;
  return {};
}

Intents chat(Model& model, const Key& key, const Shown& shown) {
  Chat& with = model.chats[model.chat_with];
  with.unread = 0;
  const int page = std::max(shown.list_rows - 1, 1);
  switch (key.is) {
    case Is::escape: model.mode = Mode::browse; return {};
    case Is::up:
    case Is::wheel_up: ++with.back; return {};
    case Is::down:
    case Is::wheel_down: with.back = std::max(with.back - 1, 0); return {};
    case Is::page_up: with.back += page; return {};
    case Is::page_down: with.back = std::max(with.back - page, 0); return {};
    case Is::tab:
      // The message goes on; only the waiting here ends.
      if (with.waiting) return {intent::StopWaiting{model.chat_with}};
      return {};
    case Is::enter: {
      if (with.waiting || with.line.text().find_first_not_of(" \n") == std::string::npos) return {};
      std::string text = with.line.taken();
      with.add(Turn::Who::person, text, model.now);
      with.waiting = true;
      with.since = model.now;
      with.back = 0;
      return {intent::Say{model.chat_with, std::move(text)}};
    }
    case Is::text:
      if (!with.line.insert(key.text))
        model.say(fmt::format("a message has at most {} KiB; nothing of it was taken",
                              Line::size_max >> 10),
                  true);
      return {};
    default: with.line.press(key); return {};
  }
}

}  // namespace

Intents press(Model& model, const Key& key, const Shown& shown) {
  if (key.is == Is::interrupt) return {intent::Quit{}};
  if (key.is == Is::suspend) return {intent::Suspend{}};
  if (key.is == Is::redraw) return {intent::Redraw{}};
  if (key.is == Is::too_much) {
    model.say("what was pasted is longer than 32 KiB; nothing of it was taken", true);
    return {};
  }
  switch (model.mode) {
    case Mode::browse: return browse(model, key, shown);
    case Mode::filter: return filter(model, key);
    case Mode::form: return press_form(model, key);
    case Mode::question: return question(model, key);
    case Mode::invitation: return invitation(model, key);
    case Mode::chat: return chat(model, key, shown);
    case Mode::help: model.mode = Mode::browse; return {};
  }
  return {};
}

}  // namespace molecule::tui
