// Work for several peers at once. They are written in one transaction, so that all of them are
// there or none, and share a group by which they are found and waited for.
#include <algorithm>
#include <utility>

#include "platform/json/json.h"
#include "server/delegations/delegations_service.h"
#include "server/delegations/rules.h"

namespace molecule::delegations {
namespace {

constexpr std::size_t targets_max = 32;
constexpr std::size_t tasks_max = 2u << 20;  // Bytes of all tasks of a group.
constexpr std::int64_t wait_max = 30;        // Seconds.

struct Work {
  WorkspaceId target;
  std::string task;
};

// One target that cannot be had is why there is none: whoever asked is told which.
Fault about(Fault fault, WorkspaceId target) {
  if (!fault.members().empty()) return fault;
  return std::move(fault).with(json::Object{}.add("target_id", target).members());
}

std::vector<Work> read_work(api::NewDelegations ask) {
  if (!ask.targets || ask.targets->empty() || ask.targets->size() > targets_max) {
    throw bad_request("invalid_delegation",
                      fmt::format("targets must name 1 to {} workspaces", targets_max));
  }
  check_work(ask.task, ask.idempotency_key);
  std::vector<Work> out;
  std::size_t bytes = 0;
  for (api::DelegationTarget& each : *ask.targets) {
    if (!each.target_id)
      throw bad_request("invalid_delegation", "each of targets must have a target_id");
    check_work(each.task, std::nullopt);
    Work work{*each.target_id, each.task ? std::move(*each.task) : ask.task.value_or("")};
    if (work.task.empty()) {
      throw about(bad_request("invalid_delegation",
                              "there is no task: give one for all, or one for each target"),
                  work.target);
    }
    const bool twice = std::ranges::any_of(out, [&](const Work& other) {
      return other.target == work.target && other.task == work.task;
    });
    if (twice) {
      throw about(bad_request("invalid_delegation", "the same task is given to one target twice"),
                  work.target);
    }
    bytes += work.task.size();
    out.push_back(std::move(work));
  }
  if (bytes > tasks_max) {
    throw Fault(Kind::too_large, "task_too_large",
                fmt::format("the tasks of one group have more than {} bytes in all", tasks_max));
  }
  return out;
}

http::Reply<api::DelegatedGroup> told(const std::vector<Delegation>& group, bool again) {
  api::DelegatedGroup out;
  out.group_id = *group.front().group_id;
  out.status = "delegated";
  for (const Delegation& each : group)
    out.delegations.push_back(handed(each, again ? enum_text(each.status) : "delegated"));
  if (again) out.idempotent_hit = true;
  return {again ? 200 : 202, std::move(out)};
}

}  // namespace

// A group of which nothing came gives its key to the next try, as a single one does.
std::vector<Delegation> Service::earlier_group(sql::Tx& tx, const std::string& key,
                                               const std::vector<Handing>& now) const {
  const Delegation& first = now.front().delegation;
  auto known = tx.optional(store::by_key, first.source_id, std::string_view(key));
  if (!known) return {};
  std::vector<Delegation> group;
  if (known->group_id) group = tx.all(store::by_group, *known->group_id);
  const bool same = !group.empty() && *known->group_size == std::ssize(now) &&
                    std::ranges::all_of(group, [&](const Delegation& each) {
                      const Delegation& asked =
                          now[static_cast<std::size_t>(*each.group_at)].delegation;
                      return each.target_id == asked.target_id && each.task == asked.task;
                    });
  if (!same) {
    throw conflict("idempotency_key_reused",
                   "this idempotency_key was used for other work; choose a new one");
  }
  if (!std::ranges::all_of(group, [&](const Delegation& each) { return in_vain(tx, each); }))
    return group;
  tx.run(store::release_key, known->delegation_id);
  return {};
}

io::Task<http::Reply<api::DelegatedGroup>> Service::delegate_all(auth::Self::Caller caller,
                                                                 WorkspaceId id,
                                                                 api::NewDelegations ask,
                                                                 const http::Request& request) {
  const std::optional<std::string> key = ask.idempotency_key;
  std::vector<Work> work = read_work(std::move(ask));
  if (!caller.workspace()) auth::require_present(parts_.directory, id);
  const GroupId group_id = parts_.random.id<GroupId>();
  std::vector<Handing> all;
  for (Work& each : work) {
    std::optional<Fault> refusal;
    try {
      auto admitted = admit(id, each.target, std::move(each.task), request);
      all.push_back(co_await admitted);
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      refusal = fault;
    }
    if (refusal) throw about(std::move(*refusal), each.target);
    all.back().by = caller.by();
    Delegation& delegation = all.back().delegation;
    delegation.group_id = group_id;
    delegation.group_at = std::ssize(all) - 1;
    delegation.group_size = std::ssize(work);
  }
  auto earlier = co_await parts_.db.write([&, this](sql::Tx& tx) {
    std::vector<Delegation> known;
    if (key) known = earlier_group(tx, *key, all);
    if (!known.empty()) return known;
    for (Handing& each : all) accept(tx, each, &each == &all.front() ? key : std::nullopt);
    return known;
  });
  if (!earlier.empty()) co_return told(earlier, true);
  std::vector<Delegation> group;
  for (Handing& each : all) {
    group.push_back(each.delegation);
    co_await dispatch(std::move(each));
  }
  co_return told(group, false);
}

io::Task<api::DelegationGroup> Service::group(auth::Self::Caller, WorkspaceId id, GroupId group,
                                              http::Query<GroupWait> wait) {
  const auto limit = wait.value.wait.patience(wait_max);
  io::Context here = co_await io::context();
  events::Patience patience(parts_.hubs.of(*here.loop), parts_.clock, limit);
  for (;;) {
    const std::uint64_t pulse = parts_.feed.pulse(id);
    auto query = [group](sql::Read& read) { return read.all(store::group, group); };
    auto found = co_await parts_.db.read(std::move(query));
    if (found.empty() || found.front().source_id != id) throw not_found("delegation");
    api::DelegationGroup out;
    out.group_id = group;
    out.total = found.front().group_size.value_or(std::ssize(found));
    // What is not kept any more has ended.
    out.ended = out.total - std::ssize(found);
    for (const Delegation& each : found) {
      if (finished(each.status)) ++out.ended;
      out.delegations.push_back(shown(each, id, false));
    }
    const bool enough =
        out.ended == out.total || (wait.value.ended && out.ended > *wait.value.ended);
    if (enough || patience.over()) co_return out;
    while (!patience.over() && parts_.feed.pulse(id) == pulse) co_await patience.wait();
  }
}

}  // namespace molecule::delegations
