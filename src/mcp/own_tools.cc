// Tools about this workspace, its person and its inbox.
#include <algorithm>
#include <array>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcp/local_files.h"
#include "mcp/private_places.h"
#include "mcp/tools.h"
#include "mcp/words.h"
#include "platform/crypto/token.h"
#include "platform/files/descriptor.h"
#include "platform/json/answer.h"
#include "platform/process/environment.h"
#include "wire/mcp/quoting.h"

namespace molecule::mcp {
namespace {

using namespace std::chrono_literals;
using json::Node;
namespace fs = std::filesystem;

constexpr std::size_t attachment_max = 25u << 20;  // Bytes of a file.
constexpr std::size_t attachments_max = 10;
constexpr std::int64_t wait_max = 300;
// Shorter than the minute after which many clients give a call up.
constexpr double wait_default = 50;
constexpr auto progress_every = 10s;
constexpr auto file_within = 120s;
constexpr int rows_max = 500;

std::string variable(const char* name) { return process::environment(name).value_or(""); }

// A file name as it may stand in a header of multipart/form-data (RFC 7578 §4.2).
std::string form_name(const fs::path& path) {
  std::string out;
  for (const char c : path.filename().string()) {
    if (c == '"' || c == '\\') {
      out += '_';
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
    }
  }
  return out;
}

// A file that goes out is the one that was looked at: it is opened once, and by no link into what
// is private. Throws Fault bad_request.
std::string read_for_others(const std::string& file, const fs::path& state) {
  const auto no_file = [&] {
    return bad_request("no_such_file", fmt::format("{} is no file; nothing was sent", file));
  };
  struct stat found{};
  // What is no plain file may do something when it is opened.
  if (::stat(file.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) throw no_file();
  const files::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::error_code error;
  const fs::path path = fs::read_symlink(fmt::format("/proc/self/fd/{}", opened.get()), error);
  if (!opened.open() || error || ::fstat(opened.get(), &found) != 0 || !S_ISREG(found.st_mode))
    throw no_file();
  const bool kept_private = PrivatePlaces(state).hold(path, found);
  if (kept_private && !(LocalFiles::is_one(path, state) && found.st_nlink == 1))
    throw bad_request("private_file",
                      fmt::format("{} is not for others to see; nothing was sent", file));
  std::string out;
  std::array<char, 1u << 16> part;
  for (;;) {
    const ssize_t count = ::read(opened.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw no_file();
    if (count == 0) break;
    out.append(part.data(), static_cast<std::size_t>(count));
    if (out.size() > attachment_max)
      throw bad_request("file_too_large", fmt::format("{} is larger than {} MB; nothing was sent",
                                                      file, attachment_max >> 20));
  }
  if (crypto::has_token(out))
    throw bad_request(
        "private_file",
        fmt::format("{} has a token of a Molecule platform in it; nothing was sent", file));
  return out;
}

}  // namespace

io::Task<Said> Tools::get_workspace_info(Node arguments, const Progress&) {
  client::Credential& as = source(arguments, source_name("source_workspace_id"));
  const client::Answer answer =
      co_await ask(as, http::Method::get, fmt::format("/workspaces/{}", as.workspace().text()));
  if (answer.ok()) co_return Said{shown_unseen(answer.body)};
  // It says when, and what to do.
  if (answer.status == 410) co_return Said{answer.body, true};
  json::Object out;
  out.add("error", answer.status == 404 ? "not found" : answer.error());
  co_return Said{out.text(), true};
}

io::Task<Said> Tools::get_runtime_identity(Node, const Progress&) {
  json::Object out;
  out.add("model", variable("MODEL")).add("model_provider", variable("MODEL_PROVIDER"));
  out.add("molecule_model", variable("MOLECULE_MODEL"));
  out.add("anthropic_base_url", variable("ANTHROPIC_BASE_URL")).add("tier", variable("TIER"));
  out.add("workspace_id", settings_.members.front().workspace());
  out.add("runtime", variable("ADAPTER_MODULE"));
  co_return Said{out.text()};
}

io::Task<Said> Tools::update_agent_card(Node arguments, const Progress&) {
  client::Credential& as = settings_.members.front();
  json::Object body;
  body.add("workspace_id", as.workspace());
  body.add("agent_card", RawJson(arguments.find("card").text()));
  const client::Answer answer =
      co_await ask(as, http::Method::post, "/registry/update-card", body.text(), true);
  if (!answer.ok()) co_return Said{answer.error(), true};
  co_return Said{json::Object{}.add("success", true).add("status", "updated").text()};
}

// The list of attachments as a notice names them.
io::Task<std::string> Tools::upload(client::Credential& as, const std::vector<std::string>& files) {
  if (files.size() > attachments_max)
    throw bad_request("too_many_files",
                      fmt::format("at most {} files go with a message", attachments_max));
  const std::string boundary = random_.id<ActivityId>().text();
  client::Ask ask;
  ask.method = http::Method::post;
  ask.path = fmt::format("/workspaces/{}/chat/uploads", as.workspace().text());
  ask.content_type = "multipart/form-data; boundary=" + boundary;
  ask.answer_within = 300s;
  for (const std::string& file : files) {
    const std::string bytes = read_for_others(file, settings_.state);
    ask.body += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{}\"\r\n\r\n", boundary,
        form_name(file));
    ask.body += bytes;
    ask.body += "\r\n";
  }
  ask.body += fmt::format("--{}--\r\n", boundary);
  const client::Answer answer = co_await platform_.ask(as, ask);
  if (!answer.ok())
    throw bad_request(
        "upload_failed",
        fmt::format("the files were not taken, and nothing was sent: {}", answer.error()));
  const json::Document document = json::parse_answer(answer.body);
  const Node taken = document.root().find("files");
  if (!taken.is(json::Type::array) || taken.size() != files.size())
    throw bad_request("upload_failed", "the platform does not name the files; nothing was sent");
  co_return taken.text();
}

io::Task<Said> Tools::send_message_to_user(Node arguments, const Progress&) {
  client::Credential& as = source(arguments, source_name("workspace_id"));
  const std::string message = text_of(arguments, "message");
  if (message.empty()) co_return Said{"message: is empty", true};
  std::vector<std::string> files;
  const Node list = arguments.find("attachments");
  for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i)
    files.emplace_back(list.at(i).string());
  co_return co_await tell_person(as, arguments, message, files);
}

io::Task<Said> Tools::tell_person(client::Credential& as, Node arguments,
                                  const std::string& message,
                                  const std::vector<std::string>& files) {
  json::Object body;
  body.add("message", message);
  if (!files.empty()) {
    std::string taken = co_await upload(as, files);
    body.add("attachments", RawJson(std::move(taken)));
  }
  const auto question = question_of(arguments, as.workspace(), std::nullopt);
  body.add_some("reply_to", question);
  if (question && inbox_ != nullptr) inbox_->mark_replied(*question, true);
  // A question is answered once, however often that is asked for; anything else might be shown
  // twice.
  const client::Answer answer = co_await ask(
      as, http::Method::post, fmt::format("/workspaces/{}/notify", as.workspace().text()),
      body.text(), question.has_value());
  if (answer.status == 403 && answer.code() == "talk_to_user_disabled")
    co_return Said{answer.error() + "; hand what you have to your parent with delegate_task", true};
  const bool canceled = answer.ok() && answer.word("status") == "canceled";
  if (!answer.ok() || canceled) {
    if (question && inbox_ != nullptr) inbox_->mark_replied(*question, canceled);
    if (!canceled) co_return Said{answer.error(), true};
    if (settings_.channel && question) answered(*question);
    co_return Said{"the message that this answers was canceled, and the answer was shown to nobody",
                   true};
  }
  std::string said = "Message sent to user";
  if (!files.empty()) said += fmt::format(" with {} attachment(s)", files.size());
  co_return Said{said + "." + (question ? answered(*question) : std::string())};
}

std::string Tools::answered(const ActivityId& question) {
  if (!settings_.channel)
    return fmt::format(" Now call inbox_pop with activity_id {}.", question.text());
  // Whoever answers in a channel is done with the message.
  try {
    if (inbox_ != nullptr) inbox_->pop(question);
    return {};
  } catch (const Fault& fault) {
    return fmt::format(" It could not be kept that the message is done, and it may come again: {}",
                       fault.text());
  }
}

io::Task<Said> Tools::wait_for_message(Node arguments, const Progress& progress) {
  if (inbox_ == nullptr) co_return Said{settings_.no_inbox, true};
  const Node given = arguments.find("timeout_secs");
  const double seconds =
      given.is(json::Type::integer) || given.is(json::Type::number) ? given.number() : wait_default;
  const auto limit = std::chrono::milliseconds(
      static_cast<std::int64_t>(std::clamp(seconds, 0.0, double{wait_max}) * 1000));
  auto left = limit;
  for (;;) {
    const auto part = std::min<std::chrono::milliseconds>(left, progress_every);
    const Item* item = co_await inbox_->wait_for(part);
    if (item != nullptr) co_return Said{told(*item, settings_.several())};
    left -= part;
    if (left <= 0ms) break;
    progress("nobody has written yet");
  }
  json::Object out;
  out.add("timeout", true).add("timeout_secs", static_cast<double>(limit.count()) / 1000);
  if (const std::string trouble = inbox_->trouble(); !trouble.empty()) out.add("trouble", trouble);
  co_return Said{out.text()};
}

io::Task<Said> Tools::inbox_peek(Node arguments, const Progress&) {
  if (inbox_ == nullptr) co_return Said{settings_.no_inbox, true};
  const std::string wanted = text_of(arguments, "activity_id");
  if (!wanted.empty()) {
    const auto id = ActivityId::parse(wanted);
    const Item* item = id ? inbox_->shown(*id) : nullptr;
    if (item == nullptr)
      co_return Said{fmt::format("activity_id: {} is no message that waits in this inbox",
                                 json::storable(wanted, 100)),
                     true};
    const auto from = std::max<std::int64_t>(whole_of(arguments, "from").value_or(0), 0);
    co_return Said{"[" + told(*item, settings_.several(), static_cast<std::size_t>(from)) + "]"};
  }
  const auto limit = std::clamp<std::int64_t>(whole_of(arguments, "limit").value_or(10), 1, 1000);
  std::string list;
  for (const Item* item : inbox_->oldest(static_cast<std::size_t>(limit)))
    list += (list.empty() ? "" : ",") + told(*item, settings_.several());
  co_return Said{"[" + list + "]"};
}

io::Task<std::optional<std::string>> Tools::files_of_message(client::Credential& as,
                                                             const ActivityId& id) {
  const Item* item = inbox_ == nullptr ? nullptr : inbox_->find(id);
  if (item != nullptr) co_return item->files.empty() ? "[]" : item->files;
  const std::string path =
      fmt::format("/workspaces/{}/activity?limit={}&order=desc", as.workspace().text(), rows_max);
  const client::Answer answer = co_await ask(as, http::Method::get, path);
  if (!answer.ok()) throw Fault(Kind::unavailable, "no_history", answer.error());
  const json::Document document = json::parse_answer(answer.body);
  const Node rows = document.root();
  const std::string wanted = id.text();
  for (std::size_t i = 0; rows.is(json::Type::array) && i < rows.size(); ++i) {
    if (text_of(rows.at(i), "id") != wanted) continue;
    const std::string files = files_in(rows.at(i));
    co_return files.empty() ? "[]" : files;
  }
  co_return std::nullopt;
}

io::Task<Said> Tools::fetch_files(Node arguments, const Progress&) {
  const auto id = ActivityId::parse(text_of(arguments, "activity_id"));
  if (!id) co_return Said{"activity_id: expected the activity_id of a message", true};
  const Item* item = inbox_ == nullptr ? nullptr : inbox_->find(*id);
  client::Credential* as = nullptr;
  if (item != nullptr) {
    as = &*std::ranges::find(settings_.members, item->workspace, &client::Credential::workspace);
  } else {
    as = &source(arguments, source_name("source_workspace_id"));
  }
  const auto files = co_await files_of_message(*as, *id);
  if (!files)
    co_return Said{fmt::format("there is no such message among the newest {}", rows_max), true};
  const json::Document document = json::Document::parse(*files);
  std::vector<NamedFile> named = named_files(document.root());
  const std::size_t left = named.size() - std::min(named.size(), LocalFiles::at_once);
  const std::vector<LocalFile> here = co_await files_.bring(*as, std::move(named), file_within);
  std::string list;
  for (const LocalFile& each : here) {
    json::Object one;
    one.add("name", each.file.name).add("media_type", each.file.media_type);
    if (each.path.empty()) {
      one.add("uri", each.file.uri).add("error", each.trouble);
    } else {
      std::error_code error;
      const auto size = static_cast<std::int64_t>(fs::file_size(each.path, error));
      one.add("path", each.path.string()).add("size", size);
    }
    list += (list.empty() ? "" : ",") + one.text();
  }
  json::Object out;
  out.add("files", RawJson("[" + list + "]"));
  if (left > 0) out.add("left_out", static_cast<std::int64_t>(left));
  co_return Said{out.text()};
}

io::Task<Said> Tools::inbox_pop(Node arguments, const Progress&) {
  if (inbox_ == nullptr) co_return Said{settings_.no_inbox, true};
  const std::string text = text_of(arguments, "activity_id");
  if (text.empty()) co_return Said{"activity_id: is required", true};
  const auto id = ActivityId::parse(text);
  json::Object out;
  out.add("removed", id && inbox_->pop(*id)).add("activity_id", text);
  co_return Said{out.text()};
}

}  // namespace molecule::mcp
