#include "server/auth/keep.h"

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/log/log.h"

namespace molecule::auth {

io::Task<void> keep(Tokens& tokens, Sessions& sessions, Keys& keys) {
  for (;;) {
    co_await io::sleep(keep_every);
    try {
      co_await tokens.flush();
      co_await sessions.flush();
      co_await keys.flush();
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      log::warn("use of credentials was not saved", log::field("code", fault.code()));
    }
  }
}

}  // namespace molecule::auth
