// Listing tasks: the newest change first, a page at a time, bounded by tasks and by bytes.
#include <charconv>

#include "platform/json/json.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {
namespace {

constexpr std::int64_t looked_through_max = 20'000;  // Of a workspace's newest messages.
constexpr std::int64_t page_bytes_max = 4 << 20;     // Of what is read; a larger task comes alone.

// Behind which entry a page begins: when it changed, and its number.
struct Place {
  std::optional<Instant> at;
  std::int64_t seq = 0;
};

std::string token_of(const store::Listed& last) {
  return fmt::format("{}.{}", last.at.micros(), last.seq);
}

Place place_of(const std::optional<std::string>& token) {
  Place place;
  if (!token) return place;
  std::int64_t at = 0;
  const char* end = token->data() + token->size();
  auto [dot, error] = std::from_chars(token->data(), end, at);
  if (error == std::errc{} && dot != end && *dot == '.') {
    auto [rest, wrong] = std::from_chars(dot + 1, end, place.seq);
    if (wrong == std::errc{} && rest == end) {
      place.at = Instant::from_micros(at);
      return place;
    }
  }
  throw a2a::invalid_params("pageToken is none that was given here");
}

}  // namespace

io::Task<std::string> Service::list(const Asker& asker, const a2a::TaskCall& call) {
  const a2a::TaskFilter& filter = call.filter;
  const Place behind = place_of(filter.page_token);
  const a2a::TaskForm form{call.generation, call.history_length.value_or(0), filter.artifacts};
  const bool bodies = form.artifacts || *form.history_length > 0;
  const auto sender = asker.sees_all() ? std::nullopt : asker.workspace;
  std::optional<std::int64_t> named;
  if (filter.context_id) {
    if (auto id = ActivityId::parse(*filter.context_id)) named = messages::seq_of(*id);
  }
  // Written where it is read: a page of large bodies holds no loop.
  struct Page {
    std::string tasks;
    std::string next;
    std::int64_t total = 0;
  };
  auto look = [&, this](sql::Read& read) {
    Page page;
    page.total = read.one(store::count, asker.at, looked_through_max, sender, filter.context_id,
                          named, filter.state, filter.since);
    auto entries =
        read.all(store::list, asker.at, looked_through_max, sender, filter.context_id, named,
                 filter.state, filter.since, behind.at, behind.seq, filter.page_size + 1);
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const store::Listed& entry = entries[i];
      if (bodies) bytes += entry.bytes;
      const bool full =
          i == static_cast<std::size_t>(filter.page_size) || (i > 0 && bytes > page_bytes_max);
      if (full) {
        page.next = token_of(entries[i - 1]);
        break;
      }
      auto record = bodies ? ledger_.find(read, entry.seq) : ledger_.head(read, entry.seq);
      if (!record) continue;
      Found found;
      found.row = tasks_.of(read, entry.seq);
      found.id = found.row ? found.row->task_id : record->message.id().text();
      found.record = std::move(*record);
      page.tasks += page.tasks.empty() ? "[" : ",";
      page.tasks += tell(found, form);
    }
    page.tasks += page.tasks.empty() ? "[]" : "]";
    return page;
  };
  Page page = co_await db_.read(look);
  json::Object out;
  out.add("tasks", RawJson(std::move(page.tasks))).add("nextPageToken", page.next);
  out.add("pageSize", filter.page_size).add("totalSize", page.total);
  co_return out.text();
}

}  // namespace molecule::tasks
