// The tools: a table of names, arguments and words, and what each does. A wrong argument and a
// refusal of the platform are answers for the model, not errors of the protocol.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcp/inbox.h"
#include "mcp/members.h"
#include "mcp/platforms.h"
#include "mcp/settings.h"
#include "platform/json/json.h"

namespace molecule::mcp {

struct Said {
  std::string text;
  bool failed = false;
};

// Tells the client that a call goes on, where it wants to hear that.
class Progress {
 public:
  Progress() = default;
  explicit Progress(std::function<void(std::string_view text)> tell) : tell_(std::move(tell)) {}
  bool wanted() const { return tell_ != nullptr; }
  // `text` is for people.
  void operator()(std::string_view text) const {
    if (tell_) tell_(text);
  }

 private:
  std::function<void(std::string_view text)> tell_;
};

class Tools;

struct Argument {
  enum class Form { text, number, whole, texts, object };
  std::string_view name;
  Form form = Form::text;
  bool required = false;
  std::string_view about;
};

struct Tool {
  std::string_view name, title, about;
  std::span<const Argument> arguments;
  bool reads = false;     // Changes nothing.
  bool destroys = false;  // Takes something away.
  bool again = false;     // The same call twice does what it does once.
  bool outward = false;   // Others are told of it.
  io::Task<Said> (Tools::*run)(json::Node arguments, const Progress& progress) = nullptr;
};
// Of an agent that is a workspace. Those of a channel: channel_tools.h.
extern const std::span<const Tool> workspace_tools;

// As tools/list tells them, for a revision.
std::string listed(std::span<const Tool> tools, std::string_view revision);
// Null when there is none of this name.
const Tool* find_tool(std::span<const Tool> tools, std::string_view name);

class Tools {
 public:
  // `inbox` may be null: it is switched off.
  Tools(Platforms& platform, Settings& settings, Inbox* inbox, io::Random& random)
      : platform_(platform), settings_(settings), inbox_(inbox), random_(random) {}

  // `arguments`: an object, or nothing. Throws Fault cancelled alone.
  io::Task<Said> call(const Tool& tool, json::Node arguments, const Progress& progress);

  io::Task<Said> delegate_task(json::Node arguments, const Progress& progress);
  io::Task<Said> delegate_task_async(json::Node arguments, const Progress& progress);
  io::Task<Said> check_task_status(json::Node arguments, const Progress& progress);
  io::Task<Said> list_peers(json::Node arguments, const Progress& progress);
  io::Task<Said> get_workspace_info(json::Node arguments, const Progress& progress);
  io::Task<Said> get_runtime_identity(json::Node arguments, const Progress& progress);
  io::Task<Said> update_agent_card(json::Node arguments, const Progress& progress);
  io::Task<Said> send_message_to_user(json::Node arguments, const Progress& progress);
  io::Task<Said> wait_for_message(json::Node arguments, const Progress& progress);
  io::Task<Said> inbox_peek(json::Node arguments, const Progress& progress);
  io::Task<Said> inbox_pop(json::Node arguments, const Progress& progress);
  io::Task<Said> chat_history(json::Node arguments, const Progress& progress);
  io::Task<Said> reply_to_workspace(json::Node arguments, const Progress& progress);

 private:
  struct Handed {
    std::string id;
    std::string peer_name;
    std::optional<Said> refused;
  };
  // Who asks: as named, else who listed that peer, else the primary.
  client::Credential& source(json::Node arguments, std::string_view argument,
                             const std::optional<WorkspaceId>& peer = std::nullopt);
  // Which message is answered: the one that is named, else the oldest that was shown and has none.
  std::optional<ActivityId> question_of(json::Node arguments, const WorkspaceId& workspace,
                                        const std::optional<WorkspaceId>& peer);
  io::Task<Handed> hand_over(client::Credential& as, const WorkspaceId& peer,
                             const std::string& task);
  io::Task<Said> answer_peer(client::Credential& as, const WorkspaceId& peer,
                             const std::string& text, const ActivityId& question);
  // Shows it to the person, as the answer to what `arguments` say.
  io::Task<Said> tell_person(client::Credential& as, json::Node arguments,
                             const std::string& message, const std::vector<std::string>& files);
  io::Task<Said> write_to_peer(client::Credential& as, const WorkspaceId& peer,
                               const std::string& text);
  // What is left to do about a message that was answered, as the model is told; in a channel,
  // nothing.
  std::string answered(const ActivityId& question);
  // How the argument is called that says who asks.
  std::string_view source_name(std::string_view of_workspace_tools) const {
    return settings_.channel ? "_as_workspace" : of_workspace_tools;
  }
  io::Task<client::Answer> ask(client::Credential& as, http::Method method, std::string path,
                               std::string body = {}, bool repeatable = false);
  io::Task<std::string> upload(client::Credential& as, const std::vector<std::string>& files);
  std::string name_of(const WorkspaceId& peer) const;

  Platforms& platform_;
  Settings& settings_;
  Inbox* const inbox_;
  io::Random& random_;
  struct Known {
    std::string name;
    WorkspaceId through;
  };
  std::unordered_map<WorkspaceId, Known> peers_;  // As listed last; at most peers_max.
};

// What a tool reads of its arguments beside texts; they were checked before.
std::optional<std::int64_t> whole_of(json::Node arguments, std::string_view name);
std::string escaped(std::string_view query_value);

}  // namespace molecule::mcp
