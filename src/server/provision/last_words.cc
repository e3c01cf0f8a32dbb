#include "server/provision/last_words.h"

#include <algorithm>
#include <vector>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/sandbox/log_files.h"

namespace molecule::provision {
namespace {

constexpr std::string_view own_sign = sandbox::LogFiles::own_sign;

std::string text_in(json::Node node, std::string_view name) {
  const json::Node value = node.find(name);
  return value.is(json::Type::string) ? std::string(value.string()) : std::string();
}

std::string plain(std::string_view line) {
  if (!line.starts_with('{')) return std::string(line);
  try {
    json::Document document = json::Document::parse(line);
    const json::Node root = document.root();
    std::string message = text_in(root, "message");
    if (message.empty()) return std::string(line);
    const std::string error = text_in(root, "error");
    return error.empty() ? message : message + ": " + error;
  } catch (const Fault&) {
    return std::string(line);  // Cut, or of another kind.
  }
}

}  // namespace

std::string LastWords::of(std::string_view log) {
  std::vector<std::string> said;
  while (!log.empty()) {
    std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) line.remove_prefix(space + 1);
    if (line.starts_with(own_sign)) {
      // Before it an earlier process spoke; what else the keeper says is in the reason already.
      if (line.substr(own_sign.size()).starts_with("started")) said.clear();
    } else if (!line.empty()) {
      said.push_back(plain(line));
    }
  }
  if (said.size() > lines_max)
    said.erase(said.begin(), said.end() - static_cast<std::ptrdiff_t>(lines_max));
  std::string out;
  for (const std::string& each : said) out += (out.empty() ? "" : "\n") + each;
  if (out.size() > bytes_max) out = "…" + out.substr(out.size() - bytes_max);
  return out;
}

}  // namespace molecule::provision
