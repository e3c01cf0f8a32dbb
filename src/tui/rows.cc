// The lists as they are shown: filtered, in order, as a tree.
#include <algorithm>

#include <fmt/format.h>

#include "tui/model.h"

namespace molecule::tui {
namespace {

constexpr std::size_t depth_max = 12;  // Deeper ones are not indented further.

// ASCII letters alone: enough to find what one types, and never wrong about the others.
std::string folded_case(std::string_view text) {
  std::string out(text);
  for (char& each : out) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return out;
}

bool has(std::string_view text, const std::string& sought) {
  return folded_case(text).find(sought) != std::string::npos;
}

bool passes(const Agent& agent, const std::string& sought) {
  return has(agent.name, sought) || has(agent.role, sought) || has(standing(agent).word, sought) ||
         agent.id.text().starts_with(sought);
}

using Below = std::map<std::optional<WorkspaceId>, std::vector<const Agent*>>;

struct Grown {
  const Model& model;
  const Below& below;
  std::vector<Row>& rows;

  // Of one parent; what stands in a ring of parents is never reached from a root.
  void add(const std::optional<WorkspaceId>& parent, const std::string& branch, std::size_t depth) {
    const auto found = below.find(parent);
    if (found == below.end()) return;
    const auto& siblings = found->second;
    for (std::size_t i = 0; i < siblings.size(); ++i) {
      const bool last = i + 1 == siblings.size();
      const bool folded = model.folded.contains(siblings[i]->id) && below.contains(siblings[i]->id);
      Row row{siblings[i], branch, folded};
      if (depth > 0) row.branch += last ? "└ " : "├ ";
      rows.push_back(std::move(row));
      if (folded) continue;
      const bool grows = depth > 0 && depth < depth_max;
      const std::string further = grows ? branch + (last ? "  " : "│ ") : branch;
      add(siblings[i]->id, further, depth + 1);
    }
  }
};

std::vector<Row> made_rows(const Model& model) {
  std::vector<const Agent*> all;
  all.reserve(model.agents.size());
  const std::string sought = folded_case(model.filter);
  for (const auto& [id, agent] : model.agents) {
    if (sought.empty() || passes(agent, sought)) all.push_back(&agent);
  }
  std::ranges::sort(all, [&](const Agent* a, const Agent* b) {
    if (model.order == Order::concern && concern_in(model, *a) != concern_in(model, *b))
      return concern_in(model, *a) < concern_in(model, *b);
    if (a->name != b->name) return a->name < b->name;
    return a->id < b->id;
  });
  std::vector<Row> rows;
  rows.reserve(all.size());
  if (!model.tree || !sought.empty()) {
    for (const Agent* agent : all) rows.push_back({agent, {}, false});
    return rows;
  }
  Below below;
  for (const Agent* agent : all) {
    // One whose parent is not here stands at the top.
    const bool is_root = !agent->parent || !model.agents.contains(*agent->parent);
    below[is_root ? std::nullopt : agent->parent].push_back(agent);
  }
  Grown{model, below, rows}.add(std::nullopt, "", 0);
  return rows;
}

}  // namespace

const std::vector<Row>& rows_of(const Model& model) {
  Rows& kept = model.shown_rows;
  const bool good = kept.version == model.version && kept.filter == model.filter &&
                    kept.order == model.order && kept.tree == model.tree &&
                    kept.folded == model.folded;
  if (!good)
    kept = {model.version, model.filter, model.order, model.tree, model.folded, made_rows(model)};
  return kept.rows;
}

std::size_t settle_selection(Model& model, const std::vector<Row>& rows) {
  if (rows.empty()) {
    model.selected.reset();
    return 0;
  }
  const auto at = std::ranges::find_if(
      rows, [&](const Row& row) { return model.selected && row.agent->id == *model.selected; });
  std::size_t place = std::min(model.last_row, rows.size() - 1);
  if (at != rows.end()) place = static_cast<std::size_t>(at - rows.begin());
  model.selected = rows[place].agent->id;
  model.last_row = place;
  return place;
}

bool passes(const Model& model, const Happening& happening) {
  if (model.filter.empty()) return true;
  const std::string sought = folded_case(model.filter);
  return has(happening.type, sought) || has(happening.about, sought) ||
         has(model.name_of(happening.workspace), sought);
}

bool passes(const Model& model, const Handover& handover) {
  if (model.filter.empty()) return true;
  const std::string sought = folded_case(model.filter);
  return has(handover.status, sought) || has(handover.task, sought) ||
         has(model.name_of(handover.source), sought) || has(model.name_of(handover.target), sought);
}

std::vector<const Happening*> events_of(const Model& model) {
  std::vector<const Happening*> found;
  for (const Happening& each : model.events) {
    if (passes(model, each)) found.push_back(&each);
  }
  return found;
}

std::vector<const Handover*> handovers_of(const Model& model) {
  std::vector<const Handover*> found;
  for (const Handover& each : model.handovers) {
    if (passes(model, each)) found.push_back(&each);
  }
  return found;
}

int concern_in(const Model& model, const Agent& agent) {
  return model.questions.contains(agent.id) ? std::min(concern(agent), 1) : concern(agent);
}

std::vector<const Agent*> troubled(const Model& model) {
  std::vector<const Agent*> found;
  const std::string sought = folded_case(model.filter);
  for (const auto& [id, agent] : model.agents) {
    if (concern_in(model, agent) < 2 && (sought.empty() || passes(agent, sought)))
      found.push_back(&agent);
  }
  std::ranges::sort(found, [&](const Agent* a, const Agent* b) {
    const int one = concern_in(model, *a);
    const int other = concern_in(model, *b);
    if (one != other) return one < other;
    return a->name < b->name;
  });
  return found;
}

}  // namespace molecule::tui
