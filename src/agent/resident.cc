#include "agent/resident.h"

#include "platform/json/json.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto first_look_within = 5s;  // So that a key that is there is not said to be missing.
// As many as the platform brings at once: what waits for its turn here waits in order, and the next
// one begins when one has ended.
constexpr std::size_t messages_at_once = 256;
constexpr std::size_t messages_of_one = 128;  // Of one conversation, so that others have room.
constexpr std::size_t bytes_at_once = 64u << 20;
constexpr auto longest = 24h * 14;  // As long as the platform keeps a message. Turns have limits.

join::Desk::Settings desk_of(const Setup& setup, std::function<void()> changed) {
  join::Desk::Settings settings;
  settings.who = setup.runtime().title;
  settings.at_once = messages_at_once;
  settings.of_one_context = messages_of_one;
  settings.bytes_at_once = bytes_at_once;
  settings.limit = longest;
  settings.changed = std::move(changed);
  return settings;
}

RawJson texts(const std::vector<std::string>& all) { return RawJson(json::text(all)); }

}  // namespace

Resident::Resident(io::Loop& loop, Setup& setup, Conversations& conversations,
                   const io::Clock& clock, io::Random& random, metrics::Registry& registry,
                   std::function<void()> changed)
    : setup_(setup),
      conversations_(conversations),
      desk_(loop, desk_of(setup, std::move(changed)), conversations, clock, random, registry) {}

io::Task<std::optional<std::string>> Resident::card() {
  co_await setup_.looked(first_look_within);
  const Config& config = setup_.config();
  std::string skills;
  for (const Skill& each : setup_.skills().loaded) {
    skills += skills.empty() ? "" : ",";
    skills += json::Object{}
                  .add("id", each.id)
                  .add("name", each.name)
                  .add("description", each.description)
                  .add("tags", texts(each.tags))
                  .add("examples", texts(each.examples))
                  .text();
  }
  const std::string& said = config.text("description");
  json::Object card;
  if (!config.text("name").empty()) card.add("name", config.text("name"));
  card.add("description", said.empty() ? config.text("role") : said)
      .add("version", config.text("version"))
      .add("protocolVersion", "0.3.0")
      .add("capabilities", json::Object{}.add("streaming", true).raw())
      .add("defaultInputModes", RawJson(R"(["text/plain","application/octet-stream"])"))
      .add("defaultOutputModes", RawJson(R"(["text/plain"])"))
      .add("skills", RawJson("[" + skills + "]"))
      .add("runtime", setup_.runtime().id)
      .add("configuration_status", setup_.missing().empty() ? "ready" : "not_configured");
  if (!setup_.missing().empty())
    card.add("configuration_error", fmt::format("it needs {}", setup_.missing()));
  // Whoever wrote the configuration learns from these what became of it.
  card.add("configuration_mark", config.mark());
  if (const Setup::Refused& refused = setup_.refused(); !refused.reason.empty()) {
    card.add("configuration_refused_mark", refused.mark);
    card.add("configuration_refused", refused.reason);
  }
  co_return card.text();
}

join::Health Resident::health() {
  join::Health health;
  const Conversations::Tally tally = conversations_.take_tally();
  untold_.turns += tally.turns;
  untold_.failed += tally.failed;
  if (!tally.trouble.empty()) untold_.trouble = tally.trouble;
  if (untold_.turns > 0)
    health.error_rate = static_cast<double>(untold_.failed) / static_cast<double>(untold_.turns);
  health.error_rate = std::min(health.error_rate, 1.0);
  health.trouble = untold_.trouble;
  health.at = desk_.at();
  return health;
}

}  // namespace molecule::agent
