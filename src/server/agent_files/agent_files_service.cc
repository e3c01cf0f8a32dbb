#include "server/agent_files/agent_files_service.h"

#include <utility>

#include "platform/crypto/encoding.h"
#include "platform/files/files.h"
#include "platform/http/syntax.h"
#include "platform/json/json.h"
#include "platform/sandbox/kept.h"
#include "server/agent_files/staging.h"
#include "wire/agent_config/settings.h"

namespace molecule::agent_files {
namespace {

using files::Beneath;

constexpr std::int64_t depth_max = 5;
constexpr std::int64_t limit_default = 1000, limit_max = 5000;
constexpr std::size_t files_max = 200;  // Of one request.
constexpr int transfers_max = 32;

constexpr auto table = http::table(
    http::get<auth::Self, &Service::config>("/workspaces/{id}/config")
        .says(
            "The configuration of an agent that the platform runs: as JSON, as it stands, whether "
            "the agent goes by it, and what is wrong with it.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "insufficient_scope",
                 "not_a_file", "file_not_text", "file_too_large", "file_refused"),
    http::put<auth::Self, &Service::put_config>("/workspaces/{id}/config")
        .says("Replaces config.yaml. One that no agent could go by is refused with its problems, "
              "and the earlier one stays. A running agent goes by it within a second or two.")
        .body_limit(4 * agent_config::text_max)
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "config_invalid",
                 "file_changed", "file_exists", "files_not_ready", "not_a_file", "file_refused",
                 "disk_full"),
    http::patch<auth::Self, &Service::change_config>("/workspaces/{id}/config")
        .says("Puts members in the place of those of config.yaml, or adds them; null takes one "
              "away. The rest stays as it stands.")
        .body_limit(agent_config::text_max)
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "insufficient_scope",
                 "config_invalid", "invalid_yaml", "file_changed", "files_not_ready", "not_a_file",
                 "file_not_text", "file_too_large", "file_refused", "disk_full"),
    http::get<auth::Self, &Service::list>("/workspaces/{id}/files")
        .says("Files of an agent that the platform runs, in /configs, /workspace, /home or "
              "/plugins (`root`), below `path`, `depth` directories deep. Where there are more, "
              "X-Next-Cursor is what `cursor` takes.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "invalid_path",
                 "file_private", "file_not_found", "not_a_directory", "directory_too_large",
                 "file_refused"),
    http::put<auth::Self, &Service::replace>("/workspaces/{id}/files")
        .says("Writes several texts, others stay; what is refused changes nothing.")
        .body_limit(2 * text_max)
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "invalid_path",
                 "root_read_only", "file_private", "not_a_directory", "not_a_file", "file_refused",
                 "files_not_ready", "disk_full", "too_many_files", "config_invalid"),
    http::get<auth::Self, &Service::read>("/workspaces/{id}/files/{path...}")
        .says("A file as a text of at most 4 MiB.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "insufficient_scope",
                 "invalid_path", "file_private", "file_not_found", "not_a_directory", "not_a_file",
                 "file_not_text", "file_refused", "file_too_large"),
    http::put<auth::Self, &Service::write>("/workspaces/{id}/files/{path...}")
        .says("Writes a text, whole or not at all. If-Match with the version that was read "
              "overwrites nothing that was changed since; If-None-Match: * nothing at all.")
        .body_limit(2 * text_max)
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "invalid_path",
                 "root_read_only", "file_private", "not_a_directory", "not_a_file", "file_refused",
                 "files_not_ready", "file_changed", "file_exists", "disk_full", "config_invalid"),
    http::del<auth::Self, &Service::remove>("/workspaces/{id}/files/{path...}")
        .says("Removes a file, a link or an empty directory; with `recursive` a directory with all "
              "in it.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "invalid_path",
                 "root_read_only", "file_private", "file_not_found", "not_a_directory",
                 "file_refused", "files_not_ready", "file_changed", "directory_not_empty"),
    http::get<auth::Self, &Service::fetch>("/workspaces/{id}/file-bytes/{path...}")
        .says("A file of any size, byte by byte, as something to be kept.")
        .gives(200, "application/octet-stream")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "insufficient_scope",
                 "invalid_path", "file_private", "file_not_found", "not_a_directory", "not_a_file",
                 "file_refused", "overloaded"),
    http::put<auth::Self, &Service::store>("/workspaces/{id}/file-bytes/{path...}")
        .reads_body("application/octet-stream", bytes_max)
        .says("Writes a file of any bytes, at most 256 MiB, whole or not at all.")
        .refuses("workspace_not_found", "agent_not_here", "agent_elsewhere", "invalid_path",
                 "root_read_only", "file_private", "not_a_directory", "not_a_file",
                 "files_not_ready", "file_changed", "file_exists", "agent_disk_full", "overloaded",
                 "config_invalid"));

