#include "server/attachments/mentions.h"

#include "server/attachments/attachments_store.h"

namespace molecule::attachments {

void Mentions::note(sql::Tx& tx, std::span<const AttachmentId> files, std::optional<WorkspaceId> by,
                    std::int64_t seq, WorkspaceId reader) {
  for (AttachmentId file : files) {
    const bool theirs = by ? tx.optional(store::seen_by, file, *by).has_value()
                           : tx.optional(store::find, file).has_value();
    if (theirs) tx.post(store::mention, seq, file, reader);
  }
}

void Mentions::accepted(sql::Tx& tx, const messages::NewMessage& message,
                        const messages::Place& place, messages::State) {
  const std::vector<AttachmentId> files = named_in(message.body, per_message_max + 1);
  if (files.size() > per_message_max) {
    throw bad_request(
        "too_many_attachments",
        fmt::format("a message names at most {} files of the platform", per_message_max));
  }
  note(tx, files, message.source, place.seq, message.target);
}

void Mentions::ended(sql::Tx& tx, const messages::Message& message,
                     const messages::Outcome& outcome) {
  const std::vector<AttachmentId> files = named_in(outcome.body.text, per_message_max);
  note(tx, files, message.target, message.seq, message.source.value_or(message.target));
}

void Mentions::told(sql::Tx& tx, std::int64_t message, std::string_view said) {
  const std::vector<AttachmentId> files = named_in(said, per_message_max);
  if (files.empty()) return;
  auto parties = tx.optional(store::parties, message);
  if (!parties) return;
  note(tx, files, parties->target_id, message, parties->source_id.value_or(parties->target_id));
}

void Mentions::erased(sql::Tx& tx, std::int64_t message) {
  tx.post(store::look_named, message);
  tx.post(store::forget, message);
}

void Mentions::reported(sql::Tx& tx, const activity::NewReport& report,
                        const messages::Place& place) {
  // A file is not kept for having come.
  if (report.method == upload_method) return;
  const WorkspaceId by = report.author.value_or(report.source.value_or(report.workspace));
  for (const RawJson* body : {&report.request_body, &report.response_body})
    note(tx, named_in(body->text, per_message_max), by, place.seq, report.workspace);
}

void Mentions::purged(sql::Tx& tx, std::span<const WorkspaceId> ids) {
  for (WorkspaceId id : ids) {
    tx.post(store::look_read, id);
    tx.post(store::forget_reader, id);
    tx.post(store::expire_all, id, clock_.now());
  }
}

}  // namespace molecule::attachments
