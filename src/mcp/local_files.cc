#include "mcp/local_files.h"

#include <algorithm>

#include "platform/files/files.h"
#include "wire/mcp/tool.h"

namespace molecule::mcp {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using FileId = Id<struct NamedFileTag>;

constexpr std::string_view sign = "platform-pending:";
constexpr std::string_view folder_name = "files";
constexpr std::size_t name_max = 120;  // Bytes.

// The file that a name of the platform means; nothing where it is none, and somewhere else.
std::optional<FileId> id_in(std::string_view uri) {
  if (!uri.starts_with(sign)) return std::nullopt;
  const std::size_t slash = uri.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return FileId::parse(uri.substr(slash + 1));
}

// A name that is one, whoever chose it.
std::string safe_name(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string out;
  for (const char c : name) {
    const bool kept = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '.' || c == '-' || c == '_';
    out += kept ? c : '_';
  }
  const std::size_t begin = out.find_first_not_of('.');
  if (begin == std::string::npos) return "file";
  out.erase(0, begin);
  // Its ending says what it is.
  if (out.size() > name_max) out.erase(0, out.size() - name_max);
  return out;
}

}  // namespace

std::vector<NamedFile> named_files(json::Node list) {
  std::vector<NamedFile> out;
  for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i) {
    const json::Node each = list.at(i);
    if (each.is(json::Type::string)) {
      out.push_back({std::string(each.string()), {}, {}});
    } else {
      out.push_back({text_of(each, "uri"), text_of(each, "name"), text_of(each, "media_type")});
    }
  }
  return out;
}

std::string_view kind_of(std::string_view media_type) {
  for (const std::string_view kind : {"image", "audio", "video"}) {
    if (media_type.starts_with(kind)) return kind;
  }
  return "file";
}

io::Task<std::vector<LocalFile>> LocalFiles::bring(client::Credential& as,
                                                   std::vector<NamedFile> files,
                                                   std::chrono::milliseconds each_within) {
  std::vector<LocalFile> out;
  for (NamedFile& file : files) {
    LocalFile one;
    one.file = std::move(file);
    if (out.size() >= at_once) break;
    if (!id_in(one.file.uri)) {
      one.trouble = "it is not on the platform";
    } else {
      try {
        one.path = co_await fetch(as, one.file, each_within);
      } catch (const Fault& fault) {
        if (fault.kind() == Kind::cancelled) throw;
        one.trouble = fault.text();
      } catch (const std::exception& problem) {
        one.trouble = problem.what();
      }
    }
    out.push_back(std::move(one));
  }
  co_return out;
}

io::Task<fs::path> LocalFiles::fetch(client::Credential& as, const NamedFile& file,
                                     std::chrono::milliseconds limit) {
  const std::string id = id_in(file.uri)->text();
  const fs::path folder = inbox_ / as.workspace().text() / folder_name / id;
  const fs::path path = folder / safe_name(file.name.empty() ? "file" : file.name);
  // Its bytes never change.
  std::error_code error;
  if (fs::is_regular_file(fs::symlink_status(path, error))) co_return path;
  client::Ask ask;
  ask.path = fmt::format("/workspaces/{}/attachments/{}", as.workspace().text(), id);
  ask.repeatable = true;
  ask.answer_within = limit;
  ask.patience = 0s;
  const client::Answer answer = co_await platforms_.ask(as, ask);
  if (!answer.ok()) throw Fault(Kind::unavailable, "no_such_file", answer.error());
  if (answer.body.size() > file_max)
    throw Fault(Kind::unavailable, "file_too_large",
                fmt::format("it is larger than {} MB", file_max >> 20));
  make_room(answer.body.size());
  files::make_private_directory(folder);
  files::write_private(path, answer.body);
  // It is here: the platform need not hold it ready for us.
  client::Ask thanks;
  thanks.method = http::Method::post;
  thanks.path = fmt::format("/workspaces/{}/pending-uploads/{}/ack", as.workspace().text(), id);
  thanks.answer_within = 5s;
  thanks.patience = 0s;
  thanks.repeatable = true;
  try {
    co_await platforms_.ask(as, thanks);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
  }
  co_return path;
}

void LocalFiles::make_room(std::size_t bytes) const {
  struct Kept {
    fs::path folder;
    fs::file_time_type since;
    std::size_t bytes;
  };
  std::vector<Kept> all;
  std::size_t sum = bytes;
  std::error_code error;
  for (const auto& workspace : fs::directory_iterator(inbox_, error)) {
    for (const auto& folder : fs::directory_iterator(workspace.path() / folder_name, error)) {
      std::size_t size = 0;
      for (const auto& each : fs::directory_iterator(folder.path(), error))
        size += each.is_regular_file(error) ? each.file_size(error) : 0;
      all.push_back({folder.path(), folder.last_write_time(error), size});
      sum += size;
    }
  }
  std::ranges::sort(all, {}, &Kept::since);
  for (const Kept& oldest : all) {
    if (sum <= all_max) return;
    fs::remove_all(oldest.folder, error);
    sum -= oldest.bytes;
  }
}

bool LocalFiles::is_one(const fs::path& path, const fs::path& state) {
  // …/inbox/WORKSPACE/files/FILE/NAME
  std::error_code error;
  const fs::path inbox = fs::weakly_canonical(state / "inbox", error);
  const fs::path below = path.lexically_relative(inbox);
  std::vector<std::string> parts;
  for (const fs::path& part : below) parts.push_back(part.string());
  return parts.size() == 4 && parts[0] != ".." && parts[1] == folder_name;
}

}  // namespace molecule::mcp
