// The link to an agent that listens: one HTTP request to the address it registered, its answer, and
// what either means.
#pragma once

#include "platform/io/aside.h"
#include "server/proxy/admit.h"
#include "server/proxy/link.h"
#include "server/workspaces/workspaces.h"

namespace molecule::proxy {

// The code of a fault of what dials: this way to the agent is over for good, and another may come.
inline constexpr std::string_view way_ended = "agent_left";

// Where an agent fetches a file that a message names; nothing for what is not ours.
class FilePlaces {
 public:
  virtual ~FilePlaces() = default;
  virtual std::optional<std::string> place(std::string_view address, WorkspaceId reader) const = 0;
  // What every address of a file of ours has in it, so that other messages are not searched.
  virtual std::string_view sign() const = 0;
};

class PushLink final : public Link {
 public:
  // What is given outlives the link. Long texts are read `aside`. `inbound` has what shows an agent
  // that it is the platform who calls.
  PushLink(const workspaces::InboundSecrets& inbound, io::Aside& aside, const Settings& settings)
      : inbound_(inbound), aside_(aside), settings_(settings) {}

  // Without it files are named as their senders named them.
  void tell_places(const FilePlaces& places) { places_ = &places; }

  bool reachable(const workspaces::Entry& agent) const override { return !agent.url.empty(); }
  io::Task<Carried> deliver(const Lane& lane, const Parcel& parcel, Sink& sink) override {
    return deliver_by({*lane.client, parcel.target.url}, parcel, sink);
  }
  io::Task<Carried> ask(const Lane& lane, const Question& question) override {
    return ask_by({*lane.client, question.target.url}, question);
  }

  // The same of an agent that is reached in another way than by its address.
  struct Where {
    http::Client& client;  // Of the calling coroutine's loop.
    std::string_view url;
    messages::Road road = messages::sent_for_good;  // Any other is there at once.
  };
  io::Task<Carried> deliver_by(Where where, const Parcel& parcel, Sink& sink);
  io::Task<Carried> ask_by(Where where, const Question& question);

 private:
  const workspaces::InboundSecrets& inbound_;
  io::Aside& aside_;
  const Settings& settings_;
  const FilePlaces* places_ = nullptr;
};

}  // namespace molecule::proxy
