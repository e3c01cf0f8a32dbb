#include "server/proxy/admit.h"

#include <algorithm>

#include "platform/crypto/digest.h"
#include "server/workspaces/reach.h"
#include "wire/api/registry.h"

namespace molecule::proxy {
namespace {

constexpr std::size_t told_beside = 64u << 10;  // Bytes: whose it is, its files' places.

using workspaces::Status;

// Programs with keys of their own know nothing of each other's ids; people are one sender.
IdBytes key_of(WorkspaceId to, const std::optional<WorkspaceId>& from,
               const std::optional<KeyId>& credential, std::string_view message_id) {
  std::string text(reinterpret_cast<const char*>(to.bytes().data()), 16);
  if (from) text.append(reinterpret_cast<const char*>(from->bytes().data()), 16);
  text += '\0';
  if (credential) text.append(reinterpret_cast<const char*>(credential->bytes().data()), 16);
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

// Its agent was heard of, and nobody said that it cannot take anything.
bool is_present(Status status) { return status == Status::online || status == Status::degraded; }

auth::LimitSettings edges(const Settings& settings) {
  auth::LimitSettings limits;
  limits.per_credential = settings.edge_rate;
  return limits;
}

IdBytes edge_of(WorkspaceId from, WorkspaceId to) {
  IdBytes edge = from.bytes();
  // Not their exclusive or alone, which is the same both ways.
  for (std::size_t i = 0; i < edge.size(); ++i) edge[i] ^= to.bytes()[(i + 1) % edge.size()];
  return edge;
}

}  // namespace

Admitter::Admitter(std::span<Link* const> links, const workspaces::Directory& directory,
                   const messages::Mailboxes& mailboxes, const Quiet& quiet, const io::Clock& clock,
                   io::Random& random, const Settings& settings)
    : links_(links.begin(), links.end()),
      directory_(directory),
      mailboxes_(mailboxes),
      quiet_(quiet),
      edges_(edges(settings)),
      clock_(clock),
      random_(random),
      settings_(settings) {}

Target Admitter::target(WorkspaceId id) const {
  Target target;
  target.id = id;
  std::optional<Fault> refusal;
  bool found = directory_.look_at(id, [&](const workspaces::Entry& entry) {
    refusal = workspaces::gone_peer(entry);
    if (refusal) return;
    if (entry.budget_limit && entry.monthly_spend >= *entry.budget_limit) {
      refusal = Fault(Kind::over_budget, "budget_exceeded", "workspace budget limit exceeded");
      return;
    }
    target.name = entry.name;
    target.present = is_present(entry.status);
    target.url = entry.url;
    target.generation = entry.speaks;
    target.streams = entry.streams;
    if (entry.delivery == workspaces::Delivery::poll) {
      target.way = Way::fetched;
      return;
    }
    auto link =
        std::ranges::find_if(links_, [&](const Link* each) { return each->reachable(entry); });
    if (link != links_.end()) target.link = *link;
    if (sleeping(entry.status)) return;
    if (target.link) {
      target.way = Way::carried;
    } else if (entry.status == Status::failed) {
      refusal = Fault(Kind::unavailable, "workspace_has_no_url", "workspace has no URL")
                    .with(json::members(api::StatusHint{entry.status}));
    }
  });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
  const bool full = mailboxes_.under_way(id) >= settings_.in_flight_max;
  if (target.way == Way::carried && (full || quiet_.left_alone(id, clock_.monotonic())))
    target.way = Way::waits;
  return target;
}

Target Admitter::asked(WorkspaceId id) const {
  Target target;
  target.id = id;
  directory_.look_at(id, [&](const workspaces::Entry& entry) {
    if (workspaces::gone_peer(entry) || entry.delivery == workspaces::Delivery::poll) return;
    target.name = entry.name;
    target.url = entry.url;
    target.generation = entry.speaks;
    auto link =
        std::ranges::find_if(links_, [&](const Link* each) { return each->reachable(entry); });
    if (link != links_.end()) target.link = *link;
  });
  return target;
}

// Every way in asks this one question.
void Admitter::require_room(const Target& target) const {
  if (target.way == Way::carried) return;
  const bool polled = target.way == Way::fetched;
  if (mailboxes_.waiting(target.id) < (polled ? settings_.polled_max : settings_.mailbox_max))
    return;
  throw Fault(Kind::rate_limited, "mailbox_full",
              polled ? "the agent has too many messages that it has not answered"
                     : "the agent's mailbox is full; try again when it has caught up")
      .retry_after(std::chrono::seconds(30));
}

void Admitter::place(Admission& admission, const std::optional<Parent>& parent) {
  if (!admission.source) return;
  if (parent) {
    admission.parent = messages::seq_of(parent->id);
    admission.parent_id = parent->id;
    admission.hops = parent->hops + 1;
    if (admission.hops <= settings_.hops_max) return;
    throw Fault(Kind::conflict, "loop_stopped",
                fmt::format("the chain of messages behind this one is longer than {}; it looks "
                            "like a loop",
                            settings_.hops_max));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic()).count();
  auto allowance =
      edges_.take(auth::Counted::credential, edge_of(*admission.source, admission.target.id),
                  static_cast<std::uint32_t>(seconds));
  if (allowance.limit == 0 || allowance.allowed) return;
  throw Fault(Kind::rate_limited, "edge_rate",
              fmt::format("more than {} messages a minute to the same workspace; say in "
                          "X-Molecule-Activity-Id which message they belong to",
                          allowance.limit))
      .retry_after(std::chrono::seconds(allowance.reset));
}

Admission Admitter::admit(const auth::Caller& caller, WorkspaceId to, std::string_view body) const {
  Admission admission = way_to(caller.workspace(), to);
  admission.credential = caller.key();
  return with_message(std::move(admission), read(caller.workspace(), body));
}

a2a::Incoming Admitter::read(std::optional<WorkspaceId> source, std::string_view body) const {
  a2a::Stamp stamp;
  stamp.fresh_id = random_.id<RequestId>().text();
  stamp.from_person = !source;
  a2a::Incoming message = a2a::read_request(body, stamp);
  // What is told beside it on its way makes no more of it than its agent, or we, would read.
  const std::size_t most = settings_.request_max - told_beside;
  if (message.body.size() > most) {
    throw Fault(
        Kind::too_large, "body_too_large",
        fmt::format("the message is larger than {} bytes; send what is long as a file", most))
        .with(fmt::format("\"max_bytes\":{}", most));
  }
  return message;
}

Admission Admitter::way_to(std::optional<WorkspaceId> source, WorkspaceId to) const {
  Admission admission;
  admission.source = source;
  if (source) workspaces::require_reachable(directory_, *source, to);
  admission.target = target(to);
  return admission;
}

Admission Admitter::admit_from(std::optional<WorkspaceId> source, WorkspaceId to,
                               std::string_view body) const {
  return with_message(way_to(source, to), read(source, body));
}

Admission Admitter::with_message(Admission admission, a2a::Incoming message) const {
  admission.message = std::move(message);
  admission.key = key_of(admission.target.id, admission.source, admission.credential,
                         admission.message.message_id);
  // What waits is not overtaken by its sender's next message.
  if (admission.target.way == Way::carried &&
      !mailboxes_.may_pass(admission.target.id, admission.source))
    admission.target.way = Way::waits;
  require_room(admission.target);
  return admission;
}

}  // namespace molecule::proxy
