// The log of a verb that runs on: on standard error, as whoever reads it there can take it, while
// this lives.
#pragma once

#include "platform/log/stream.h"

namespace molecule::app {

class StderrLog {
 public:
  StderrLog();
  ~StderrLog();
  StderrLog(const StderrLog&) = delete;

 private:
  // Whoever reads the log may stop reading; nobody waits for that.
  log::Stream lines_;
};

}  // namespace molecule::app
