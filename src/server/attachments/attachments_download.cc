// Giving files out, to whoever may see them: as something to be kept, never as something to be
// shown.
#include "platform/crypto/encoding.h"
#include "platform/http/byte_range.h"
#include "server/attachments/attachments_service.h"
#include "server/attachments/attachments_store.h"

namespace molecule::attachments {
namespace {

constexpr std::size_t read_at_once = 128u << 10;  // Bytes of a file that are held in memory.

// What opens it in a browser after all has no rights there.
constexpr std::string_view policy = "default-src 'none'; sandbox; frame-ancestors 'none'";

// A part of a file on its way out.
struct Source {
  Keeper& keeper;
  files::Descriptor file;
  std::uint64_t at;
  std::uint64_t left;
  Slots::Slot slot;
};

io::Task<void> pour(Source& source, http::BodyWriter& out) {
  std::string room(read_at_once, '\0');
  while (source.left > 0) {
    const std::size_t most = std::min<std::uint64_t>(room.size(), source.left);
    const std::size_t n =
        co_await source.keeper.read(source.file, source.at, std::span(room.data(), most));
    if (n == 0) co_return;  // Shorter than it was: the peer sees that it is not whole.
    co_await out.write(std::string_view(room).substr(0, n));
    source.at += n;
    source.left -= n;
  }
}

Fault no_pending() {
  return {Kind::not_found, "pending_upload_not_found", "pending upload not found or expired"};
}

AttachmentId file_id(const std::string& text) {
  auto id = AttachmentId::parse(text);
  if (!id) throw bad_request("invalid_file_id", "invalid file_id");
  return *id;
}

// An agent with a disk would have it at /workspace/.molecule/chat-uploads/{32 hex}-{name}.
std::optional<AttachmentId> id_in(std::string_view path) {
  constexpr std::string_view folder = "/workspace/.molecule/chat-uploads/";
  constexpr std::size_t digits = 32;
  if (!path.starts_with(folder)) return std::nullopt;
  path.remove_prefix(folder.size());
  if (path.size() < digits + 2 || path[digits] != '-') return std::nullopt;
  auto bytes = crypto::hex_decode(path.substr(0, digits));
  if (!bytes) return std::nullopt;
  IdBytes id{};
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return AttachmentId(id);
}

void require_path(std::string_view path) {
  constexpr std::array<std::string_view, 4> roots{"/configs", "/workspace", "/home", "/plugins"};
  if (path.empty()) throw bad_request("invalid_path", "path query required");
  if (path.front() != '/') throw bad_request("invalid_path", "path must be absolute");
  const bool below = std::ranges::any_of(roots, [&](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  });
  if (!below) {
    throw bad_request("invalid_path", "path must be under /configs, /workspace, /home or /plugins");
  }
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view step = rest.substr(0, end);
    if (step.empty() || step == "." || step == "..")
      throw bad_request("invalid_path", "invalid path");
    rest.remove_prefix(end);
  }
}

}  // namespace

