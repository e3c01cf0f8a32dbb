// The operator's tools at work.
#pragma once

#include <string>

#include "client/credential.h"
#include "client/platform.h"
#include "dialogue/offer.h"
#include "manage/table.h"
#include "platform/io/clock.h"

namespace molecule::manage {

class Tools final : public mcp::Offer {
 public:
  Tools(client::Platform& platform, client::Credential& key, const io::Clock& clock,
        io::Random& random)
      : platform_(platform), key_(key), clock_(clock), random_(random) {}

  // Only tools of this scope and less are there.
  void limit_to(Scope scope) { scope_ = scope; }

  const mcp::Server& server() const override;
  std::optional<std::string> instructions() const override;
  std::string list(std::string_view revision) const override;
  const mcp::Words* find(std::string_view name) const override;
  io::Task<mcp::Said> call(const mcp::Words& words, json::Node arguments,
                           const mcp::Progress& progress) override;

 private:
  io::Task<mcp::Said> answer(const Tool& tool, json::Node arguments, const mcp::Progress& progress);
  // Writes to an agent, and waits for what it says.
  io::Task<mcp::Said> chat(client::Ask what, json::Node arguments, const mcp::Progress& progress);
  // Asks and tells meanwhile that it goes on.
  io::Task<client::Answer> ask(client::Ask what, const mcp::Progress& progress);

  client::Platform& platform_;
  client::Credential& key_;
  const io::Clock& clock_;
  io::Random& random_;
  Scope scope_ = Scope::admin;
};

mcp::Said failed(std::string_view error, std::string_view detail, std::string_view code = {});
// An answer of the platform as it is told: indented JSON, or what went wrong.
mcp::Said told(const client::Answer& answer);
// JSON text with a member to a line.
std::string indented(json::Node value);

// More than the answer itself (Made).
mcp::Said activity(json::Node arguments, json::Node rows);
mcp::Said paged(json::Node arguments, json::Node rows);
mcp::Said delegation(json::Node arguments, json::Node row);
mcp::Said discovered(json::Node workspace);
mcp::Said made_workspace(json::Node made);
mcp::Said remote_agents(json::Node arguments, json::Node workspaces);
mcp::Said remote_state(json::Node arguments, const client::Answer& answer);
mcp::Said remote_fresh(json::Node arguments, json::Node workspace, Instant now);
mcp::Said setup_command(json::Node arguments, json::Node connection);

}  // namespace molecule::manage
