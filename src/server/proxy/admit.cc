#include "server/proxy/admit.h"

#include "platform/crypto/digest.h"
#include "platform/json/json.h"

namespace molecule::proxy {
namespace {

using workspaces::Status;

IdBytes key_of(WorkspaceId to, const std::optional<WorkspaceId>& from,
               std::string_view message_id) {
  std::string text(reinterpret_cast<const char*>(to.bytes().data()), 16);
  if (from) text.append(reinterpret_cast<const char*>(from->bytes().data()), 16);
  text += '\0';
  text += message_id;
  auto digest = crypto::sha256(text);
  IdBytes key{};
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

// Holds the message back instead of trying to push it.
bool sleeping(Status status) {
  switch (status) {
    case Status::paused:
    case Status::hibernating:
    case Status::hibernated: return true;
    case Status::provisioning:
    case Status::awaiting_agent:
    case Status::online:
    case Status::degraded:
    case Status::offline:
    case Status::failed:
    case Status::removed: return false;
  }
  return false;
}

std::optional<Fault> gone(const workspaces::Entry& entry) {
  if (entry.status != Status::removed) return std::nullopt;
  json::Object members;
  members.add("id", entry.id).add("removed_at", entry.removed_at);
  members.add("hint", "the workspace was deleted; choose another peer");
  return Fault(Kind::gone, "workspace_removed", "workspace removed").with(members.members());
}

}  // namespace

void Admitter::require_reachable(WorkspaceId source, WorkspaceId to) const {
  if (!directory_.may_reach(source, to)) {
    // An unknown target and a hidden one must look alike to an agent.
    throw Fault(Kind::forbidden, "not_reachable",
                "access denied: workspaces cannot communicate per hierarchy rules");
  }
  std::optional<Fault> refusal;
  bool found =
      directory_.look_at(to, [&](const workspaces::Entry& entry) { refusal = gone(entry); });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
}

Target Admitter::target(WorkspaceId id) const {
  Target target;
  target.id = id;
  std::optional<Fault> refusal;
  bool found = directory_.look_at(id, [&](const workspaces::Entry& entry) {
    refusal = gone(entry);
    if (refusal) return;
    if (entry.budget_limit && entry.monthly_spend >= *entry.budget_limit) {
      refusal = Fault(Kind::over_budget, "budget_exceeded", "workspace budget limit exceeded");
      return;
    }
    target.name = entry.name;
    target.url = entry.url;
    if (entry.agent_card.text.find("supportedInterfaces") != std::string::npos) {
      json::Document card = json::Document::parse(entry.agent_card.text);
      target.generation = a2a::speaks(card.root());
    }
    if (entry.delivery == workspaces::Delivery::poll) {
      target.link = Link::poll;
    } else if (sleeping(entry.status)) {
      target.link = Link::mailbox;
    } else if (!entry.url.empty()) {
      target.link = Link::push;
    } else if (entry.status == Status::failed) {
      refusal = Fault(Kind::unavailable, "workspace_has_no_url", "workspace has no URL")
                    .with(json::Object{}.add("status", entry.status).members());
    } else {
      target.link = Link::mailbox;
    }
  });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
  bool full = in_flight_.count(id) >= settings_.in_flight_max;
  if (target.link == Link::push && (full || in_flight_.left_alone(id, clock_.monotonic())))
    target.link = Link::mailbox;
  return target;
}

Admission Admitter::admit(const auth::Caller& caller, WorkspaceId to, std::string_view body) const {
  return admit_from(caller.workspace(), to, body);
}

Admission Admitter::admit_from(std::optional<WorkspaceId> source, WorkspaceId to,
                               std::string_view body) const {
  Admission admission;
  admission.source = source;
  if (source) require_reachable(*source, to);
  admission.target = target(to);
  a2a::Stamp stamp;
  stamp.fresh_id = random_.id<RequestId>().text();
  stamp.from_person = !source;
  admission.message = a2a::read_request(body, stamp);
  admission.key = key_of(to, source, admission.message.message_id);
  if (source) {
    admission.hops = 1 + in_flight_.hops(*source, clock_.monotonic());
    if (admission.hops > settings_.hops_max) {
      throw Fault(
          Kind::conflict, "loop_stopped",
          fmt::format(
              "the chain of messages behind this one is longer than {}; it looks like a loop",
              settings_.hops_max));
    }
  }
  return admission;
}

}  // namespace molecule::proxy
