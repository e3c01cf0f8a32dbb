// An answer that comes in pieces: the events of a stream, of either generation, put together to the
// message or the task that one request would have been answered with.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "platform/json/json.h"

namespace molecule::a2a {

// What a stream may bring before its end. An answer of more members than a document may have could
// not be read, and every event and every artifact brings some.
constexpr std::size_t events_max = std::size_t{1} << 17;
constexpr std::size_t artifacts_max = json::Limits{}.members / 3;

// A member of an artifact's metadata.
inline constexpr std::string_view appended_mark = "molecule_appended";

// Taking an event costs what the event is long, whatever came before it.
class Stream {
 public:
  // Of artifacts that come piece by piece, at most so many bytes are kept, from the beginning on.
  explicit Stream(std::size_t kept_max = std::string::npos) : kept_max_(kept_max) {}
  // The data of the next event: JSON-RPC, or its result alone. What is no JSON is passed over.
  // True when it was the last that matters: a message, an error, or a task at its end or at a halt.
  // Throws Fault bad_gateway (response_too_large) past events_max and artifacts_max.
  bool take(std::string_view data);
  // Whether the last event was of another task than the first one that was named, which is the
  // answer's: it tells nothing of that.
  bool strayed() const { return strayed_; }
  // JSON-RPC, in the generation of the events; a task is as its last event left it. Empty when
  // nothing came. An artifact to which parts were appended says so (`appended_mark`): its texts are
  // one text, while those of any other are as many.
  std::string answer() const;
  // Whether artifacts had more than is kept of them: answer() has their beginning.
  bool is_cut() const { return cut_ && whole_.empty(); }

 private:
  struct Artifact {
    std::string members;   // All but the parts and the metadata, as JSON.
    std::string metadata;  // Its members, as JSON.
    std::string parts;     // Their JSON, joined by commas.
    bool appended = false;
  };
  bool take_task(json::Node task);
  void take_artifact(json::Node artifact, bool append);
  bool take_status(json::Node status);
  void name_task(json::Node id, json::Node context);
  bool is_of_another(json::Node id);

  std::size_t kept_max_;
  std::size_t kept_ = 0;  // Bytes of artifacts_.
  bool cut_ = false;
  bool new_form_ = false;
  std::string whole_;    // A message or an error.
  std::string members_;  // Of the task: all but its status and artifacts, as JSON.
  std::string status_;
  std::string task_;  // The first that was named.
  bool strayed_ = false;
  std::vector<Artifact> artifacts_;
  std::map<std::string, std::size_t, std::less<>> places_;  // In artifacts_, by artifactId.
  std::size_t events_ = 0;
};

}  // namespace molecule::a2a
