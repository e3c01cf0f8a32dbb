#include "server/auth/keep.h"

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/log/log.h"

namespace molecule::auth {

io::Task<bool> open_all(Tokens& tokens, Sessions& sessions) {
  try {
    if (!tokens.ready()) co_await tokens.open();
    if (!sessions.ready()) co_await sessions.open();
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    log::warn("credentials could not be read", log::field("code", fault.code()));
    co_return false;
  }
  co_return true;
}

io::Task<void> keep(Tokens& tokens, Sessions& sessions) {
  for (;;) {
    co_await io::sleep(keep_every);
    bool open = co_await open_all(tokens, sessions);
    if (!open) continue;
    try {
      co_await tokens.flush();
      co_await sessions.flush();
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      log::warn("use of credentials was not saved", log::field("code", fault.code()));
    }
  }
}

}  // namespace molecule::auth
