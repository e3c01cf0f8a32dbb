#include "tui/press_form.h"

#include <algorithm>

#include "platform/json/json.h"

namespace molecule::tui {
namespace {

using Is = Key::Is;

constexpr std::size_t field_max = 1024;  // Bytes: more than the characters that the platform takes.

enum Place : std::size_t { name, role, tier, parent };

std::string text_of(const Form& form, Place place) {
  std::string_view text = form.fields[place].line.text();
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(' ') - begin + 1));
}

// Who is meant by a name or the beginning of an id; a text that says what is wrong else.
struct Found {
  std::optional<WorkspaceId> id;
  std::string trouble;
};
Found find_agent(const Model& model, const std::string& text) {
  Found found;
  for (const auto& [id, agent] : model.agents) {
    if (agent.name != text && !(text.size() >= 8 && id.text().starts_with(text))) continue;
    if (found.id) return {std::nullopt, "several are called so; write the beginning of its id"};
    found.id = id;
  }
  if (!found.id) found.trouble = "there is no workspace of this name";
  return found;
}

Field field(std::string label, std::string hint, std::string text) {
  return {std::move(label), std::move(hint), Line(text, field_max), text};
}

// What is wrong, and where.
bool refuse(Form& form, Place at, std::string why) {
  form.at = at;
  form.trouble = std::move(why);
  return false;
}

// Reads what was filled in into a body; false when something is wrong with it.
bool read(const Model& model, Form& form, json::Object& body) {
  const bool is_new = !form.of;
  const auto changed = [&](Place at) {
    return is_new || text_of(form, at) != form.fields[at].before;
  };
  if (text_of(form, name).empty()) return refuse(form, name, "it needs a name");
  if (changed(name)) body.add("name", text_of(form, name));
  if (changed(role) && !(is_new && text_of(form, role).empty()))
    body.add("role", text_of(form, role));
  if (changed(tier)) {
    const std::string text = text_of(form, tier);
    if (text.size() != 1 || text[0] < '1' || text[0] > '4')
      return refuse(form, tier, "a tier is a number from 1 to 4");
    body.add("tier", text[0] - '0');
  }
  if (changed(parent)) {
    const std::string text = text_of(form, parent);
    if (text.empty()) {
      if (!is_new) body.add("parent_id", RawJson("null"));
    } else {
      const Found found = find_agent(model, text);
      if (!found.id) return refuse(form, parent, found.trouble);
      if (form.of && *form.of == *found.id)
        return refuse(form, parent, "it cannot stand below itself");
      body.add("parent_id", found.id->text());
    }
  }
  if (is_new) body.add("runtime", "external");
  return true;
}

std::vector<Intent> submit(Model& model) {
  Form& form = model.form;
  if (form.sent) return {};
  form.trouble.clear();
  json::Object body;
  if (!read(model, form, body)) return {};
  if (!form.of) {
    form.sent = true;
    return {intent::Spawn{body.text()}};
  }
  if (body.members().empty()) {
    model.mode = Mode::browse;
    model.say("nothing was changed");
    return {};
  }
  form.sent = true;
  return {intent::Change{*form.of, body.text()}};
}

}  // namespace

Form new_form(const Model& model, std::optional<WorkspaceId> below) {
  Form form;
  form.fields.push_back(field("Name", "what others call it", ""));
  form.fields.push_back(field("Role", "what it is for; peers choose by it", ""));
  form.fields.push_back(field("Tier", "1 sealed, 2 small, 3 standard, 4 large", "2"));
  form.fields.push_back(field("Below", "name of the one it stands below; empty: a root",
                              below ? model.name_of(*below) : std::string()));
  return form;
}

Form edit_form(const Model& model, const Agent& agent) {
  Form form = new_form(model, agent.parent);
  form.of = agent.id;
  const std::string tier_text = std::to_string(agent.tier);
  form.fields[name] = field("Name", form.fields[name].hint, agent.name);
  form.fields[role] = field("Role", form.fields[role].hint, agent.role);
  form.fields[tier] = field("Tier", form.fields[tier].hint, tier_text);
  return form;
}

std::vector<Intent> press_form(Model& model, const Key& key) {
  Form& form = model.form;
  const std::size_t count = form.fields.size();
  switch (key.is) {
    case Is::escape:
      model.mode = Mode::browse;
      model.say(form.sent ? "it was sent already" : "nothing was changed");
      return {};
    case Is::tab:
    case Is::down: form.at = (form.at + 1) % count; return {};
    case Is::back_tab:
    case Is::up: form.at = (form.at + count - 1) % count; return {};
    case Is::enter:
      if (form.at + 1 < count) {
        ++form.at;
        return {};
      }
      return submit(model);
    case Is::text:
      if (form.sent) return {};
      form.trouble.clear();
      if (!form.fields[form.at].line.insert(in_one_line(key.text)))
        form.trouble = "longer than 1 KiB; nothing of it was taken";
      return {};
    default: {
      if (!form.sent && form.fields[form.at].line.press(key)) form.trouble.clear();
      return {};
    }
  }
}

}  // namespace molecule::tui
