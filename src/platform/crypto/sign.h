// Signatures by Ed25519 (RFC 8032): who holds a key proves it, and whoever knows its public half
// can check that alone. A public key travels as base64url of its 32 bytes and is recognised by
// people by its fingerprint.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/crypto/digest.h"

namespace molecule::crypto {

// A type of its own: a digest has as many bytes and is no key.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  bool operator==(const PublicKey&) const = default;
};
using Signature = std::array<std::uint8_t, 64>;

std::string text_of(const PublicKey& key);  // 43 characters of base64url.
// nullopt for anything but that text, and for the few keys that would let everybody sign (points of
// small order).
std::optional<PublicKey> public_key_from(std::string_view text);
std::optional<PublicKey> public_key_from(Bytes bytes);
inline constexpr std::string_view fingerprint_prefix = "SHA256:";
// The prefix and base64url of the digest of its bytes.
std::string fingerprint(const PublicKey& key);

// What is signed is never a bare value: the first part says what it is for, so that a signature for
// one purpose is none for another, and no two lists of parts give one text.
std::string statement(std::initializer_list<std::string_view> parts);

// The secret half. The memory is overwritten at death. Const members are safe from any thread.
class SigningKey {
 public:
  explicit SigningKey(std::span<const std::uint8_t, 32> seed);
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  ~SigningKey() { wipe(seed_); }

  template <class Random>
  static SigningKey random(Random& random) {
    std::array<std::uint8_t, 32> seed{};
    random.fill(seed);
    SigningKey key(seed);
    wipe(seed);
    return key;
  }

  const PublicKey& public_key() const { return public_key_; }
  Signature sign(Bytes message) const;
  Signature sign(std::string_view message) const { return sign(bytes_of(message)); }
  std::span<const std::uint8_t, 32> reveal() const { return seed_; }

 private:
  std::array<std::uint8_t, 32> seed_{};
  PublicKey public_key_;
};

// False for a wrong signature, one of a wrong length, and under a key of small order. Any thread.
bool verify(const PublicKey& key, Bytes message, Bytes signature);
inline bool verify(const PublicKey& key, std::string_view message, Bytes signature) {
  return verify(key, bytes_of(message), signature);
}

// One key in a file, 0600, in a directory that only its owner may enter: a line that names the
// format, and base64 of the 32 bytes. Throws Fault with the codes of a sealing key's file
// (`key_file_unsafe`, `key_file_invalid`, `key_file_unreadable`), naming the path and never a key.
SigningKey load_signing_key(const std::filesystem::path& file);
// Base64 of the 32 bytes, for whoever keeps a key elsewhere; nullopt for anything else.
std::optional<SigningKey> signing_key_from(std::string_view text);
// False, with nothing changed, when there is such a file: two processes that start together agree.
bool create_signing_key(const std::filesystem::path& file, const SigningKey& key);

// `made` is what a new file would hold; it is made whether it is needed or not.
SigningKey load_or_create_signing_key(const std::filesystem::path& file, const SigningKey& made);
template <class Random>
SigningKey load_or_create_signing_key(const std::filesystem::path& file, Random& random) {
  return load_or_create_signing_key(file, SigningKey::random(random));
}

}  // namespace molecule::crypto
