// Follows messages and reports: which of them name a file. A file is kept as long as one does, and
// who may see that one may see the file. Who names a file that is not theirs to see says nothing,
// and a message whose part it is is refused.
#pragma once

#include "platform/io/clock.h"
#include "server/activity/feed.h"
#include "server/attachments/attachments.h"
#include "server/messages/ledger.h"
#include "server/workspaces/workspaces.h"

namespace molecule::attachments {

// The method of the rows that tell a polling agent of files.
inline constexpr std::string_view upload_method = "chat_upload_receive";

class Mentions final : public messages::Follower,
                       public activity::ReportFollower,
                       public workspaces::Departure {
 public:
  explicit Mentions(const io::Clock& clock) : clock_(clock) {}

  // Throws Fault bad_request `too_many_attachments`, and unprocessable `attachment_unknown` where a
  // part of it is a file that its sender may not see.
  void accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                messages::State state) override;
  void ended(sql::Tx& tx, const messages::Message& message,
             const messages::Outcome& outcome) override;
  void amended(sql::Tx& tx, const messages::Message& message,
               const messages::Outcome& outcome) override {
    ended(tx, message, outcome);
  }
  void told(sql::Tx& tx, std::int64_t message, std::string_view said) override;
  void erased(sql::Tx& tx, std::int64_t message) override;
  void reported(sql::Tx& tx, const activity::NewReport& report,
                const messages::Place& place) override;
  void purged(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

 private:
  // A person may see all.
  static bool may_see(sql::Tx& tx, AttachmentId file, std::optional<WorkspaceId> who);
  // `by`: who names them; a person may name all.
  void note(sql::Tx& tx, std::span<const AttachmentId> files, std::optional<WorkspaceId> by,
            std::int64_t seq, WorkspaceId reader);
  const io::Clock& clock_;
};

}  // namespace molecule::attachments
