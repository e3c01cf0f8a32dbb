#include "server/events/log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "platform/json/json.h"
#include "platform/sql/within.h"
#include "server/events/events_store.h"
#include "server/facts/record_store.h"

namespace molecule::events {
namespace {

RawJson bounded(RawJson payload) {
  if (payload.empty()) return RawJson("{}");
  if (payload.text.size() <= Log::payload_max) return payload;
  json::Object out;
  out.add("truncated", true).add("bytes", static_cast<std::int64_t>(payload.text.size()));
  return out.raw();
}

// Returns where in the text the payload begins.
std::size_t encode(const Frame& frame, std::string_view payload, std::string& text) {
  text.reserve(payload.size() + frame.type.size() + 160);
  text += "{\"event\":\"";
  text += frame.type;
  text += "\",\"workspace_id\":";
  if (frame.workspace.nil()) {
    text += "null";
  } else {
    json::write(text, frame.workspace);
  }
  text += ",\"timestamp\":";
  json::write(text, frame.at);
  text += ",\"payload\":";
  const std::size_t payload_at = text.size();
  text += payload;
  text += ",\"seq\":";
  text += std::to_string(frame.seq);
  if (frame.transient) text += ",\"transient\":true";
  text += '}';
  return payload_at;
}

// The payload as peers see it, or nothing when it is the same.
std::optional<std::string> shown_part(std::string_view payload,
                                      std::span<const std::string_view> shown) {
  json::Document document = json::Document::parse(payload, payload_limits);
  json::Node whole = document.root();
  json::Object part;
  bool same = true;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string_view name = whole.name_at(i);
    if (std::find(shown.begin(), shown.end(), name) != shown.end()) {
      part.add(name, RawJson(whole.value_at(i).text()));
    } else {
      same = false;
    }
  }
  if (same) return std::nullopt;
  return part.text();
}

// The last step of making a frame.
void encode_all(Frame& frame, std::string_view payload) {
  // A type that this program does not know, from an older one, is shown to nobody else.
  auto type = enum_from<Type>(frame.type);
  if (type) frame.audience = audience_of(*type);
  frame.payload_at = encode(frame, payload, frame.text);
  frame.payload_size = payload.size();
  if (frame.audience.reach != Audience::Reach::peers) return;
  auto part = shown_part(payload, frame.audience.shown);
  if (part) encode(frame, *part, frame.peer_text);
}

std::size_t size_of(const Frame& frame) {
  return sizeof frame + frame.text.capacity() + frame.peer_text.capacity();
}

FramePtr from_row(store::Row row) {
  auto frame = std::make_shared<Frame>();
  frame->seq = row.seq;
  frame->workspace = row.workspace_id.value_or(WorkspaceId{});
  frame->type = std::move(row.type);
  frame->at = row.at;
  encode_all(*frame, row.payload.text);
  return frame;
}

}  // namespace

io::Task<void> Log::open() {
  struct Ends {
    std::int64_t floor = 0;
    std::int64_t told = 0;
    std::int64_t newest = 0;
  };
  Ends ends = co_await db_.read([](sql::Read& read) {
    return Ends{read.one(store::floor), read.one(store::newest), read.one(facts::store::newest)};
  });
  begin_at(ends.newest);
  floor_ = ends.floor;
  const std::int64_t newest = std::max(ends.floor, ends.told);
  recent_.write([&](Recent& recent) { recent.since = newest; });
  newest_.store(newest, std::memory_order_release);
}

io::Task<void> Log::catch_up() {
  // On the writer's thread, in order with everything that is published there.
  co_await db_.write([this](sql::Tx& tx) {
    follow(tx);
    const std::int64_t newest = tx.one(store::newest);
    tx.after_commit([this, newest] {
      recent_.write([&](Recent& recent) {
        forget_before_own(recent);
        if (newest > this->newest()) newest_.store(newest, std::memory_order_release);
      });
    });
  });
  wake_followers();
}

std::int64_t Log::append(sql::Tx& tx, Event event, std::optional<Instant> at) {
  auto frame = std::make_shared<Frame>();
  frame->seq = place(tx);
  frame->workspace = event.workspace;
  frame->type = enum_text(event.type);
  frame->at = at.value_or(clock_.now());
  const RawJson payload = bounded(std::move(event.payload));
  put(tx, frame->seq, frame->at, event.type, event.workspace, payload);
  encode_all(*frame, payload.text);
  std::int64_t seq = frame->seq;
  tx.after_commit([this, frame = std::move(frame)]() mutable {
    arrived(frame->seq);
    staged_.push_back(std::move(frame));
  });
  tx.after_batch(this, [this] { publish_staged(); });
  return seq;
}

