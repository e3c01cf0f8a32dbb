// Statements over attachments and what names them. Only this slice writes them.
#pragma once

#include "platform/sql/query.h"
#include "server/attachments/attachments.h"

namespace molecule::attachments::store {

inline constexpr sql::Query<void(AttachmentId, WorkspaceId, sql::BytesView, std::int64_t,
                                 std::string_view, std::string_view, Instant, Instant)>
    insert{"attachments.insert", R"(
    INSERT INTO attachments (id, workspace_id, digest, size, name, media_type, created_at, expires_at, look_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8))"};

namespace part {
inline constexpr std::string_view columns = R"(
    SELECT a.id, a.workspace_id, a.digest, a.size, a.name, a.media_type, a.created_at, a.expires_at, a.acked_at
      FROM attachments a)";
inline constexpr std::string_view one = R"(
     WHERE a.id = $1)";
// It went up to this workspace, or a row that the workspace may see names it.
inline constexpr std::string_view seen_by = R"(
     WHERE a.id = $1 AND (a.workspace_id = $2 OR EXISTS (
       SELECT 1 FROM attachment_mentions m WHERE m.attachment_id = a.id AND m.workspace_id = $2)))";
inline constexpr std::string_view pending = R"(
     WHERE a.id = $1 AND a.workspace_id = $2 AND a.acked_at IS NULL AND a.expires_at > $3)";
inline constexpr std::string_view due = R"(
     WHERE a.look_at <= $1 ORDER BY a.look_at LIMIT $2)";
}  // namespace part

inline constexpr sql::Query<Row(AttachmentId)> find{"attachments.find",
                                                    sql::joined<part::columns, part::one>};
inline constexpr sql::Query<Row(AttachmentId, WorkspaceId)> seen_by{
    "attachments.seen_by", sql::joined<part::columns, part::seen_by>};
inline constexpr sql::Query<Row(AttachmentId, WorkspaceId, Instant)> pending{
    "attachments.pending", sql::joined<part::columns, part::pending>};

inline constexpr sql::Query<void(AttachmentId, WorkspaceId, Instant)> ack{"attachments.ack", R"(
    UPDATE attachments SET acked_at = $3
     WHERE id = $1 AND workspace_id = $2 AND acked_at IS NULL AND expires_at > $3)"};

// What a workspace keeps, in bytes; a row that came or went changes it in the same transaction.
inline constexpr sql::Query<std::int64_t(WorkspaceId)> total{"attachments.total", R"(
    SELECT size FROM attachment_totals WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::int64_t)> add_total{"attachments.add_total", R"(
    INSERT INTO attachment_totals (workspace_id, size) VALUES ($1, $2)
    ON CONFLICT (workspace_id) DO UPDATE SET size = attachment_totals.size + excluded.size)"};
inline constexpr sql::Query<void(WorkspaceId)> erase_total{"attachments.erase_total", R"(
    DELETE FROM attachment_totals WHERE workspace_id = $1 AND size <= 0)"};

inline constexpr sql::Query<void(std::int64_t, AttachmentId, WorkspaceId)> mention{
    "attachments.mention", R"(
    INSERT INTO attachment_mentions (seq, attachment_id, workspace_id) VALUES ($1, $2, $3)
    ON CONFLICT (seq, attachment_id, workspace_id) DO NOTHING)"};
struct Parties {
  WorkspaceId target_id;
  std::optional<WorkspaceId> source_id;
};
BOOST_DESCRIBE_STRUCT(Parties, (), (target_id, source_id))
inline constexpr sql::Query<Parties(std::int64_t)> parties{"attachments.parties", R"(
    SELECT target_id, source_id FROM messages WHERE seq = $1)"};
// What is named no more by a row is looked at anew: `look_...` goes before `forget...`.
inline constexpr sql::Query<void(std::int64_t)> look_named{"attachments.look_named", R"(
    UPDATE attachments SET look_at = expires_at
     WHERE id IN (SELECT attachment_id FROM attachment_mentions WHERE seq = $1))"};
inline constexpr sql::Query<void(std::int64_t)> forget{"attachments.forget", R"(
    DELETE FROM attachment_mentions WHERE seq = $1)"};
// Where a slice of at most $2 mentions behind $1 ends; null when there is none.
inline constexpr sql::Query<std::optional<std::int64_t>(std::int64_t, std::int64_t)> slice{
    "attachments.slice", R"(
    SELECT MAX(seq) FROM (SELECT seq FROM attachment_mentions WHERE seq > $1 ORDER BY seq LIMIT $2) AS looked_at)"};
// Of rows that are no more.
namespace part {
inline constexpr std::string_view of_pruned = R"(
    FROM attachment_mentions WHERE seq > $1 AND seq <= $2
     AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = attachment_mentions.seq)
     AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.seq = attachment_mentions.seq))";
inline constexpr std::string_view look_at_ids = R"(
    UPDATE attachments SET look_at = expires_at WHERE id IN (SELECT attachment_id)";
inline constexpr std::string_view end = ")";
inline constexpr std::string_view deleted = R"(
    DELETE)";
}  // namespace part
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> look_pruned{
    "attachments.look_pruned", sql::joined<part::look_at_ids, part::of_pruned, part::end>};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> forget_pruned{
    "attachments.forget_pruned", sql::joined<part::deleted, part::of_pruned>};

// What nobody waits for any more and is to be looked at, at most $2.
inline constexpr sql::Query<Row(Instant, std::int64_t)> due{"attachments.due",
                                                            sql::joined<part::columns, part::due>};
inline constexpr sql::Query<std::int64_t(AttachmentId)> mentioned{"attachments.mentioned", R"(
    SELECT 1 FROM attachment_mentions WHERE attachment_id = $1 LIMIT 1)"};
inline constexpr sql::Query<void(AttachmentId, Instant)> look_later{"attachments.look_later", R"(
    UPDATE attachments SET look_at = $2 WHERE id = $1)"};
inline constexpr sql::Query<void(AttachmentId)> erase{"attachments.erase", R"(
    DELETE FROM attachments WHERE id = $1)"};
inline constexpr sql::Query<std::int64_t(sql::BytesView)> named{"attachments.named", R"(
    SELECT COUNT(*) FROM attachments WHERE digest = $1)"};

// Of a workspace that is no more: gone as soon as nothing names them.
inline constexpr sql::Query<void(WorkspaceId, Instant)> expire_all{"attachments.expire_all", R"(
    UPDATE attachments SET expires_at = $2, look_at = $2 WHERE workspace_id = $1 AND expires_at > $2)"};
inline constexpr sql::Query<void(WorkspaceId)> look_read{"attachments.look_read", R"(
    UPDATE attachments SET look_at = expires_at
     WHERE id IN (SELECT attachment_id FROM attachment_mentions WHERE workspace_id = $1))"};
inline constexpr sql::Query<void(WorkspaceId)> forget_reader{"attachments.forget_reader", R"(
    DELETE FROM attachment_mentions WHERE workspace_id = $1)"};

}  // namespace molecule::attachments::store
