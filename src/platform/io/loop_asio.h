// The Asio side of Loop, for platform sources that own sockets. Never included above platform/.
#pragma once

#include <atomic>

#include <boost/asio/io_context.hpp>

#include "platform/io/loop.h"

namespace molecule::io {

struct Loop::Impl {
  boost::asio::io_context context{1};
  std::atomic<int> posting{0};  // Threads inside post() or resume().
};

}  // namespace molecule::io
