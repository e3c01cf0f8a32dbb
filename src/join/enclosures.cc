#include "join/enclosures.h"

#include <algorithm>
#include <set>

#include "platform/crypto/encoding.h"
#include "platform/files/files.h"
#include "platform/files/fresh_file.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t message_max = 16u << 20;
constexpr std::size_t name_max = 120;  // Bytes.
constexpr auto upload_within = 300s;
constexpr auto again_after = 1s;
constexpr std::string_view uri_sign = "platform-pending:";
constexpr std::string_view place_word = "/workspaces/";

std::string_view text_in(json::Node node, std::string_view one, std::string_view other) {
  for (std::string_view name : {one, other}) {
    if (json::Node found = node.find(name); found.is(json::Type::string)) return found.string();
  }
  return {};
}

bool is_id(std::string_view text) { return parse_id(text).has_value(); }

// A name that is one below a folder, and no hidden one.
std::string file_name(std::string_view said) {
  if (const auto slash = said.find_last_of("/\\"); slash != std::string_view::npos)
    said.remove_prefix(slash + 1);
  std::string name;
  for (const char each : said) {
    const auto byte = static_cast<unsigned char>(each);
    // A quote would end the name where a form has it.
    name += byte < 0x20 || byte == 0x7f || each == '"' ? '_' : each;
  }
  if (name.starts_with('.')) name.front() = '_';
  if (name.size() > name_max) {
    const std::size_t dot = name.rfind('.');
    const std::string end =
        dot == std::string::npos || name.size() - dot > 16 ? "" : name.substr(dot);
    std::size_t cut = name_max - end.size();
    while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut;
    name = name.substr(0, cut) + end;
  }
  return name.empty() ? "file" : name;
}

std::string free_name(std::set<std::string>& taken, std::string_view said) {
  const std::string name = file_name(said);
  std::string free = name;
  for (int number = 2; !taken.insert(free).second; ++number)
    free = fmt::format("{}-{}", number, name);
  return free;
}

Fault too_large() {
  return {Kind::too_large, "files_too_large",
          fmt::format("the files of the message have more than {} bytes together",
                      Enclosures::bytes_max)};
}

// What passes by itself: the connection is being made anew, or the platform is.
bool passes(const Fault& fault) {
  return fault.kind() == Kind::bad_gateway || fault.kind() == Kind::unavailable;
}

}  // namespace

struct Enclosures::Part {
  std::string name;
  std::string file;          // Its id at the platform; or
  std::string inline_bytes;  // the file itself, in Base64.
};

Enclosures::Kit::Kit(fs::path folder) : folder_(std::move(folder)) {
  files::make_private_directory(folder_);
  files::make_private_directory(came());
  files::make_private_directory(goes());
}

Enclosures::Kit::~Kit() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::pair<std::string, std::string>> Enclosures::Kit::environment() const {
  return {{"MOLECULE_FILES", came().string()},
          {"MOLECULE_ANSWER_FILES", goes().string()},
          {"MOLECULE_MESSAGE", message().string()}};
}

