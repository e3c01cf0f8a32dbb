// Messages that wait for this agent. They are followed by long polls, shown oldest first, and stay
// until they are popped: until then the platform's row is not behind us, so that a process that is
// killed leaves them to the next one. Processes of one workspace share them (claims.h): what one of
// them showed is shown by no other as long as it runs; what it only pushed, to a client that may
// not look at it, for a minute.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mcp/claims.h"
#include "mcp/platforms.h"
#include "mcp/settings.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/json/json.h"

namespace molecule::mcp {

// A row of the platform's feed.
struct Place {
  ActivityId id;
  std::int64_t seq = 0;
};

struct Item {
  ActivityId id;
  std::int64_t seq = 0;
  std::optional<Place> before;  // The row before it, as far as one was read.
  WorkspaceId workspace;        // Whose inbox it came to.
  std::string text;
  std::optional<WorkspaceId> peer;  // Empty: a person.
  std::string kind;                 // canvas_user, peer_agent, delegation_result
  std::string method;
  std::string created_at;  // RFC 3339
  std::string peer_name, peer_role, agent_card_url;
  std::optional<std::string> delegation;  // Of a delegation's result.
  std::string files;                      // JSON list; empty: none.
  bool shown = false;                     // By this process, to a model that asked.
  bool told = false;                      // It was pushed, here or elsewhere.
  bool replied = false;
  bool called_off = false;  // It was canceled: nothing is asked because of it any more.
};

// The first hundred files that a row's message or result names, as a JSON list; empty when there
// are none.
std::string files_in(json::Node row);

class Inbox {
 public:
  // Unhandled messages in memory; more stay with the platform, but for those of people.
  static constexpr std::size_t items_max = 1000;
  static constexpr std::size_t people_max = 200;  // Of people, beyond those.
  // Their texts; what is fetched beside it, one page, comes on top.
  static constexpr std::size_t texts_max = 16u << 20;
  static constexpr std::size_t peeked_max = 1u << 20;  // Text that is shown at once.

  // `came` is called when there are new items.
  Inbox(Platforms& platform, Settings& settings, const io::Clock& clock,
        std::function<void()> came);

  // Follows every workspace until it is cancelled.
  io::Task<void> run();

  // The oldest that no other process has, once there is one, people's before those of peers; null
  // when none came in time. It stays.
  // Throws Fault when it cannot be kept who has it.
  io::Task<const Item*> wait_for(std::chrono::milliseconds limit);
  // At most `max`, fewer where their texts are long.
  std::vector<const Item*> oldest(std::size_t max);
  // This one, if this process has it or nobody; null otherwise. It counts as shown from now on.
  const Item* shown(const ActivityId& id);
  // It is handled. False when there is none of this id. Throws Fault when that cannot be kept.
  bool pop(const ActivityId& id);
  // The result of a delegation is waited for in another way: it is no message, unless that ends
  // without it.
  void expect_result(const WorkspaceId& workspace, const std::string& delegation);
  void end_expecting(const WorkspaceId& workspace, const std::string& delegation, bool had_it);

  // Calls `tell` with each that was pushed nowhere yet, as wait_for orders them. Of peers' no more
  // than a session can keep in mind: the next when one of them is done.
  void push_new(const std::function<void(const Item&)>& tell);
  // Of this id; null when there is none.
  Item* find(const ActivityId& id);
  // The oldest message of a person (or of that peer) to a workspace that was shown here and is not
  // answered yet: what is said next answers it.
  Item* unanswered(const WorkspaceId& workspace, const std::optional<WorkspaceId>& peer);
  void mark_replied(const ActivityId& id, bool replied);
  void mark_called_off(const ActivityId& id);
  // What this agent is at, as far as is known: what it asks for is asked because of that.
  std::optional<ActivityId> in_hand(const WorkspaceId& workspace) const;
  // How far the messages of each workspace are handled; of those of which that is known.
  std::map<WorkspaceId, ActivityId> cursors();
  // Why nothing may be coming; empty when all is well.
  std::string trouble() const;

 private:
  static constexpr int page_rows = 200;
  struct Box {
    Box(client::Credential& as, const std::filesystem::path& state)
        : credential(as), claims(state / "inbox" / as.workspace().text()) {}
    client::Credential& credential;
    Claims claims;
    bool begun = false;                        // It was read how far others had come.
    std::optional<Place> fetched;              // The newest row that was read.
    std::optional<ActivityId> people_fetched;  // Of a person, while it is full.
    std::string trouble;
    int rows = page_rows;  // Of the next page: fewer while one cannot be read.
  };
  io::Task<void> follow(Box& box);
  void begin(Box& box);
  io::Task<bool> fetch(Box& box);  // False: pause before the next.
  // What people wrote behind the newest row that was read, which peers have no part in.
  io::Task<void> fetch_people(Box& box);
  // In the order in which they are shown.
  std::vector<Item*> in_order();
  // What came for this agent, and the newest row that was read with it.
  void take(Box& box, std::vector<Item> items, const Place& newest);
  // Takes out what others have handled.
  void look_again(Box& box);
  enum class Hold { firm, passing };
  // The first `max` of those that `wanted` says which no other process has, and which this one has
  // from now on.
  std::vector<Item*> claim(const std::function<bool(const Item&)>& wanted, std::size_t max,
                           Hold hold);
  bool is_full() const;
  bool is_offered(const Item& item) const;
  bool is_unwanted(const std::string& delegation) const;
  // Moves the cursor to the row before the oldest that is not handled, or to the newest there is.
  static void advance(Claims::Agreed& agreed, const Item* oldest,
                      const std::optional<Place>& newest);
  void put(Item item);
  Box& box_of(const WorkspaceId& workspace);

  Platforms& platform_;
  const io::Clock& clock_;
  // Whether what is pushed is shown for certain, and how old that may be which waits for nothing.
  const bool pushes_show_;
  const std::chrono::seconds window_;
  const std::function<void()> came_;
  std::deque<Box> boxes_;
  std::list<Item> items_;             // As they came, whoever has them.
  std::set<std::string> expected_;    // Delegations whose results are waited for.
  std::deque<std::string> unwanted_;  // Those whose results were told, and are no messages.
  io::Signal grown_, shrunk_;
};

}  // namespace molecule::mcp
