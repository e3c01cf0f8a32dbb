// Listing tasks: the newest change first, a page at a time, bounded by tasks and by bytes.
#include "platform/json/json.h"
#include "server/tasks/listing.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {
namespace {

constexpr std::int64_t page_bytes_max = 4 << 20;  // Of what is read; a larger task comes alone.

}  // namespace

io::Task<std::string> Service::list(const Asker& asker, const a2a::TaskCall& call) {
  const a2a::TaskFilter& filter = call.filter;
  const Place behind = place_of(filter.page_token);
  const a2a::TaskForm form{call.generation, call.history_length.value_or(0), filter.artifacts};
  const bool bodies = form.artifacts || *form.history_length > 0;
  Wanted wanted;
  wanted.agent = asker.at;
  if (!asker.sees_all()) wanted.sender = asker.workspace;
  wanted.context = filter.context_id;
  wanted.state = filter.state;
  wanted.since = filter.since;
  wanted.page_size = filter.page_size;
  if (filter.context_id) {
    if (auto id = ActivityId::parse(*filter.context_id)) wanted.named = messages::seq_of(*id);
  }
  // Written where it is read: a page of large bodies holds no loop.
  struct Page {
    std::string tasks;
    std::string next;
    std::int64_t total = 0;
  };
  auto look = [&, this](sql::Read& read) {
    Page page;
    const Listing listing = listed(read, wanted, behind);
    page.total = listing.total;
    if (listing.next) page.next = token_of(*listing.next);
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < listing.entries.size(); ++i) {
      const store::Listed& entry = listing.entries[i].what;
      if (bodies) bytes += entry.bytes;
      if (i > 0 && bytes > page_bytes_max) {
        page.next = token_of(listing.entries[i - 1].behind);
        break;
      }
      auto record = bodies ? ledger_.find_whole(read, entry.seq) : ledger_.head(read, entry.seq);
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
  Page page;
  {
    const Turns::Turn turn =
        co_await list_turns_.take(asker.workspace ? asker.workspace->text() : asker.by);
    page = co_await db_.read(look);
  }
  // Whoever may not send there any more still sees what they have sent; nobody else learns from a
  // list that there is nothing.
  const bool nothing = page.total == 0 && page.next.empty() && !filter.page_token;
  if (nothing) cards_.require_seen(asker.workspace, asker.at);
  json::Object out;
  out.add("tasks", RawJson(std::move(page.tasks))).add("nextPageToken", page.next);
  out.add("pageSize", filter.page_size).add("totalSize", page.total);
  co_return out.text();
}

}  // namespace molecule::tasks