void Log::announce(Event event) {
  if (recent_.read([](const Recent& recent) { return recent.followers == 0; })) return;
  auto frame = std::make_shared<Frame>();
  frame->seq = newest();
  frame->transient = true;
  frame->workspace = event.workspace;
  frame->type = enum_text(event.type);
  frame->at = clock_.now();
  encode_all(*frame, bounded(std::move(event.payload)).text);
  std::string key(reinterpret_cast<const char*>(frame->workspace.bytes().data()),
                  frame->workspace.bytes().size());
  key += frame->type;
  recent_.write([&](Recent& recent) {
    if (recent.followers == 0) return;
    std::uint64_t& turn = recent.latest[std::move(key)];
    recent.transients.erase(turn);
    turn = ++recent.turn;
    recent.transients.emplace_hint(recent.transients.end(), turn, std::move(frame));
  });
  wake_followers();
}

Log::Presence Log::arrive(std::uint64_t& counter) {
  recent_.write([&](Recent& recent) {
    ++recent.followers;
    counter = recent.turn;
  });
  return Presence(this, [](void* self) {
    auto& log = *static_cast<Log*>(self);
    log.recent_.write([](Recent& recent) {
      if (--recent.followers > 0) return;
      recent.transients.clear();
      recent.latest.clear();
    });
  });
}

// Memory holds only what follows on without anything in between that was not published.
void Log::forget_before_own(Recent& recent) {
  if (own_since() <= recent.since) return;
  recent.since = own_since();
  recent.frames.clear();
  recent.bytes = 0;
}

// One turn of the lock and one wake-up for everything that shared a commit.
void Log::publish_staged() {
  if (staged_.empty()) return;
  recent_.write([&](Recent& recent) {
    forget_before_own(recent);
    newest_.store(std::max(newest(), staged_.back()->seq), std::memory_order_release);
    for (FramePtr& frame : staged_) {
      if (frame->seq <= recent.since) continue;
      recent.bytes += size_of(*frame);
      recent.frames.push_back(std::move(frame));
    }
    while (recent.frames.size() > recent_max ||
           (recent.bytes > recent_bytes_max && recent.frames.size() > 1)) {
      recent.bytes -= size_of(*recent.frames.front());
      recent.since = recent.frames.front()->seq;
      recent.frames.pop_front();
    }
  });
  staged_.clear();
  wake_followers();
}

void Log::wake_followers() {
  wakes_.read([](const auto& wakes) {
    for (const auto& wake : wakes) wake();
  });
}

Log::Slice Log::recent_after(std::int64_t seq, std::size_t max) const {
  Slice slice;
  recent_.read([&](const Recent& recent) {
    if (seq >= newest()) return;
    if (seq < recent.since) {
      slice.complete = false;
      return;
    }
    auto from = std::ranges::upper_bound(recent.frames, seq, {}, &Frame::seq);
    for (; from != recent.frames.end() && slice.frames.size() < max; ++from) {
      slice.frames.push_back(*from);
    }
  });
  return slice;
}

std::vector<FramePtr> Log::transients_after(std::uint64_t& counter, std::size_t max) const {
  std::vector<FramePtr> frames;
  recent_.read([&](const Recent& recent) {
    for (auto it = recent.transients.upper_bound(counter);
         it != recent.transients.end() && frames.size() < max; ++it) {
      counter = it->first;
      frames.push_back(it->second);
    }
  });
  return frames;
}

io::Task<std::vector<FramePtr>> Log::read_after(std::int64_t seq, std::size_t max) {
  auto query = [seq, max](sql::Read& read) {
    auto behind = [&](const store::Row* last, std::int64_t limit) {
      return read.all(store::after, last ? last->seq : seq, limit);
    };
    return sql::within<store::Row>(static_cast<std::int64_t>(max), step_bytes_max, behind,
                                   store::size_of);
  };
  auto rows = co_await db_.read(std::move(query));
  std::vector<FramePtr> frames;
  frames.reserve(rows.size());
  for (auto& row : rows) frames.push_back(from_row(std::move(row)));
  co_return frames;
}

io::Task<std::int64_t> Log::oldest() {
  std::int64_t oldest = co_await db_.read([](sql::Read& read) { return read.one(store::oldest); });
  co_return std::max(oldest, floor_ + 1);
}

void Log::on_published(std::function<void()> wake) {
  wakes_.write([&](auto& wakes) { wakes.push_back(std::move(wake)); });
}

}  // namespace molecule::events
