#include "agent/kept_sessions.h"

#include <algorithm>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace molecule::agent {

KeptSessions::KeptSessions(std::filesystem::path file) : file_(std::move(file)) {
  try {
    if (const auto text = files::read(file_)) all_ = json::read<std::vector<KeptSession>>(*text);
  } catch (const Fault& fault) {
    std::filesystem::path aside = file_;
    aside += ".unreadable";
    std::error_code failed;
    std::filesystem::rename(file_, aside, failed);
    log::warn("the sessions of earlier conversations cannot be read; their file is laid aside",
              log::field("error", fault.text()),
              log::field("file", failed ? failed.message() : aside.string()));
  }
}

std::string KeptSessions::find(const std::string& context, const std::string& runtime) const {
  for (const KeptSession& each : all_)
    if (each.context == context && each.runtime == runtime) return each.session;
  return {};
}

std::vector<KeptSession> KeptSessions::keep(const std::string& context, const std::string& runtime,
                                            const std::string& session) {
  const KeptSession* last = all_.empty() ? nullptr : &all_.back();
  if (last && last->context == context && last->runtime == runtime && last->session == session)
    return {};
  std::vector<KeptSession> gone;
  const auto drop = [&](auto at) {
    if (at->runtime != runtime || at->session != session) gone.push_back(std::move(*at));
    all_.erase(at);
  };
  const auto known = std::ranges::find(all_, context, &KeptSession::context);
  if (known != all_.end())
    drop(known);
  else if (session.empty())
    return {};
  if (!session.empty()) all_.push_back({context, runtime, session});
  if (all_.size() > kept_max) drop(all_.begin());
  write();
  return gone;
}

void KeptSessions::write() const {
  try {
    files::write_private(file_, json::text(all_));
  } catch (const Fault& fault) {
    log::error("the session of a conversation cannot be kept", log::field("error", fault.text()));
  }
}

}  // namespace molecule::agent
