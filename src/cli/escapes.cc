#include "cli/escapes.h"

namespace molecule::cli {

std::string Escapes::passed(std::string_view typed) {
  std::string out;
  for (const char each : typed) {
    if (leaves_) break;
    if (tilde_) {
      tilde_ = false;
      line_begins_ = false;
      if (each == '.') {
        leaves_ = true;
        continue;
      }
      if (each == '?') {
        asks_ = true;
        line_begins_ = true;
        continue;
      }
      out += '~';
      if (each == '~') continue;
    } else if (each == '~' && line_begins_) {
      tilde_ = true;
      continue;
    }
    out += each;
    line_begins_ = each == '\r' || each == '\n';
  }
  return out;
}

}  // namespace molecule::cli
