#include "platform/sql/store_facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/log/log.h"

namespace molecule::sql {

Takeover take_over(FactsTarget& target, const StoreMark& mark, std::string_view numbering,
                   Instant now, bool begin_anew) {
  const auto& before = mark.before();
  const auto known = target.fact(fact::id);
  const auto place = target.fact(fact::place);
  const std::string place_now = target.place();
  const std::int64_t newest = target.sequence(numbering);

  Takeover takeover;
  takeover.store = known ? StoreId::parse(*known).value_or(StoreId{}) : StoreId{};
  if (takeover.store.nil()) {
    takeover.store = mark.fresh_id();
    target.set_fact(fact::id, takeover.store.text());
  } else if (before && before->store != takeover.store && !begin_anew) {
    throw conflict(
        "store_differs",
        "the database belongs to another platform than the keys in this data directory. Start it "
        "with its own data directory, or put the database of this one back from a backup; to keep "
        "this database with these keys, start once with --begin-anew");
  }

  const std::int64_t seen = before ? before->seen : 0;
  std::string_view why;
  if (place && *place != place_now) why = "the database is a copy";
  if (before && before->copied) why = "the data directory is a copy";
  if (before && before->store != takeover.store) why = "the database is another";
  if (newest < seen) why = "the database is older than what was told of it";
  takeover.seen = newest;
  if (!why.empty()) {
    const std::int64_t by_time = now.micros() / 1'000'000 * numbering_leap;
    takeover.seen = std::max({by_time, newest + numbering_leap, seen + numbering_leap});
    target.set_sequence(numbering, takeover.seen);
    target.set_sequence(fmt::format("{}.floor", numbering), takeover.seen);
    log::warn("numbering goes on elsewhere; followers take a fresh snapshot",
              log::field("cause", why), log::field("newest", newest), log::field("told", seen),
              log::field("from", takeover.seen));
  }
  target.set_fact(fact::place, place_now);
  target.set_fact(fact::run, std::to_string(mark.run()));
  return takeover;
}

}  // namespace molecule::sql
