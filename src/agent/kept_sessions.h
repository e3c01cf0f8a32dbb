// Which session of the agent's program belongs to which conversation, on disk: a conversation goes
// on after the runtime, or the machine, was started again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace molecule::agent {

struct KeptSession {
  std::string context;
  std::string runtime;  // Another runtime does not know it.
  std::string session;
};
BOOST_DESCRIBE_STRUCT(KeptSession, (), (context, runtime, session))

class KeptSessions {
 public:
  static constexpr std::size_t kept_max = 1000;  // The one unused longest makes room.

  // A file that is not there is an empty list; so is one that makes no sense, which is laid aside.
  explicit KeptSessions(std::filesystem::path file);

  // Empty: none.
  std::string find(const std::string& context, const std::string& runtime) const;
  // It is used now. Empty `session`: it is forgotten. What cannot be written is told in the log.
  // What is not known any more since.
  std::vector<KeptSession> keep(const std::string& context, const std::string& runtime,
                                const std::string& session);

 private:
  void write() const;
  const std::filesystem::path file_;
  std::vector<KeptSession> all_;  // The one used last stands last.
};

}  // namespace molecule::agent
