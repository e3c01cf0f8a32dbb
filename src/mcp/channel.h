// A channel: the sessions of Claude Code on one machine that watch the same workspaces. The first
// of them gets the messages, with their files brought here; when it ends, another one does. The
// files in which the plugin for bun kept where it was are read, and kept so that it finds them
// again.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "mcp/inbox.h"
#include "mcp/local_files.h"
#include "platform/files/file_lock.h"
#include "platform/io/signal.h"

namespace molecule::mcp {

class Channel {
 public:
  struct Ears {
    std::function<void()> first;  // This session gets the messages from now on.
    std::function<void()> heard;  // What is shown is seen from now on.
    // A message, with its files where they could be had.
    std::function<void(const Item&, const std::vector<LocalFile>&)> message;
    std::function<void(std::string why)> too_old;  // The platform; nothing works with it.
  };
  // Reads how far others had come, before there is an inbox.
  Channel(Platforms& platforms, Settings& settings, Ears ears);
  // Lets another session be the first.
  ~Channel();
  Channel(const Channel&) = delete;

  bool is_first() const { return lock_.has_value(); }
  // The session says that it is there. It does not take up at once what it is shown, and does not
  // say when it does: what is shown before is seen by nobody.
  void began();
  bool is_heard() const { return heard_; }
  // To be shown once its files are here, after those before it.
  void show(const Item& item);
  // Looks at the platforms, keeps where it is, and looks for its turn, until it is cancelled.
  // `inbox` may be null.
  io::Task<void> run(Inbox* inbox);
  // Shows what is given to show(), until it is cancelled.
  io::Task<void> show_all();
  // What is said at the start, for people.
  std::string banner() const;

 private:
  bool take_turn();
  void take_over_cursors();
  void keep_cursors(Inbox& inbox);
  io::Task<void> look_at_platforms();

  Platforms& platforms_;
  Settings& settings_;
  const Ears ears_;
  LocalFiles files_;
  std::deque<Item> unshown_;
  io::Signal came_;
  bool began_ = false;
  bool heard_ = false;
  std::optional<files::FileLock> lock_;
  bool told_of_other_ = false;
  std::string kept_;  // As the file of cursors was written last.
};

}  // namespace molecule::mcp
