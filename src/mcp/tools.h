// The tools of a workspace's agent: a table of names, arguments and words, and what each does.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dialogue/offer.h"
#include "mcp/inbox.h"
#include "mcp/local_files.h"
#include "mcp/platforms.h"
#include "mcp/settings.h"
#include "platform/json/json.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp {

class Tools;

struct Tool {
  Words words;
  io::Task<Said> (Tools::*run)(json::Node arguments, const Progress& progress) = nullptr;
};
// Of an agent that is a workspace. Those of a channel: channel_tools.h.
extern const std::span<const Tool> workspace_tools;

// Which server this is to its client.
struct Face {
  std::span<const Tool> tools;
  std::function<std::string()> instructions;  // Asked anew for every client.
};

class Tools final : public Offer {
 public:
  // `inbox` may be null: it is switched off.
  Tools(Platforms& platform, Settings& settings, Inbox* inbox, io::Random& random, Face face)
      : platform_(platform),
        settings_(settings),
        inbox_(inbox),
        random_(random),
        face_(std::move(face)),
        files_(platform, settings.state) {}

  const Server& server() const override;
  std::optional<std::string> instructions() const override;
  std::string list(std::string_view revision) const override;
  const Words* find(std::string_view name) const override;
  io::Task<Said> call(const Words& tool, json::Node arguments, const Progress& progress) override;

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
  io::Task<Said> fetch_files(json::Node arguments, const Progress& progress);
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
  // The files that a message names, one that waits or an earlier one, as JSON; nothing when there
  // is no such message.
  io::Task<std::optional<std::string>> files_of_message(client::Credential& as,
                                                        const ActivityId& id);
  io::Task<std::string> upload(client::Credential& as, const std::vector<std::string>& files);
  std::string name_of(const WorkspaceId& peer) const;
  // Of the files that came with a result, the pictures and sounds, which a model looks at or hears.
  io::Task<std::vector<Enclosed>> to_look_at(client::Credential& as, json::Node files);

  Platforms& platform_;
  Settings& settings_;
  Inbox* const inbox_;
  io::Random& random_;
  const Face face_;
  LocalFiles files_;
  struct Known {
    std::string name;
    WorkspaceId through;
  };
  std::unordered_map<WorkspaceId, Known> peers_;  // As listed last; at most peers_max.
};

}  // namespace molecule::mcp
