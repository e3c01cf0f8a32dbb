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
    log::warn("the sessions of earlier conversations cannot be read",
              log::field("error", fault.text()));
  }
}

std::string KeptSessions::find(const std::string& context, const std::string& runtime) const {
  for (const KeptSession& each : all_)
    if (each.context == context && each.runtime == runtime) return each.session;
  return {};
}

void KeptSessions::keep(const std::string& context, const std::string& runtime,
                        const std::string& session) {
  if (find(context, runtime) == session) return;
  std::erase_if(all_, [&](const KeptSession& each) { return each.context == context; });
  if (!session.empty()) all_.push_back({context, runtime, session});
  if (all_.size() > kept_max) all_.erase(all_.begin());
  write();
}

void KeptSessions::write() const {
  try {
    files::write_private(file_, json::text(all_));
  } catch (const Fault& fault) {
    log::error("the session of a conversation cannot be kept", log::field("error", fault.text()));
  }
}

}  // namespace molecule::agent
