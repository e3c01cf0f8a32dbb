// The SHA-256 of what comes in pieces.
#pragma once

#include <memory>
#include <string_view>

#include "platform/crypto/digest.h"

namespace molecule::crypto {

// One thread at a time.
class RunningDigest {
 public:
  RunningDigest();
  ~RunningDigest();
  RunningDigest(const RunningDigest&) = delete;
  void add(std::string_view text);
  Digest finish();  // Once.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace molecule::crypto
