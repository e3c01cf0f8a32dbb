#include "app/stderr_log.h"

#include <unistd.h>

#include "platform/log/log.h"
#include "platform/process/environment.h"

namespace molecule::app {

StderrLog::StderrLog() : lines_(STDERR_FILENO) {
  log::start(log::Level::info, &lines_);
  log::set_format(!process::is_terminal(STDERR_FILENO)    ? log::Format::json
                  : process::shows_colours(STDERR_FILENO) ? log::Format::coloured
                                                          : log::Format::text);
}

StderrLog::~StderrLog() { log::stop(); }

}  // namespace molecule::app
