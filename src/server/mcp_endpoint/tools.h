// The tools of a workspace's MCP endpoint: a table of names, arguments and words, and what each
// does, by the methods that the routes call.
#pragma once

#include <string>

#include "dialogue/offer.h"
#include "platform/http/message.h"
#include "platform/io/clock.h"
#include "server/activity/activity_service.h"
#include "server/attachments/attachments_service.h"
#include "server/delegations/delegations_service.h"
#include "server/presence/presence_service.h"
#include "server/workspaces/workspaces_service.h"

namespace molecule::mcp_endpoint {

struct Parts {
  presence::Service& presence;
  workspaces::Service& workspaces;
  delegations::Service& delegations;
  activity::Service& activity;
  attachments::Service& attachments;
  const workspaces::Directory& directory;
  io::Random& random;
  // Whether send_message_to_user is there.
  bool speaks_to_people = false;
};

// As whom a call is made.
struct Asker {
  auth::Self::Caller caller;
  WorkspaceId workspace;
  std::string parent;  // The message at which it is, as X-Molecule-Activity-Id says; may be empty.
};

// What is offered to one asker.
class Tools final : public mcp::Offer {
 public:
  Tools(const Parts& parts, Asker asker) : parts_(parts), asker_(std::move(asker)) {}

  const mcp::Server& server() const override;
  std::optional<std::string> instructions() const override { return std::nullopt; }
  std::string list(std::string_view revision) const override;
  const mcp::Words* find(std::string_view name) const override;
  io::Task<mcp::Said> call(const mcp::Words& tool, json::Node arguments,
                           const mcp::Progress& progress) override;
  // Agent cards, its own and those of the workspaces that it may reach; and files that it may see.
  std::optional<Page> resources(std::string_view cursor) const override;
  std::string templates() const override;
  io::Task<std::optional<std::string>> resource(std::string uri) const override;
  std::string prompts() const override;
  std::optional<Completion> complete(const Asked& asked) const override;
  std::optional<json::Object> prompt(std::string_view name, json::Node arguments) const override;
  // As a tool of this name is described; null: there is none.
  static const mcp::Words* words(std::string_view name);
  // Whether a call of it may take longer than an answer at once.
  static bool lasts(std::string_view tool) { return tool == "delegate_task"; }

  io::Task<mcp::Said> list_peers(json::Node arguments, const mcp::Progress& progress);
  io::Task<mcp::Said> get_workspace_info(json::Node arguments, const mcp::Progress& progress);
  io::Task<mcp::Said> delegate_task(json::Node arguments, const mcp::Progress& progress);
  io::Task<mcp::Said> delegate_task_async(json::Node arguments, const mcp::Progress& progress);
  io::Task<mcp::Said> check_task_status(json::Node arguments, const mcp::Progress& progress);
  io::Task<mcp::Said> send_message_to_user(json::Node arguments, const mcp::Progress& progress);

 private:
  io::Task<api::Delegated> hand_over(WorkspaceId peer, std::string task);
  std::string name_of(WorkspaceId peer) const;
  // Its agent card, as a resource; empty where it is not to be seen.
  std::optional<mcp::Enclosed> card(WorkspaceId of) const;
  std::optional<WorkspaceId> peer_called(std::string_view text) const;
  io::Task<std::optional<mcp::Enclosed>> file(attachments::AttachmentId id, std::size_t most) const;
  // The files that came with a result.
  io::Task<std::vector<mcp::Enclosed>> enclosed(const std::vector<api::Attachment>& files) const;

  const Parts& parts_;
  const Asker asker_;
};

}  // namespace molecule::mcp_endpoint
