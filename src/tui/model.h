// What is known of an organisation and what of it is looked at: plain state. The follower changes
// the first, keys (press.h) the second, drawing (draw.h) reads both. Nothing here knows a terminal
// or a socket.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/follow.h"
#include "tui/agent.h"
#include "tui/chat.h"
#include "tui/line.h"

namespace molecule::tui {

constexpr std::size_t events_max = 500;
constexpr std::size_t handovers_max = 500;
constexpr std::size_t former_max = 2'000;  // Names of workspaces that were removed.

struct Happening {
  std::int64_t seq = 0;
  Instant at;
  std::string type;
  WorkspaceId workspace;
  std::string about;  // In a few words.
};

// Work that one workspace handed to another.
struct Handover {
  std::string id;
  WorkspaceId source, target;
  std::string task;
  std::string status;
  std::string outcome;
  Instant began, changed;
};

struct Service {
  std::string url;
  std::string version;
  std::string database;
};

enum class View { agents, events, delegations, health };
constexpr int views = 4;

enum class Order { name, concern };

// Something that somebody fills in.
struct Field {
  std::string label;
  std::string hint;
  Line line;
  std::string before;  // What it said when the form was opened.
};
struct Form {
  std::optional<WorkspaceId> of;  // Nothing: a new one.
  std::vector<Field> fields;
  std::size_t at = 0;
  std::string trouble;
  bool sent = false;
};

// Asked before what reaches more than one row, or cannot be taken back.
struct Question {
  enum class What { remove, pause, resume };
  What what = What::remove;
  WorkspaceId of;
  std::string name;
  std::size_t below = 0;  // Workspaces that it would reach besides.
  // Somebody could read it. What was typed before that is no answer to it.
  bool shown = false;
};

// How an agent joins; of a workspace that was made here, with its token, which is told once.
struct Invitation {
  std::string name;
  WorkspaceId id;
  std::string token;
  std::string command;  // One line for any shell.
};

// One row of the list of agents.
struct Row {
  const Agent* agent = nullptr;
  std::string branch;  // The lines of the tree before its name.
  bool folded = false;
};
// The list, and of what it was made.
struct Rows {
  std::uint64_t version = 0;
  std::string filter;
  Order order = Order::name;
  bool tree = false;
  std::set<WorkspaceId> folded;
  std::vector<Row> rows;
};

enum class Mode { browse, filter, form, question, invitation, chat, help };

// A place in a list: what is selected, and the first row that is shown.
struct Place {
  std::size_t selected = 0;
  std::size_t top = 0;
};

class Model {
 public:
  // --- what is known ---
  std::map<WorkspaceId, Agent> agents;
  std::map<WorkspaceId, std::string> former;  // Names of those that are gone.
  std::deque<Happening> events;               // Newest first.
  std::deque<Handover> handovers;             // Newest first.
  std::map<WorkspaceId, Chat> chats;
  std::map<WorkspaceId, std::string> questions;  // What agents ask people, by its beginning.
  Service service;
  client::Link link = client::Link::connecting;
  std::string trouble;  // Why it is not live.
  Instant heard;        // When it last was; nothing is older than that.
  Instant now;
  std::uint64_t version = 1;  // Another one when something changed that lists are made of.

  // A whole new picture: what is not in it is gone.
  void replace(json::Node workspaces);
  // What waits for people, as GET /questions tells it.
  void replace_questions(json::Node questions);
  // Past events, newest first, as GET /events tells them.
  void add_past(json::Node events);
  // Whether anything of it is shown somewhere.
  bool apply(const client::Event& event);

  std::string name_of(const WorkspaceId& id) const;
  std::vector<WorkspaceId> children_of(const WorkspaceId& id) const;
  std::size_t count_below(const WorkspaceId& id) const;

  // --- what is looked at ---
  View view = View::agents;
  Mode mode = Mode::browse;
  bool tree = true;
  bool detail = true;
  Order order = Order::name;
  std::string filter;
  std::string filter_before;  // While another one is written.
  Line filter_line;
  std::set<WorkspaceId> folded;
  std::optional<WorkspaceId> selected;  // Among the agents.
  std::size_t agents_top = 0;
  std::size_t last_row = 0;  // Where the selected one stood: when it goes, its neighbour follows.
  Place events_at, handovers_at, health_at;
  Form form;
  Question question;
  Invitation invitation;
  std::map<WorkspaceId, Invitation> kept;  // With tokens, until this program ends.
  std::vector<WorkspaceId> unread_tokens;  // Those of them that nobody has looked at, oldest first.
  WorkspaceId chat_with;
  std::string notice;  // What came of what was asked for.
  bool notice_is_bad = false;
  Instant notice_at;

  void say(std::string text, bool bad = false);
  // The token of a workspace that was made. What is looked at stays as it is.
  void keep(Invitation made);
  // Shows what was kept of it; false where there is nothing.
  bool show_kept(const WorkspaceId& of);

  mutable Rows shown_rows;  // rows_of's.

 private:
  void note(Happening happening);
  void note_handover(const client::Event& event, json::Node payload);
  void remove(const WorkspaceId& id);
};

// One line about an event, from its payload.
std::string words_about(std::string_view type, json::Node payload, const Model& model);

// As they are shown: as a tree, or flat, or those that the filter lets through. Made when something
// of it has changed; good until then.
const std::vector<Row>& rows_of(const Model& model);
// The same list with the selected one in it, if there is any; its place among them.
std::size_t settle_selection(Model& model, const std::vector<Row>& rows);

// Whether the filter lets them through.
bool passes(const Model& model, const Happening& happening);
bool passes(const Model& model, const Handover& handover);
std::vector<const Happening*> events_of(const Model& model);
std::vector<const Handover*> handovers_of(const Model& model);
// What wants somebody's eye first is small; who asks something comes before who works.
int concern_in(const Model& model, const Agent& agent);
// Those that want somebody's eye, worst first.
std::vector<const Agent*> troubled(const Model& model);

}  // namespace molecule::tui
