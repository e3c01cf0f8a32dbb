#include "platform/crypto/sign.h"

#include <algorithm>
#include <memory>

#include <fmt/core.h>
#include <openssl/evp.h>

#include "base/fault.h"
#include "base/secret.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/key_file.h"
#include "platform/crypto/seal.h"
#include "platform/files/fresh_file.h"

namespace molecule::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "molecule-signing-key 1\n";
constexpr std::size_t line_size = 44;  // Base64 of 32 bytes.
constexpr std::size_t file_size = title.size() + line_size + 1;
constexpr files::Codes codes{.unreadable = "key_file_unreadable", .unsafe = "key_file_unsafe"};

void require(bool done) {
  if (!done) throw internal("the cryptographic library failed");
}

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

Key secret_half(std::span<const std::uint8_t, 32> seed) {
  Key key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size()));
  require(key != nullptr);
  return key;
}

std::unique_ptr<EVP_MD_CTX, Free> new_context() {
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  require(context != nullptr);
  return context;
}

// Every spelling of a point whose order divides eight, the sign of x left out. Under such a key one
// signature fits many messages, so it proves nothing.
using Spelling = std::array<std::uint8_t, 32>;
constexpr Spelling near_p(std::uint8_t lowest) {
  Spelling bytes{};
  bytes.fill(0xff);
  bytes.front() = lowest;
  bytes.back() = 0x7f;
  return bytes;
}
constexpr std::array<Spelling, 7> small_order{
    Spelling{0},   // 0
    Spelling{1},   // 1
    near_p(0xec),  // p - 1
    near_p(0xed),  // p, which is 0 again
    near_p(0xee),  // p + 1
    Spelling{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
             0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
             0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    Spelling{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
             0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
             0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};

bool proves_nothing(const PublicKey& key) {
  Spelling bytes = key.bytes;
  bytes.back() &= 0x7f;
  return std::ranges::find(small_order, bytes) != small_order.end();
}

Fault invalid(const fs::path& file) {
  return {Kind::conflict, "key_file_invalid",
          fmt::format("{}: holds no signing key of this program", file.string())};
}

}  // namespace

std::string text_of(const PublicKey& key) { return base64url_encode(key.bytes); }

std::optional<PublicKey> public_key_from(Bytes bytes) {
  PublicKey key;
  if (bytes.size() != key.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, key.bytes.begin());
  if (proves_nothing(key)) return std::nullopt;
  return key;
}

std::optional<PublicKey> public_key_from(std::string_view text) {
  auto bytes = base64url_decode(text);
  if (!bytes) return std::nullopt;
  return public_key_from(Bytes(*bytes));
}

std::string fingerprint(const PublicKey& key) {
  return std::string(fingerprint_prefix) + base64url_encode(sha256(Bytes(key.bytes)));
}

std::string statement(std::initializer_list<std::string_view> parts) {
  return associated_data(parts);
}

SigningKey::SigningKey(std::span<const std::uint8_t, 32> seed) {
  std::ranges::copy(seed, seed_.begin());
  const Key key = secret_half(seed_);
  std::size_t size = public_key_.bytes.size();
  require(EVP_PKEY_get_raw_public_key(key.get(), public_key_.bytes.data(), &size) == 1 &&
          size == public_key_.bytes.size());
}

Signature SigningKey::sign(Bytes message) const {
  const Key key = secret_half(seed_);
  const auto context = new_context();
  Signature signature{};
  std::size_t size = signature.size();
  require(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(),
                                nullptr) == 1 &&
          EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) ==
              1 &&
          size == signature.size());
  return signature;
}

bool verify(const PublicKey& key, Bytes message, Bytes signature) {
  if (signature.size() != Signature{}.size() || proves_nothing(key)) return false;
  const Key half(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, key.bytes.data(),
                                                key.bytes.size()));
  require(half != nullptr);
  const auto context = new_context();
  require(EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, half.get(),
                                  nullptr) == 1);
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

SigningKey load_signing_key(const fs::path& file) {
  const fs::path folder = files::folder_of(file);
  files::require_private(files::open_folder(folder, codes), folder, codes);
  std::array<char, file_size + 1> text{};
  const std::size_t size = files::read_private(file, text, codes);
  std::string_view rest(text.data(), size);
  std::optional<SigningKey> key;
  if (size == file_size && rest.starts_with(title) && rest.ends_with('\n'))
    key = signing_key_from(rest.substr(title.size(), line_size));
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!key) throw invalid(file);
  return *key;
}

std::optional<SigningKey> signing_key_from(std::string_view text) {
  auto seed = base64_decode(text);
  if (!seed) return std::nullopt;
  std::optional<SigningKey> key;
  if (seed->size() == 32) key.emplace(std::span<const std::uint8_t, 32>(*seed));
  wipe(*seed);
  return key;
}

bool create_signing_key(const fs::path& file, const SigningKey& key) {
  files::FreshFile fresh(file, codes);
  files::require_private(fresh.folder(), files::folder_of(file), codes);
  const Secret line(base64_encode(key.reveal()));
  fresh.append(title);
  fresh.append(line.reveal());
  fresh.append("\n");
  return fresh.place_unless_there();
}

SigningKey load_or_create_signing_key(const fs::path& file, const SigningKey& made) {
  if (!key_file_exists(file)) create_signing_key(file, made);
  return load_signing_key(file);
}

}  // namespace molecule::crypto