Fault too_long() {
  return Fault(Kind::too_large, "file_too_large",
               fmt::format("the file is larger than {} bytes; file-bytes gives it out", text_max))
      .with(json::Object{}.add("max", static_cast<std::int64_t>(text_max)).members());
}

// "version" in quotes, as ETag has it.
std::string unquoted(std::string_view tag) {
  if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"' &&
      tag.substr(1, tag.size() - 2).find('"') == std::string_view::npos)
    return std::string(tag.substr(1, tag.size() - 2));
  throw bad_request("bad_request", "If-Match is one version, in quotes");
}

std::int64_t in_range(std::optional<std::int64_t> asked, std::int64_t otherwise, std::int64_t most,
                      std::string_view name) {
  const std::int64_t value = asked.value_or(otherwise);
  if (value >= 1 && value <= most) return value;
  throw bad_request("bad_query", fmt::format("{} must be 1-{}", name, most));
}

std::string from_cursor(const std::optional<std::string>& cursor) {
  if (!cursor) return {};
  const auto bytes = crypto::base64url_decode(*cursor);
  if (!bytes) throw bad_request("bad_query", "cursor is what X-Next-Cursor said");
  return {bytes->begin(), bytes->end()};
}

std::string to_cursor(std::string_view path) {
  return crypto::base64url_encode(
      {reinterpret_cast<const std::uint8_t*>(path.data()), path.size()});
}

api::AgentFileSaved saved(std::string_view path, const Beneath::Placed& placed) {
  return {"saved", shown_path(path), placed.version, placed.made};
}

}  // namespace

void require_to_see(const auth::Caller& caller) {
  if (caller.scope() != api::KeyScope::read) return;
  throw Fault(Kind::forbidden, "insufficient_scope",
              "a file may hold what is secret: reading one needs a key of scope operate")
      .with(json::members(api::ScopeNeeded{}));
}

Beneath::Guard guard_of(const http::Request& request) {
  Beneath::Guard guard;
  if (const auto match = request.header("if-match")) guard.version = unquoted(*match);
  if (const auto none = request.header("if-none-match")) {
    if (*none != "*") throw bad_request("bad_request", "If-None-Match is *");
    guard.absent = true;
  }
  return guard;
}

std::string etag_of(std::string_view version) { return fmt::format("\"{}\"", version); }

const std::span<const http::Route> routes = table;

Service::Probe::Probe(metrics::Registry& registry)
    : written(registry.counter("molecule_agent_files_written_total",
                               "Files of agents that people wrote")),
      fetched(registry.counter("molecule_agent_files_fetched_total",
                               "Files of agents that people read")),
      transfers(registry.gauge("molecule_agent_files_transfers",
                               "Files of agents on their way up or down")) {}

Service::Service(provision::Service& agents, metrics::Registry& registry)
    : agents_(agents), probe_(registry) {}

Service::Slot::Slot(Service& service) : service_(&service) {
  if (service.transfers_.fetch_add(1) >= transfers_max) {
    service.transfers_.fetch_sub(1);
    throw Fault(Kind::unavailable, "overloaded",
                "too many files are on their way at once; try again shortly")
        .retry_after(std::chrono::seconds(1));
  }
  service.probe_.transfers.add();
}

Service::Slot::~Slot() {
  if (!service_) return;
  service_->transfers_.fetch_sub(1);
  service_->probe_.transfers.subtract();
}

io::Task<Service::Target> Service::target(const auth::Caller&, WorkspaceId id,
                                          const std::optional<std::string>& root,
                                          std::string_view path) {
  const std::string name = root.value_or("/configs");
  if (!path.empty()) Beneath::require_path(path);
  const bool top = path.empty();
  std::string kept(path);
  Target found;
  found.premises = co_await agents_.premises(id);
  found.place = place_of(found.premises, name);
  if (!top && found.place.is_private(kept))
    throw Fault(Kind::forbidden, "file_private",
                "names with a dot in front belong to the agent's programs here: tokens, sessions, "
                "logins. They are not shown");
  co_return found;
}

io::Task<Service::Target> Service::target_of_write(const auth::Caller& caller, WorkspaceId id,
                                                   const std::optional<std::string>& root,
                                                   std::string_view path) {
  Target found = co_await target(caller, id, root, path);
  if (!found.place.writable)
    throw conflict("root_read_only", "files are written in /configs and /workspace");
  co_return found;
}

