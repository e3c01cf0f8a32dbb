// Taking files in: read as they come, written as they are read, all of a request or none.
#include "platform/http/multipart.h"
#include "platform/json/json.h"
#include "server/attachments/attachments_service.h"
#include "server/attachments/attachments_store.h"
#include "server/attachments/naming.h"

namespace molecule::attachments {
namespace {

using Event = http::MultipartReader::Event;

constexpr std::size_t written_at_once = 256u << 10;  // Bytes of a file that are held in memory.
constexpr std::string_view field = "files";

Fault malformed() { return bad_request("malformed_multipart", "malformed multipart body"); }

Fault too_large(std::string_view name, std::uint64_t size) {
  return Fault(Kind::too_large, "file_too_large", "file exceeds per-file cap")
      .with(json::Object{}
                .add("filename", name)
                .add("size", static_cast<std::int64_t>(size))
                .add("max", static_cast<std::int64_t>(file_max))
                .members());
}

Fault request_too_large(std::uint64_t size) {
  return Fault(Kind::too_large, "request_too_large", "request exceeds per-request cap")
      .with(json::Object{}
                .add("size", static_cast<std::int64_t>(size))
                .add("max", static_cast<std::int64_t>(request_max))
                .members());
}

Fault full(std::int64_t used, std::int64_t most) {
  return Fault(Kind::too_large, "attachments_full",
               "this workspace has no room for more files; they go with the messages that name "
               "them")
      .with(json::Object{}.add("used", used).add("max", most).members());
}

std::string shown_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{} KB", bytes / 1024);
  return fmt::format("{} MB", bytes / (1024 * 1024));
}

}  // namespace

struct Service::Arrived {
  Keeper::File file;
  blobs::Name digest{};
  std::uint64_t size = 0;
  std::string name;
  std::string media_type;
};

io::Task<void> Service::receive(const http::Request& request, std::vector<Arrived>& files) {
  auto boundary = http::multipart_boundary(request.header("content-type").value_or(""));
  if (!boundary) throw malformed();
  http::MultipartReader form(*boundary);
  std::string beginning, waiting;
  std::uint64_t total = 0;
  bool in_file = false;
  for (;;) {
    switch (form.next()) {
      case Event::more: {
        const std::string_view bytes = co_await request.incoming->next();
        if (bytes.empty()) throw malformed();
        form.take(bytes);
        break;
      }
      case Event::part:
        in_file = form.part().name == field;
        if (!in_file) break;
        beginning.clear();
        waiting.clear();
        files.emplace_back();
        files.back().file = co_await keeper_.receive();
        files.back().name = safe_name(form.part().filename.value_or(""));
        break;
      case Event::bytes: {
        if (!in_file) break;
        const std::string_view bytes = form.bytes();
        Arrived& file = files.back();
        file.size += bytes.size();
        total += bytes.size();
        if (file.size > file_max) throw too_large(file.name, file.size);
        if (total > request_max) throw request_too_large(total);
        beginning += bytes.substr(0, beginning_max - std::min(beginning.size(), beginning_max));
        waiting += bytes;
        if (waiting.size() < written_at_once) break;
        co_await keeper_.append(*file.file, waiting);
        waiting.clear();
        break;
      }
      case Event::part_over: {
        if (!in_file) break;
        Arrived& file = files.back();
        if (!waiting.empty()) co_await keeper_.append(*file.file, waiting);
        file.digest = co_await keeper_.seal(*file.file);
        file.media_type = media_type_of(beginning, file.name, form.part().media_type);
        break;
      }
      case Event::over:
        if (files.empty()) throw bad_request("no_files", "no files field in request");
        // The connection goes on behind it.
        for (;;) {
          const std::string_view rest = co_await request.incoming->next();
          if (rest.empty()) co_return;
        }
      case Event::too_many:
        throw bad_request("too_many_files", fmt::format("too many files (limit {})",
                                                        http::MultipartReader::parts_max));
      case Event::bad:
      case Event::too_long: throw malformed();
    }
  }
}