io::Task<http::Response> Service::give(WorkspaceId reader, const Row& row,
                                       const http::Request& request) {
  const std::string tag = fmt::format("\"{}\"", crypto::hex_encode(row.digest));
  http::Response response;
  response.headers.emplace_back("ETag", tag);
  if (request.header("if-none-match") == tag) {
    response.status = 304;
    co_return response;
  }
  Slots::Slot slot = downloads_.take(reader);
  auto file = co_await keeper_.open(blob_of(row.digest));
  const auto size = static_cast<std::uint64_t>(row.size);
  bool whole = file.has_value();
  if (whole) whole = co_await keeper_.size(*file) == size;
  if (!whole) {
    throw Fault(Kind::gone, "attachment_lost",
                "the file's bytes are not on the platform's disk any more");
  }
  http::ByteRange range;
  auto only_if = request.header("if-range");
  if (!only_if || *only_if == tag) range = http::byte_range(request.header("range"), size);
  if (range.asked == http::ByteRange::Asked::nothing) {
    co_return http::error_response(416, "range_not_satisfiable",
                                   fmt::format("the file has {} bytes", size))
        .with("Content-Range", fmt::format("bytes */{}", size));
  }
  if (range.asked == http::ByteRange::Asked::whole) range.last = size - 1;
  const std::uint64_t length = size == 0 ? 0 : range.last - range.first + 1;
  if (range.asked == http::ByteRange::Asked::part) {
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  fmt::format("bytes {}-{}/{}", range.first, range.last, size));
  }
  response.content_type = row.media_type;
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("attachment; filename=\"{}\"", row.name));
  response.headers.emplace_back("Content-Security-Policy", policy);
  response.headers.emplace_back("Accept-Ranges", "bytes");
  response.stream_length = length;
  auto source =
      std::make_unique<Source>(keeper_, std::move(*file), range.first, length, std::move(slot));
  response.stream = [source = std::move(source)](http::BodyWriter& out) {
    return pour(*source, out);
  };
  probe_.downloaded.add();
  co_return response;
}

io::Task<http::Response> Service::fetch(auth::Self::Caller, WorkspaceId id, AttachmentId file,
                                        const http::Request& request) {
  auto row =
      co_await db_.read([&](sql::Read& read) { return read.optional(store::seen_by, file, id); });
  if (!row) throw not_found("attachment");
  co_return co_await give(id, *row, request);
}

io::Task<std::optional<Service::Small>> Service::small(WorkspaceId reader, AttachmentId file,
                                                       std::uint64_t most) {
  const auto row = co_await db_.read(
      [&](sql::Read& read) { return read.optional(store::seen_by, file, reader); });
  if (!row) co_return std::nullopt;
  Small out{row->name, row->media_type, {}};
  const auto size = static_cast<std::uint64_t>(row->size);
  if (size > most) co_return out;
  const Slots::Slot slot = downloads_.take(reader);
  const auto opened = co_await keeper_.open(blob_of(row->digest));
  if (!opened) co_return std::nullopt;
  std::string bytes(size, '\0');
  std::uint64_t at = 0;
  while (at < size) {
    const std::size_t n = co_await keeper_.read(
        *opened, at,
        std::span(bytes).subspan(at, std::min<std::uint64_t>(size - at, read_at_once)));
    if (n == 0) co_return std::nullopt;
    at += n;
  }
  out.bytes = std::move(bytes);
  probe_.downloaded.add();
  co_return out;
}

io::Task<http::Response> Service::pending(auth::Self::Caller, WorkspaceId id, std::string file,
                                          const http::Request& request) {
  const AttachmentId wanted = file_id(file);
  auto row = co_await db_.read([&, this](sql::Read& read) {
    return read.optional(store::pending, wanted, id, clock_.now());
  });
  if (!row) throw no_pending();
  co_return co_await give(id, *row, request);
}

io::Task<api::UploadAcked> Service::ack(auth::Self::Caller, WorkspaceId id, std::string file) {
  const AttachmentId wanted = file_id(file);
  const std::int64_t changed = co_await db_.write(
      [&, this](sql::Tx& tx) { return tx.run(store::ack, wanted, id, clock_.now()); });
  if (changed == 0) throw no_pending();
  co_return api::UploadAcked{};
}

io::Task<http::Response> Service::download(auth::Self::Caller, WorkspaceId id,
                                           http::Query<DownloadQuery> query,
                                           const http::Request& request) {
  const std::string path = query.value.path.value_or("");
  require_path(path);
  std::optional<Row> row;
  if (auto file = id_in(path)) {
    row = co_await db_.read(
        [&](sql::Read& read) { return read.optional(store::seen_by, *file, id); });
  }
  if (!row) throw Fault(Kind::not_found, "file_not_found", "file not found");
  co_return co_await give(id, *row, request);
}

}  // namespace molecule::attachments
