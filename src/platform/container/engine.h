// A container engine, Docker's or Podman's, asked by the interface that both speak over a socket
// file. What it makes has no privileges: there is no way to ask for one.
//
// An Engine belongs to one loop. Its calls throw Fault unavailable `engine_away` when nobody
// answers, and bad_gateway `engine_refused` with what the engine says.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/instant.h"
#include "platform/http/client.h"
#include "platform/io/task.h"
#include "platform/metrics/metrics.h"
#include "platform/net/local.h"

namespace molecule::container {

// Who the engine is, and what it holds containers in with.
struct Facts {
  std::string name;  // "docker", "podman"
  std::string version;
  bool rootless = false;
  std::vector<std::string> applied, missing;  // For people.
};
BOOST_DESCRIBE_STRUCT(Facts, (), (name, version, rootless, applied, missing))

using Labels = std::map<std::string, std::string>;

struct Mount {
  std::string from;  // A volume's name, or a path of the machine.
  std::string to;
  bool volume = false;
  bool writable = false;
};
BOOST_DESCRIBE_STRUCT(Mount, (), (from, to, volume, writable))

// A container that is wanted.
struct Spec {
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> environment;
  std::string directory;  // Where it starts.
  std::string host_name;
  std::int64_t user = 1000;
  Labels labels;
  std::vector<Mount> mounts;
  std::string temporary;  // A directory in memory,
  std::int64_t temporary_bytes = 0;
  bool temporary_runs = false;  // from which programs may be started.
  std::string network = "none";
  std::int64_t memory = 0;  // Bytes, of all its processes.
  std::int64_t processes = 0;
  std::int64_t open_files = 0;
  std::int64_t file_bytes = 0;
  std::int64_t hundredths = 100;  // Of a processor.
  std::int64_t grace = 10;        // Seconds from SIGTERM to SIGKILL.
};
BOOST_DESCRIBE_STRUCT(Spec, (),
                      (name, image, command, environment, directory, host_name, user, labels,
                       mounts, temporary, temporary_bytes, temporary_runs, network, memory,
                       processes, open_files, file_bytes, hundredths, grace))

struct Container {
  std::string id;
  std::string name;
  Labels labels;
  bool running = false;  // Also while it is being made or taken down.
  // Of one that was looked at alone:
  std::int64_t pid = 0;
  std::int64_t status = 0;
  bool out_of_memory = false;
  std::string error;  // Why it did not begin.
  std::optional<Instant> started_at;
};

class Engine {
 public:
  Engine(std::string socket, metrics::Registry& registry);

  // Agrees with the engine on a version of the interface; before anything else, and again when
  // another one may have taken its place.
  io::Task<Facts> meet();
  const std::string& socket() const { return connector_.file(); }

  // What the engine calls an image that it has; nothing where it has none of the name.
  io::Task<std::optional<std::string>> image(std::string name);
  io::Task<std::string> create(Spec spec);  // Its id.
  // One that runs already is left.
  io::Task<void> start(std::string id);
  io::Task<void> stop(std::string id, std::chrono::seconds grace);
  io::Task<void> kill(std::string id);
  // With what it wrote outside of volumes. One that is not there counts as removed.
  io::Task<void> remove(std::string name);
  io::Task<std::optional<Container>> find(std::string name);
  // All of a label's value, those that have ended too.
  io::Task<std::vector<Container>> all(std::string label, std::string value);

  // Unpacks a tar there, as the container sees it.
  io::Task<void> put(std::string id, std::string directory, std::string archive);
  // A tar of a file; nothing where there is none.
  io::Task<std::optional<std::string>> get(std::string id, std::string file);

  // What is there already is left as it is.
  io::Task<void> make_volume(std::string name, Labels labels);
  // Where it lies on the engine's machine; nothing where there is none.
  io::Task<std::optional<std::string>> volume(std::string name);
  io::Task<void> remove_volume(std::string name);
  io::Task<std::vector<std::string>> volumes(std::string label, std::string value);
  // Members reach what lies beyond the machine, and not each other.
  io::Task<void> make_network(std::string name, Labels labels);
  // False where somebody still uses it.
  io::Task<bool> remove_network(std::string name);

  // What it says from `since` on (a time as the engine writes it; empty: all), until it ends: bytes
  // for LogFrames.
  io::Task<std::unique_ptr<http::ClientStream>> logs(std::string id, std::string since);
  // What happens to containers of a label's value, an object of JSON a line.
  io::Task<std::unique_ptr<http::ClientStream>> events(std::string label, std::string value);

 private:
  struct Call {
    http::Method method = http::Method::get;
    std::string path;     // Behind the version,
    std::string version;  // which is the agreed one where this is empty.
    std::string body;
    std::string_view content_type = "application/json";
    std::chrono::milliseconds within{60'000};
  };
  struct Reply {
    int status = 0;
    std::string body;
  };
  io::Task<Reply> ask(Call call);
  // As ask, and throws for what is neither done nor `also`.
  io::Task<Reply> done(Call call, int also = 0);
  io::Task<std::unique_ptr<http::ClientStream>> open(Call call, std::chrono::milliseconds idle);
  net::Url url(const Call& call) const;

  net::LocalConnector connector_;
  http::Client client_;
  std::string version_;  // With the slash in front of it.
  bool podman_ = false;
};

}  // namespace molecule::container