io::Task<void> Service::require_room(WorkspaceId id, std::uint64_t more) {
  const std::int64_t used = co_await db_.read(
      [&](sql::Read& read) { return read.optional(store::total, id).value_or(0); });
  if (used + static_cast<std::int64_t>(more) > settings_.workspace_max)
    throw full(used, settings_.workspace_max);
}

// The rows of all files, and what their agent reads of them.
io::Task<api::Uploaded> Service::record(WorkspaceId id, bool told, std::vector<Arrived>& files) {
  std::vector<api::UploadNotice> notices;
  std::int64_t sum = 0;
  for (const Arrived& file : files) {
    api::UploadNotice notice;
    notice.file_id = random_.id<AttachmentId>();
    notice.name = file.name;
    notice.mimeType = file.media_type;
    notice.size = static_cast<std::int64_t>(file.size);
    notice.uri = uri_of(id, notice.file_id);
    sum += notice.size;
    notices.push_back(std::move(notice));
  }
  co_await db_.write([&, this](sql::Tx& tx) {
    const std::int64_t used = tx.optional(store::total, id).value_or(0);
    if (used + sum > settings_.workspace_max) throw full(used, settings_.workspace_max);
    tx.post(store::add_total, id, sum);
    const Instant now = clock_.now();
    for (std::size_t i = 0; i < files.size(); ++i) {
      const api::UploadNotice& notice = notices[i];
      tx.post(store::insert, notice.file_id, id, sql::BytesView(files[i].digest), notice.size,
              std::string_view(notice.name), std::string_view(notice.mimeType), now,
              now + pending_for);
      if (!told) continue;
      activity::NewReport row;
      row.workspace = id;
      row.activity_type = "a2a_receive";
      row.target = id;
      row.method = upload_method;
      row.summary = fmt::format("File: {} ({})", notice.name, shown_size(files[i].size));
      row.request_body = RawJson(json::text(notice));
      feed_.record(tx, row);
    }
  });
  api::Uploaded out;
  for (api::UploadNotice& notice : notices) {
    out.files.push_back(
        {std::move(notice.uri), std::move(notice.name), std::move(notice.mimeType), notice.size});
  }
  probe_.uploaded.add(files.size());
  probe_.uploaded_bytes.add(static_cast<std::uint64_t>(sum));
  co_return out;
}

io::Task<api::Uploaded> Service::upload(auth::Self::Caller caller, WorkspaceId id,
                                        const http::Request& request) {
  auth::require_present(directory_, id);
  const std::uint64_t announced = request.incoming->announced().value_or(0);
  if (announced > request_max + form_max) throw request_too_large(announced);
  const Slots::Slot slot = uploads_.take(id);
  // What is refused for its form is told of that: it takes the room that its files would.
  co_await require_room(id, announced > form_max ? announced - form_max : 0);
  std::vector<Arrived> files;
  std::vector<Keeper::Hold> holds;
  std::exception_ptr failure;
  api::Uploaded answer;
  try {
    co_await receive(request, files);
    for (const Arrived& file : files)
      co_await scan_.pass(file.file->path(), file.name, file.media_type);
    std::uint64_t sum = 0;
    for (const Arrived& file : files) sum += file.size;
    co_await require_room(id, sum);
    for (Arrived& file : files) {
      holds.emplace_back(keeper_, file.digest);
      co_await keeper_.keep(*file.file);
    }
    // A file that its sender, the agent itself, has is no news to it.
    const bool told =
        caller.workspace() != id && directory_.delivery(id) == workspaces::Delivery::poll;
    answer = co_await record(id, told, files);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return answer;
  forsaken_.write([&](std::vector<blobs::Name>& names) {
    for (std::size_t i = 0; i < holds.size() && names.size() < forsaken_max; ++i)
      names.push_back(files[i].digest);
  });
  for (Arrived& file : files) {
    if (file.file) co_await keeper_.drop(std::move(file.file));
  }
  std::rethrow_exception(failure);
}

}  // namespace molecule::attachments