io::Task<http::Reply<std::vector<api::AgentFile>>> Service::list(auth::Self::Caller caller,
                                                                 WorkspaceId id,
                                                                 http::Query<ListQuery> query) {
  Beneath::Wanted wanted;
  wanted.path = query.value.path.value_or("");
  wanted.depth = static_cast<std::size_t>(in_range(query.value.depth, 1, depth_max, "depth"));
  wanted.most =
      static_cast<std::size_t>(in_range(query.value.limit, limit_default, limit_max, "limit"));
  wanted.after = from_cursor(query.value.cursor);
  const Target from = co_await target(caller, id, query.value.root, wanted.path);
  const bool at_top = wanted.path.empty();
  wanted.hidden = [&](std::string_view path, std::string_view name) {
    return is_clutter(name) || (at_top && path.empty() && from.place.is_private(name));
  };
  const auto look = [&]() -> Beneath::Page {
    const auto directory = Beneath::open(from.place.directory);
    // Nothing is there before its first start.
    if (!directory && wanted.path.empty()) return {};
    if (!directory) throw Fault(Kind::not_found, "file_not_found", "there is no such file");
    return directory->list(wanted);
  };
  const Beneath::Page page = co_await hands_.run(look);
  http::Reply<std::vector<api::AgentFile>> reply;
  for (const Beneath::Entry& each : page.entries) {
    api::AgentFile file;
    file.path = shown_path(each.path);
    file.size = static_cast<std::int64_t>(each.size);
    file.dir = each.kind == Beneath::Kind::directory;
    file.kind = static_cast<api::AgentFileKind>(each.kind);
    if (!each.version.empty()) file.version = each.version;
    if (!http::valid_utf8(each.path)) file.address = path_address(each.path);
    reply.body.push_back(std::move(file));
  }
  if (page.more) reply.headers.emplace_back("X-Next-Cursor", to_cursor(page.entries.back().path));
  co_return reply;
}

io::Task<http::Reply<api::AgentFileText>> Service::read(auth::Self::Caller caller, WorkspaceId id,
                                                        std::string path,
                                                        http::Query<RootQuery> query) {
  const Target from = co_await target(caller, id, query.value.root, path);
  require_to_see(caller);
  const auto look = [&] { return read_text(from.place, path, text_max); };
  std::optional<Text> text = co_await hands_.run(look);
  if (!text) throw too_long();
  probe_.fetched.add();
  http::Reply<api::AgentFileText> reply;
  reply.headers.emplace_back("ETag", etag_of(text->version));
  reply.body.path = shown_path(path);
  reply.body.size = static_cast<std::int64_t>(text->content.size());
  reply.body.version = std::move(text->version);
  reply.body.content = std::move(text->content);
  co_return reply;
}

io::Task<Beneath::Placed> Service::put(Target to, std::string path, std::string content,
                                       Beneath::Guard guard) {
  const auto work = [&] {
    Staged staged(to.premises);
    staged.append(content);
    return staged.place(to.place, path, guard);
  };
  const Beneath::Placed placed = co_await hands_.run(work);
  probe_.written.add();
  co_return placed;
}

io::Task<http::Reply<api::AgentFileSaved>> Service::write(auth::Self::Caller caller, WorkspaceId id,
                                                          std::string path,
                                                          http::Query<RootQuery> query,
                                                          const http::Request& request,
                                                          api::AgentFileContent body) {
  const Beneath::Guard guard = guard_of(request);
  if (body.content.size() > text_max) throw too_long();
  Target to = co_await target_of_write(caller, id, query.value.root, path);
  const Beneath::Placed placed = co_await put(std::move(to), path, std::move(body.content), guard);
  http::Reply<api::AgentFileSaved> reply;
  reply.body = saved(path, placed);
  reply.headers.emplace_back("ETag", etag_of(placed.version));
  co_return reply;
}

