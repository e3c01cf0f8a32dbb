#include "platform/crypto/digest.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/fault.h"

namespace molecule::crypto {
namespace {

void require(bool done) {
  if (!done) throw internal("the cryptographic library failed");
}

// Fetched once for the life of the process: a fetch costs more than the digest of a token.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const fetched = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  return fetched;
}

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

std::unique_ptr<EVP_MAC_CTX, Free> new_hmac() {
  std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_new(hmac_algorithm()));
  require(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  require(EVP_MAC_CTX_set_params(context.get(), params) == 1);
  return context;
}

}  // namespace

Digest sha256(Bytes data) {
  thread_local std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  require(context != nullptr);
  Digest digest;
  unsigned size = 0;
  require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1 &&
          EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
          EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1 && size == digest.size());
  return digest;
}

Digest hmac_sha256(Bytes key, Bytes data) {
  thread_local std::unique_ptr<EVP_MAC_CTX, Free> context = new_hmac();
  // A null key pointer would mean "keep the previous key", so an empty key is still given an
  // address.
  static constexpr std::uint8_t nothing = 0;
  const std::uint8_t* key_data = key.empty() ? &nothing : key.data();
  Digest digest;
  std::size_t size = 0;
  require(EVP_MAC_init(context.get(), key_data, key.size(), nullptr) == 1 &&
          EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
          EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 &&
          size == digest.size());
  return digest;
}

bool constant_time_equal(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

}  // namespace molecule::crypto
