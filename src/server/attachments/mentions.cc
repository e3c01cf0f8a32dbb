#include "server/attachments/mentions.h"

#include <algorithm>

#include "platform/json/json.h"
#include "server/attachments/attachments_store.h"

namespace molecule::attachments {

namespace {

// The files that are parts of the message; those that are only spoken of are not.
std::vector<AttachmentId> parts_of(std::string_view request) {
  std::vector<AttachmentId> out;
  json::Document document = json::Document::parse(request, {.nul = json::Nul::kept});
  const json::Node parts = document.root().find("params").find("message").find("parts");
  for (std::size_t i = 0; parts.is(json::Type::array) && i < parts.size(); ++i) {
    const json::Node nested = parts.at(i).find("file");
    const json::Node holder = nested.is(json::Type::object) ? nested : parts.at(i);
    for (std::string_view member : {"uri", "url"}) {
      const json::Node address = holder.find(member);
      if (!address.is(json::Type::string)) continue;
      const auto named = named_in(address.string(), 1);
      out.insert(out.end(), named.begin(), named.end());
    }
  }
  return out;
}

}  // namespace

bool Mentions::may_see(sql::Tx& tx, AttachmentId file, std::optional<WorkspaceId> who) {
  return who ? tx.optional(store::seen_by, file, *who).has_value()
             : tx.optional(store::find, file).has_value();
}

void Mentions::note(sql::Tx& tx, std::span<const AttachmentId> files, std::optional<WorkspaceId> by,
                    std::int64_t seq, WorkspaceId reader) {
  for (AttachmentId file : files) {
    if (may_see(tx, file, by)) tx.post(store::mention, seq, file, reader);
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
  // Whoever asks is told before anybody works on it. An answer stands as it is: its words are worth
  // more than the file that is gone.
  std::optional<std::vector<AttachmentId>> parts;
  for (AttachmentId file : files) {
    if (message.answer || may_see(tx, file, message.source)) continue;
    if (!parts) parts = parts_of(message.body);
    if (std::ranges::find(*parts, file) == parts->end()) continue;
    throw Fault(Kind::unprocessable, "attachment_unknown",
                fmt::format("the message names the file {}, which is not there, or not there for "
                            "whoever sends it: it goes a day after it came up unless a message "
                            "names it; send it up again",
                            file.text()));
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
