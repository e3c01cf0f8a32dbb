// The Asio side of Loop, for platform sources that own sockets. Never included above platform/.
#pragma once

#include <boost/asio/io_context.hpp>

#include "platform/io/loop.h"

namespace molecule::io {

struct Loop::Impl {
  boost::asio::io_context context{1};
};

}  // namespace molecule::io
