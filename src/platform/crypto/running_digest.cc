#include "platform/crypto/running_digest.h"

#include <openssl/evp.h>

#include "base/fault.h"

namespace molecule::crypto {
namespace {

void require(bool done) {
  if (!done) throw internal("the cryptographic library failed");
}

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct RunningDigest::State {
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

RunningDigest::RunningDigest() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr &&
          EVP_DigestInit_ex2(state_->context.get(), EVP_sha256(), nullptr) == 1);
}
RunningDigest::~RunningDigest() = default;

void RunningDigest::add(std::string_view text) {
  require(EVP_DigestUpdate(state_->context.get(), text.data(), text.size()) == 1);
}

Digest RunningDigest::finish() {
  Digest digest;
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size) == 1 &&
          size == digest.size());
  return digest;
}

}  // namespace molecule::crypto
