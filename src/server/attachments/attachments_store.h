// Statements over attachments and what names them. Only this slice writes them.
#pragma once

#include "platform/sql/query.h"
#include "server/attachments/attachments.h"

namespace molecule::attachments::store {

inline constexpr sql::Query<void(AttachmentId, WorkspaceId, sql::BytesView, std::int64_t,
                                 std::string_view, std::string_view, Instant, Instant)>
    insert{"attachments.insert", R"(
    INSERT INTO attachments (id, workspace_id, digest, size, name, media_type, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};

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

inline constexpr sql::Query<std::int64_t(WorkspaceId)> total{"attachments.total", R"(
    SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM attachments WHERE workspace_id = $1)"};

inline constexpr sql::Query<void(std::int64_t, AttachmentId, WorkspaceId)> mention{
    "attachments.mention", R"(
    INSERT INTO attachment_mentions (seq, attachment_id, workspace_id) VALUES ($1, $2, $3)
    ON CONFLICT (seq, attachment_id, workspace_id) DO NOTHING)"};
inline constexpr sql::Query<void(std::int64_t)> forget{"attachments.forget", R"(
    DELETE FROM attachment_mentions WHERE seq = $1)"};
// Where a slice of at most $2 mentions behind $1 ends; null when there is none.
inline constexpr sql::Query<std::optional<std::int64_t>(std::int64_t, std::int64_t)> slice{
    "attachments.slice", R"(
    SELECT MAX(seq) FROM (SELECT seq FROM attachment_mentions WHERE seq > $1 ORDER BY seq LIMIT $2) AS looked_at)"};
// Of rows that are no more.
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> forget_pruned{
    "attachments.forget_pruned", R"(
    DELETE FROM attachment_mentions WHERE seq > $1 AND seq <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = attachment_mentions.seq)
       AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.seq = attachment_mentions.seq))"};

// What nothing names and nobody waits for, at most $2.
inline constexpr sql::Query<Row(Instant, std::int64_t)> unnamed{"attachments.unnamed", R"(
    SELECT a.id, a.workspace_id, a.digest, a.size, a.name, a.media_type, a.created_at, a.expires_at, a.acked_at
      FROM attachments a WHERE a.expires_at <= $1
       AND NOT EXISTS (SELECT 1 FROM attachment_mentions m WHERE m.attachment_id = a.id)
     ORDER BY a.expires_at LIMIT $2)"};
inline constexpr sql::Query<void(AttachmentId)> erase{"attachments.erase", R"(
    DELETE FROM attachments WHERE id = $1)"};
inline constexpr sql::Query<std::int64_t(sql::BytesView)> named{"attachments.named", R"(
    SELECT COUNT(*) FROM attachments WHERE digest = $1)"};

// Of a workspace that is no more: gone as soon as nothing names them.
inline constexpr sql::Query<void(WorkspaceId, Instant)> expire_all{"attachments.expire_all", R"(
    UPDATE attachments SET expires_at = $2 WHERE workspace_id = $1 AND expires_at > $2)"};
inline constexpr sql::Query<void(WorkspaceId)> forget_reader{"attachments.forget_reader", R"(
    DELETE FROM attachment_mentions WHERE workspace_id = $1)"};

}  // namespace molecule::attachments::store
