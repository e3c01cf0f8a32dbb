// Where sealing keys live outside the database: one small text file, 0600, in a directory that only
// its owner may enter.
//
//   # sealing keys of this instance; the last one seals, all of them open
//   molecule-sealing-keys 1
//   <base64 of 32 bytes>
//   …
//
// Lines are ended by \n; empty lines and lines that start with # are ignored. At most 64 keys.
#pragma once

#include <filesystem>
#include <string>

#include "platform/crypto/seal.h"

namespace molecule::crypto {

// Throws Fault with code `key_file_unsafe` (wrong owner, mode, kind, or a directory others
// may enter), `key_file_invalid` (contents) or `key_file_unreadable` (the system refused), naming
// the path and never a key.
Keyring load_keys(const std::filesystem::path& file);

// Writes the whole ring: to a new file beside it, synced, then renamed over it, then the directory
// synced. A crash leaves the old or the new file.
void save_keys(const std::filesystem::path& file, const Keyring& keys);

// Writes the ring only when no such file exists; false, with nothing changed, when one does. Two
// processes that start together agree on one of them.
bool create_keys(const std::filesystem::path& file, const Keyring& keys);

bool key_file_exists(const std::filesystem::path& file);

// Loads the file; makes it with one random key when it does not exist. `environment_key` is the
// value of SECRETS_ENCRYPTION_KEY: when not empty it is added last, so it seals, and the file is
// neither needed nor made; throws Fault bad_request `sealing_key_invalid` when it is not a key.
template <class Random>
Keyring load_or_create_keys(const std::filesystem::path& file, std::string_view environment_key,
                            Random& random);

// Adds a random key and writes the file before the key is used; returns the new ring.
template <class Random>
Keyring rotate_keys(const std::filesystem::path& file, Random& random) {
  Keyring keys = load_keys(file);
  keys.add(SealingKey::random(random));
  save_keys(file, keys);
  return keys;
}

// The key of the environment's text; throws Fault bad_request `sealing_key_invalid`.
SealingKey environment_key(std::string_view text);

template <class Random>
Keyring load_or_create_keys(const std::filesystem::path& file, std::string_view environment,
                            Random& random) {
  Keyring keys;
  if (key_file_exists(file)) keys = load_keys(file);
  if (!environment.empty()) {
    keys.add(environment_key(environment));
  } else if (keys.empty()) {
    Keyring fresh;
    fresh.add(SealingKey::random(random));
    create_keys(file, fresh);
    keys = load_keys(file);
  }
  return keys;
}

}  // namespace molecule::crypto
