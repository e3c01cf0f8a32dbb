#include "platform/io/elsewhere.h"

namespace molecule::io::detail {

Reaching::Reaching(Loop& there, Cancellation* callers) : there_(there) {
  if (callers) link(*callers);
}

void Reaching::on_cancel() noexcept {
  there_.post([far = far_] {
    far->asked = true;
    if (far->cancellation) far->cancellation->cancel();
  });
}

}  // namespace molecule::io::detail