io::Task<api::AgentFilesReplaced> Service::replace(auth::Self::Caller caller, WorkspaceId id,
                                                   http::Query<RootQuery> query,
                                                   api::AgentFilesContent body) {
  if (body.files.size() > files_max)
    throw bad_request("too_many_files",
                      fmt::format("too many files ({}), max {}", body.files.size(), files_max));
  Target to = co_await target_of_write(caller, id, query.value.root, "");
  for (const auto& [path, content] : body.files) {
    Beneath::require_path(path);
    if (to.place.is_private(path)) co_await target(caller, id, query.value.root, path);
  }
  const auto work = [&] {
    // All are on the disk before the first comes into its place.
    std::vector<std::unique_ptr<Staged>> staged;
    for (const auto& [path, content] : body.files) {
      staged.push_back(std::make_unique<Staged>(to.premises));
      staged.back()->append(content);
      staged.back()->require_placeable(to.place, path);
    }
    auto next = staged.begin();
    for (const auto& [path, content] : body.files) (*next++)->place(to.place, path, {});
  };
  co_await hands_.run(work);
  probe_.written.add(body.files.size());
  api::AgentFilesReplaced replaced;
  replaced.workspace = id;
  replaced.files = static_cast<std::int64_t>(body.files.size());
  replaced.source = to.premises.driver;
  co_return replaced;
}

io::Task<api::AgentFileDeleted> Service::remove(auth::Self::Caller caller, WorkspaceId id,
                                                std::string path, http::Query<RemoveQuery> query,
                                                const http::Request& request) {
  const Beneath::Guard guard = guard_of(request);
  const Target from = co_await target_of_write(caller, id, query.value.root, path);
  const bool whole = query.value.recursive.value_or(false);
  const auto work = [&] { take_away(from.premises, from.place, path, guard, whole); };
  co_await hands_.run(work);
  co_return api::AgentFileDeleted{"deleted", shown_path(path)};
}

io::Task<http::Response> Service::fetch(auth::Self::Caller caller, WorkspaceId id, std::string path,
                                        http::Query<RootQuery> query) {
  const Target from = co_await target(caller, id, query.value.root, path);
  require_to_see(caller);
  struct Source {
    io::Aside& hands;
    Beneath::Opened opened;
    Slot slot;
  };
  Slot slot(*this);
  const auto look = [&] { return open_file(from.place, path); };
  auto source = std::make_unique<Source>(hands_, co_await hands_.run(look), std::move(slot));
  probe_.fetched.add();
  http::Response response;
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("ETag", etag_of(source->opened.version));
  response.headers.emplace_back("Content-Disposition",
                                fmt::format("attachment; filename*=UTF-8''{}",
                                            path_address(path.substr(path.rfind('/') + 1))));
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; sandbox; frame-ancestors 'none'");
  response.stream_length = source->opened.size;
  response.stream = [source = std::move(source)](http::BodyWriter& out) {
    // As the file is when it is read; one that has become shorter ends the answer too early, which
    // its reader sees.
    const auto pour = [](Source& of, http::BodyWriter& to) -> io::Task<void> {
      std::string room(piece, '\0');
      std::uint64_t at = 0;
      while (at < of.opened.size) {
        const std::size_t most = std::min<std::uint64_t>(room.size(), of.opened.size - at);
        const auto read = [&] { return Beneath::read_at(of.opened.file, at, room.data(), most); };
        const std::size_t n = co_await of.hands.run(read);
        if (n == 0) co_return;
        co_await to.write(std::string_view(room).substr(0, n));
        at += n;
      }
    };
    return pour(*source, out);
  };
  co_return response;
}

io::Task<http::Reply<api::AgentFileSaved>> Service::store(auth::Self::Caller caller, WorkspaceId id,
                                                          std::string path,
                                                          http::Query<RootQuery> query,
                                                          const http::Request& request) {
  const Beneath::Guard guard = guard_of(request);
  const Target to = co_await target_of_write(caller, id, query.value.root, path);
  const Slot slot(*this);
  const auto begin = [&] { return std::make_unique<Staged>(to.premises); };
  std::unique_ptr<Staged> staged = co_await hands_.run(begin);
  std::string waiting;
  const auto pass_on = [&] {
    staged->append(waiting);
    waiting.clear();
  };
  std::exception_ptr failure;
  Beneath::Placed placed;
  try {
    for (;;) {
      const std::string_view bytes = co_await request.incoming->next();
      waiting += bytes;
      if (!waiting.empty() && (bytes.empty() || waiting.size() >= piece))
        co_await hands_.run(pass_on);
      if (bytes.empty()) break;
    }
    const auto finish = [&] { return staged->place(to.place, path, guard); };
    placed = co_await hands_.run(finish);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto drop = [&] { staged.reset(); };
  co_await hands_.run(drop);
  if (failure) std::rethrow_exception(failure);
  probe_.written.add();
  http::Reply<api::AgentFileSaved> reply;
  reply.body = saved(path, placed);
  reply.headers.emplace_back("ETag", etag_of(placed.version));
  co_return reply;
}

}  // namespace molecule::agent_files
