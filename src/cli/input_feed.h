// Standard input, read in a thread of its own: it may be anything, a file or a terminal that others
// share, and is left as it is. One piece is read ahead.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "platform/files/descriptor.h"
#include "platform/io/signal.h"

namespace molecule::cli {

class InputFeed {
 public:
  // Its loop is the one that takes.
  InputFeed(io::Loop& loop, int descriptor);
  ~InputFeed();
  InputFeed(const InputFeed&) = delete;
  InputFeed& operator=(const InputFeed&) = delete;

  // The next piece; empty at the end.
  io::Task<std::string> next();

 private:
  void read();

  io::Loop& loop_;
  const int descriptor_;
  files::Descriptor over_reads_, over_writes_;  // Ends a wait for what nobody types.
  std::mutex mutex_;
  std::condition_variable taken_;
  std::optional<std::string> piece_;
  bool over_ = false;
  const std::shared_ptr<io::Signal> came_ = std::make_shared<io::Signal>();
  std::thread thread_;
};

}  // namespace molecule::cli
