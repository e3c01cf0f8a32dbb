#include "server/attachments/attachments_service.h"

namespace molecule::attachments {
namespace {

constexpr auto table = http::table(
    http::get<auth::Open, &Service::limits>("/uploads/limits")
        .says("What may go up: bytes of a file and of a request, files of a message."),
    http::post<auth::Self, &Service::upload>("/workspaces/{id}/chat/uploads")
        .reads_body("multipart/form-data", request_max + form_max)
        .says("Takes files in, each a part `files` of a form; a polling agent is told of each.")
        .refuses("malformed_multipart", "no_files", "too_many_files", "file_too_large",
                 "request_too_large", "attachments_full", "attachment_refused", "scan_failed",
                 "disk_full", "workspace_not_found"),
    http::get<auth::Self, &Service::fetch>("/workspaces/{id}/attachments/{file}")
        .says("A file, to whoever may see a message that names it; ranges are answered.")
        .gives(200, "application/octet-stream")
        .gives(206, "application/octet-stream")
        .refuses("attachment_not_found", "attachment_lost", "range_not_satisfiable"),
    http::get<auth::Self, &Service::pending>("/workspaces/{id}/pending-uploads/{file_id}/content")
        .says("A file that went up to this workspace, for a day and until it says it has it.")
        .gives(200, "application/octet-stream")
        .gives(206, "application/octet-stream")
        .refuses("invalid_file_id", "pending_upload_not_found", "attachment_lost",
                 "range_not_satisfiable"),
    http::post<auth::Self, &Service::ack>("/workspaces/{id}/pending-uploads/{file_id}/ack")
        .says("Its agent has the file.")
        .refuses("invalid_file_id", "pending_upload_not_found"),
    http::get<auth::Self, &Service::download>("/workspaces/{id}/chat/download")
        .says("A file of the chat by the path that an agent with a disk names it by.")
        .gives(200, "application/octet-stream")
        .gives(206, "application/octet-stream")
        .refuses("invalid_path", "file_not_found", "attachment_lost", "range_not_satisfiable"));

}  // namespace

const std::span<const http::Route> routes = table;

Service::Probe::Probe(metrics::Registry& registry)
    : uploaded(registry.counter("molecule_attachments_uploaded_total", "Files taken in")),
      uploaded_bytes(
          registry.counter("molecule_attachments_uploaded_bytes_total", "Bytes of files taken in")),
      downloaded(registry.counter("molecule_attachments_downloaded_total", "Files asked for")),
      removed(registry.counter("molecule_attachments_removed_total",
                               "Files removed because nothing named them any more")),
      uploads(registry.gauge("molecule_attachments_uploads", "Uploads under way")),
      downloads(registry.gauge("molecule_attachments_downloads", "Downloads under way")) {}

Service::Service(sql::Database& db, activity::Feed& feed, const workspaces::Directory& directory,
                 Keeper& keeper, const io::Clock& clock, io::Random& random,
                 metrics::Registry& registry, Settings settings)
    : db_(db),
      feed_(feed),
      directory_(directory),
      keeper_(keeper),
      clock_(clock),
      random_(random),
      probe_(registry),
      settings_(std::move(settings)),
      scan_(settings_.scan_program) {}

io::Task<api::UploadLimits> Service::limits(auth::Open::Caller) {
  co_return api::UploadLimits{static_cast<std::int64_t>(file_max),
                              static_cast<std::int64_t>(request_max),
                              static_cast<std::int64_t>(per_message_max)};
}

}  // namespace molecule::attachments
