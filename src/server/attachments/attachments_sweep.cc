// What nothing names any more is taken away, its row before its bytes.
#include "server/attachments/attachments_service.h"
#include "server/attachments/attachments_store.h"
#include "server/attachments/unnamed.h"

namespace molecule::attachments {
namespace {

constexpr std::int64_t slice_max = 500;  // Rows that are looked at in one transaction.
constexpr std::chrono::hours walk_every{24};
constexpr std::chrono::hours named_look_every{24};
constexpr std::chrono::hours forget_every{1};  // It looks at every mention there is.

}  // namespace

io::Task<void> Service::sweep() {
  const auto now = clock_.monotonic();
  if (!forgot_ || now - *forgot_ >= forget_every) {
    co_await forget_pruned();
    forgot_ = now;
  }
  for (;;) {
    keeper_.begin_round();
    const Instant now_is = clock_.now();
    auto rows =
        co_await db_.read([&](sql::Read& read) { return read.all(store::due, now_is, slice_max); });
    if (rows.empty()) break;
    std::vector<blobs::Name> names = co_await db_.write(
        [&](sql::Tx& tx) { return take_unnamed(tx, rows, now_is + named_look_every); });
    co_await remove_unnamed(names);
    if (rows.size() < static_cast<std::size_t>(slice_max)) break;
  }
  keeper_.begin_round();
  const std::vector<blobs::Name> forsaken =
      forsaken_.write([](std::vector<blobs::Name>& names) { return std::exchange(names, {}); });
  co_await remove_unnamed(forsaken);
  if (walked_ && now - *walked_ < walk_every) co_return;
  co_await walk();
  walked_ = now;
}

// Rows of the feed go slice by slice, and with a workspace; what named files goes behind them.
io::Task<void> Service::forget_pruned() {
  for (std::int64_t from = 0;;) {
    auto until = co_await db_.write([&](sql::Tx& tx) {
      auto end = tx.one(store::slice, from, slice_max);
      if (!end) return end;
      tx.run(store::look_pruned, from, *end);
      tx.run(store::forget_pruned, from, *end);
      return end;
    });
    if (!until) co_return;
    from = *until;
  }
}

io::Task<void> Service::walk() {
  for (int first = 0; first < 256; ++first) {
    keeper_.begin_round();
    auto names = co_await keeper_.list(static_cast<std::uint8_t>(first));
    co_await remove_unnamed(names);
  }
}

io::Task<void> Service::remove_unnamed(const std::vector<blobs::Name>& names) {
  if (names.empty()) co_return;
  std::vector<blobs::Name> unnamed = co_await db_.read([&](sql::Read& read) {
    std::vector<blobs::Name> none;
    for (const blobs::Name& name : names) {
      if (read.one(store::named, sql::BytesView(name)) == 0) none.push_back(name);
    }
    return none;
  });
  if (unnamed.empty()) co_return;
  const std::size_t count = unnamed.size();
  co_await keeper_.remove(std::move(unnamed));
  probe_.removed.add(count);
}

}  // namespace molecule::attachments