Enclosures::Enclosures(client::Platform& platform, client::Credential& self, fs::path folder,
                       io::Random& random)
    : platform_(platform), self_(self), folder_(std::move(folder)), random_(random) {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Enclosures::at(std::string_view path) const {
  return fmt::format("/workspaces/{}{}", self_.workspace().text(), path);
}

// Of either generation. Where the platform stands before the place does not matter: it is asked by
// the way there is, and knows what this workspace may see.
std::vector<Enclosures::Part> Enclosures::parts_of(const std::string& request,
                                                   const std::string& workspace) {
  json::Document document = json::Document::parse(request, {.bytes = message_max});
  const json::Node parts = document.root().find("params").find("message").find("parts");
  std::vector<Part> out;
  for (std::size_t i = 0; parts.is(json::Type::array) && i < parts.size(); ++i) {
    const json::Node nested = parts.at(i).find("file");
    const json::Node file = nested.is(json::Type::object) ? nested : parts.at(i);
    Part part;
    part.name = text_in(file, "name", "filename");
    part.inline_bytes = text_in(file, "bytes", "raw");
    const std::string_view uri = text_in(file, "uri", "url");
    const std::string mine = fmt::format("{}{}/attachments/", place_word, workspace);
    if (const auto place = uri.rfind(mine); place != std::string_view::npos) {
      part.file = uri.substr(place + mine.size());
    } else if (uri.starts_with(uri_sign)) {
      part.file = uri.substr(uri.rfind('/') + 1);
    }
    if (!is_id(part.file)) part.file.clear();
    if (part.file.empty() && part.inline_bytes.empty()) continue;
    out.push_back(std::move(part));
  }
  return out;
}

io::Task<std::unique_ptr<Enclosures::Kit>> Enclosures::unpack(std::string request) {
  auto kit = std::make_unique<Kit>(folder_ / std::to_string(++kits_));
  {
    json::Document document = json::Document::parse(request, {.bytes = message_max});
    files::write_private(kit->message(), document.root().find("params").find("message").text());
  }
  std::size_t left = bytes_max;
  std::set<std::string> taken;
  for (const Part& part : parts_of(request, self_.workspace().text())) {
    const fs::path into = kit->came() / free_name(taken, part.name);
    if (!part.file.empty()) {
      co_await fetch(part, into, left);
      continue;
    }
    const auto bytes = crypto::base64_decode(part.inline_bytes);
    if (!bytes)
      throw bad_request("file_invalid",
                        fmt::format("the file {} is not in Base64", into.filename().string()));
    if (bytes->size() > left) throw too_large();
    left -= bytes->size();
    const std::string text(bytes->begin(), bytes->end());
    files::write_private(into, text);
  }
  co_return kit;
}

io::Task<void> Enclosures::fetch(const Part& part, const fs::path& into, std::size_t& left) {
  for (auto waited = 0s;; waited += again_after) {
    std::size_t size = 0;
    std::optional<Fault> trouble;
    try {
      co_await fetch_once(part, into, left, size);
    } catch (const Fault& fault) {
      if (!passes(fault) || waited >= come_again_within) throw;
      trouble = fault;
    }
    if (!trouble) {
      left -= size;
      co_return;
    }
    log::debug("a file is fetched again", log::field("error", trouble->text()));
    co_await io::sleep(again_after);
  }
}

io::Task<void> Enclosures::fetch_once(const Part& part, const fs::path& into, std::size_t left,
                                      std::size_t& size) {
  client::Ask what;
  what.path = at("/attachments/" + part.file);
  what.repeatable = true;
  what.answer_max = 2 * bytes_max;  // What is too large is said in other words.
  const auto answer = co_await platform_.open(self_, what);
  if (answer->status() != 200) {
    client::Answer refused;
    refused.status = answer->status();
    for (;;) {
      const auto bytes = co_await answer->read();
      if (!bytes || refused.body.size() > 4096) break;
      refused.body += *bytes;
    }
    const std::string why = refused.error();
    const bool passing = refused.status == 429 || refused.status >= 500;
    throw Fault(passing ? Kind::unavailable : Kind::not_found, "file_not_had",
                fmt::format("the file {} of the message cannot be fetched: {}",
                            into.filename().string(), why));
  }
  files::FreshFile file(into);
  for (;;) {
    const auto bytes = co_await answer->read();
    if (!bytes) break;
    size += bytes->size();
    if (size > left) throw too_large();
    file.append(*bytes);
  }
  file.replace();
}

io::Task<std::string> Enclosures::send(const Kit& kit) {
  std::vector<fs::path> found;
  std::error_code failed;
  // What is no plain file at the top, a link above all, is not what was meant for the answer.
  for (const auto& each : fs::directory_iterator(kit.goes(), failed)) {
    if (each.is_regular_file(failed) && !each.is_symlink(failed)) found.push_back(each.path());
  }
  if (found.empty()) co_return std::string();
  std::ranges::sort(found);
  // What the files say cannot know it.
  const std::string boundary = random_.id<ActivityId>().text();
  if (found.size() > answer_files_max)
    throw Fault(Kind::too_large, "too_many_files",
                fmt::format("the command left {} files for its answer; it may be {}", found.size(),
                            answer_files_max));
  std::string body;
  for (const fs::path& path : found) {
    const auto text = files::read(path, answer_bytes_max);
    if (!text) continue;
    body += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{}\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n",
        boundary, json::storable(file_name(path.filename().string()), name_max));
    body += *text;
    body += "\r\n";
    if (body.size() > answer_bytes_max + 64 * 1024)
      throw Fault(Kind::too_large, "files_too_large",
                  fmt::format("the files of the answer have more than {} bytes together",
                              answer_bytes_max));
  }
  body += fmt::format("--{}--\r\n", boundary);
  client::Ask what;
  what.method = http::Method::post;
  what.path = at("/chat/uploads");
  what.body = std::move(body);
  what.content_type = fmt::format("multipart/form-data; boundary={}", boundary);
  what.repeatable = true;  // Files that no answer names go after a while.
  what.answer_within = upload_within;
  what.patience = come_again_within;
  const client::Answer answer = co_await platform_.ask(self_, what);
  if (!answer.ok())
    throw Fault(Kind::unprocessable, "files_refused",
                "the files of the answer were not taken: " + answer.error());
  std::string parts;
  json::Document document = json::parse_answer(answer.body);
  const json::Node list = document.root().find("files");
  for (std::size_t i = 0; list.is(json::Type::array) && i < list.size(); ++i)
    parts +=
        "," + json::Object{}.add("kind", "file").add("file", RawJson(list.at(i).text())).text();
  co_return parts;
}

}  // namespace molecule::join
