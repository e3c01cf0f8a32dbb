// What there is to read at an endpoint: the agent cards of those that may be reached, files, and
// words that begin a piece of work.
#include <algorithm>

#include "platform/crypto/encoding.h"
#include "server/mcp_endpoint/tools.h"
#include "wire/mcp/clipping.h"
#include "wire/mcp/quoting.h"

namespace molecule::mcp_endpoint {
namespace {

constexpr std::string_view before = "molecule://workspaces/", behind = "/card";
constexpr std::string_view of_files = "molecule://files/";
constexpr std::size_t file_max = 4u << 20;         // Bytes of one that is told,
constexpr std::size_t files_bytes_max = 6u << 20;  // and of all of a result.
constexpr std::size_t files_max = 10;
constexpr std::size_t words_max = 64u << 10;  // Of a file that is words, in a result.
constexpr std::size_t page_max = 100;
constexpr std::string_view handing_over = "hand_over";
constexpr std::size_t workspaces_max = 100'000;  // That are looked at for a name.

std::string uri_of(WorkspaceId id) { return fmt::format("{}{}{}", before, id.text(), behind); }

std::optional<WorkspaceId> workspace_in(std::string_view uri) {
  if (!uri.starts_with(before) || !uri.ends_with(behind) ||
      uri.size() <= before.size() + behind.size())
    return std::nullopt;
  uri.remove_prefix(before.size());
  uri.remove_suffix(behind.size());
  return WorkspaceId::parse(uri);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string listed(const workspaces::Entry& entry) {
  json::Object out;
  const std::string name = mcp::harmless(entry.name);
  out.add("uri", uri_of(entry.id)).add("name", name.empty() ? entry.id.text() : name);
  out.add("description", "The agent card of this workspace");
  out.add("mimeType", "application/json");
  return out.text();
}

}  // namespace

// Itself, then its peers; a cursor is the id of the last one that was told.
std::optional<mcp::Offer::Page> Tools::resources(std::string_view cursor) const {
  const WorkspaceId own = asker_.workspace;
  Page page;
  std::size_t room = page_max;
  std::optional<workspaces::PeerPlace> from;
  const auto last = WorkspaceId::parse(cursor);
  if (cursor.empty()) {
    parts_.directory.look_at(own, [&](const workspaces::Entry& entry) {
      page.items = listed(entry);
      --room;
    });
  } else {
    if (last) from = parts_.directory.peer_place(own, *last);
    if (!from && last != own) return std::nullopt;
  }
  const auto reached =
      parts_.directory.look_at_peers(own, from, room, [&](const workspaces::Entry& entry) {
        page.items += (page.items.empty() ? "" : ",") + listed(entry);
        return true;
      });
  page.items = "[" + page.items + "]";
  const auto any = [](const workspaces::Entry&) { return true; };
  if (reached && parts_.directory.look_at_peers(own, reached, 1, any))
    page.next = reached->place.id.text();
  return page;
}

std::string Tools::templates() const {
  json::Object card, file;
  card.add("uriTemplate", fmt::format("{}{{id}}{}", before, behind)).add("name", "Agent card");
  card.add("description", "The agent card of a workspace that may be reached");
  card.add("mimeType", "application/json");
  file.add("uriTemplate", fmt::format("{}{{id}}", of_files)).add("name", "File");
  file.add("description", "A file of a message that this workspace may see, up to 4 MiB");
  return "[" + card.text() + "," + file.text() + "]";
}

std::optional<mcp::Enclosed> Tools::card(WorkspaceId of) const {
  if (!parts_.directory.may_reach(asker_.workspace, of)) return std::nullopt;
  std::optional<mcp::Enclosed> out;
  parts_.directory.look_at(of, [&](const workspaces::Entry& entry) {
    if (entry.removed_at) return;
    out = mcp::Enclosed{.uri = uri_of(of), .name = entry.name, .media_type = "application/json"};
    out->text = entry.agent_card.empty() ? std::string("{}") : entry.agent_card.text;
  });
  return out;
}

io::Task<std::optional<mcp::Enclosed>> Tools::file(attachments::AttachmentId id,
                                                   std::size_t most) const {
  const auto found = co_await parts_.attachments.small(asker_.workspace, id, most);
  if (!found) co_return std::nullopt;
  mcp::Enclosed out{.uri = fmt::format("{}{}", of_files, id.text()),
                    .name = found->name,
                    .media_type = found->media_type};
  if (!found->bytes) co_return out;
  const std::string& bytes = *found->bytes;
  const bool is_words = out.media_type.starts_with("text/") || out.media_type.ends_with("json");
  if (is_words) {
    out.text = bytes;
  } else {
    out.base64 =
        crypto::base64_encode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  }
  co_return out;
}

io::Task<std::vector<mcp::Enclosed>> Tools::enclosed(
    const std::vector<api::Attachment>& files) const {
  std::vector<mcp::Enclosed> out;
  std::size_t left = files_bytes_max;
  for (const api::Attachment& each : files) {
    if (out.size() == files_max) break;
    const auto ids = attachments::named_in(each.uri, 1);
    if (ids.empty()) continue;
    std::optional<mcp::Enclosed> found;
    try {
      found = co_await file(ids.front(), std::min(left, file_max));
    } catch (const Fault& fault) {
      // The result is told without it.
      if (fault.kind() == Kind::cancelled) throw;
    }
    if (!found) continue;
    if (found->text) {
      // A model reads it beside what the platform says.
      left -= std::min(left, found->text->size());
      const std::string name = mcp::harmless(found->name);
      found->text =
          mcp::quoted(name, mcp::clipped(*found->text, words_max, "the resource has it whole"),
                      parts_.random.number());
    } else if (found->base64) {
      left -= std::min(left, found->base64->size() / 4 * 3);
    }
    out.push_back(std::move(*found));
  }
  co_return out;
}

io::Task<std::optional<std::string>> Tools::resource(std::string uri) const {
  std::optional<mcp::Enclosed> found;
  if (const auto id = workspace_in(uri)) {
    found = card(*id);
  } else if (uri.starts_with(of_files)) {
    const auto of_file = attachments::AttachmentId::parse(uri.substr(of_files.size()));
    if (of_file) found = co_await file(*of_file, file_max);
    if (found && !found->text && !found->base64)
      throw Fault(Kind::too_large, "file_too_large",
                  fmt::format("the file has more than {} MiB; fetch it at "
                              "/workspaces/{}/attachments/{}",
                              file_max >> 20, asker_.workspace.text(), of_file->text()));
  }
  if (!found) co_return std::nullopt;
  co_return "[" + mcp::contents_of(*found) + "]";
}

std::string Tools::prompts() const {
  json::Object task, peer, out;
  task.add("name", "task").add("description", "What is to be done").add("required", true);
  peer.add("name", "peer").add("description", "Who is to do it: a name or an id");
  peer.add("required", false);
  out.add("name", handing_over);
  out.add("description", "Hand a piece of work to a peer: to this one, or to who suits it best");
  out.add("arguments", RawJson("[" + task.text() + "," + peer.text() + "]"));
  return "[" + out.text() + "]";
}

std::optional<WorkspaceId> Tools::peer_called(std::string_view text) const {
  std::optional<WorkspaceId> found;
  parts_.directory.look_at_peers(asker_.workspace, std::nullopt, workspaces_max,
                                 [&](const workspaces::Entry& entry) {
                                   if (entry.name == text || entry.id.text() == text)
                                     found = entry.id;
                                   return !found;
                                 });
  return found;
}

std::optional<mcp::Offer::Completion> Tools::complete(const Asked& asked) const {
  const bool of_prompt = asked.prompt == handing_over;
  const bool by_name = of_prompt && asked.argument == "peer";
  const bool by_id =
      asked.argument == "id" && asked.resource == fmt::format("{}{{id}}{}", before, behind);
  Completion out;
  if (of_prompt && asked.argument == "task") return out;
  if (!by_name && !by_id) return std::nullopt;
  const std::string wanted = lower(asked.value);
  const auto take = [&](const workspaces::Entry& entry) {
    const bool fits =
        lower(entry.name).contains(wanted) || (by_id && entry.id.text().starts_with(wanted));
    if (!fits) return true;
    const std::string value = by_id ? entry.id.text() : entry.name;
    if (std::ranges::find(out.values, value) != out.values.end()) return true;
    out.more = out.values.size() == Completion::values_max;
    if (!out.more) out.values.push_back(value);
    return !out.more;
  };
  if (by_id) parts_.directory.look_at(asker_.workspace, take);
  parts_.directory.look_at_peers(asker_.workspace, std::nullopt, workspaces_max, take);
  return out;
}

std::optional<json::Object> Tools::prompt(std::string_view name, json::Node arguments) const {
  if (name != handing_over) return std::nullopt;
  const std::string task = mcp::text_of(arguments, "task");
  if (task.empty()) throw bad_request("task: is required");
  const std::string wanted = mcp::text_of(arguments, "peer");
  std::string messages;
  const auto say = [&](std::string_view content) {
    json::Object message;
    message.add("role", "user").add("content", RawJson(std::string(content)));
    messages += (messages.empty() ? "" : ",") + message.text();
  };
  std::string whom = "Look at list_peers and choose the agent whose role suits this best.";
  if (!wanted.empty()) {
    const auto peer = peer_called(wanted);
    const auto its_card = peer ? card(*peer) : std::nullopt;
    if (!its_card)
      throw bad_request("peer: there is no peer of this name or id; list_peers tells them");
    json::Object shown;
    shown.add("type", "resource").add("resource", RawJson(mcp::contents_of(*its_card)));
    say(shown.text());
    whom = fmt::format("The agent for this is {} (its card stands above).", peer->text());
  }
  json::Object text, out;
  text.add("type", "text");
  text.add(
      "text",
      fmt::format("{} Hand it over with delegate_task; if it goes on for long, look again with "
                  "check_task_status. Then tell me what came of it.\n\nThe work:\n{}",
                  whom, task));
  say(text.text());
  out.add("description", "Hand a piece of work to a peer");
  out.add("messages", RawJson("[" + messages + "]"));
  return out;
}

}  // namespace molecule::mcp_endpoint
