#include "platform/crypto/seal.h"

#include <algorithm>
#include <climits>
#include <memory>

#include <openssl/evp.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t prefix_size = 1 + 4;
constexpr std::size_t tag_size = 16;
// OpenSSL counts in int; values here are secrets of a few kilobytes, so the bound is far away.
constexpr std::size_t plain_max = INT_MAX - 1024;

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return fetched;
}

void require(bool done) {
  if (!done) throw internal("the cryptographic library failed");
}

Fault damaged() {
  return {Kind::internal, "sealed_value_damaged",
          "a stored secret cannot be opened: it was changed or moved"};
}

// Not kept per thread: a context holds the expanded key.
std::unique_ptr<EVP_CIPHER_CTX, Free> new_context() {
  std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  require(context != nullptr);
  return context;
}

int int_size(std::size_t size) { return static_cast<int>(size); }

}  // namespace

std::string associated_data(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) {
    joined += std::to_string(part.size());
    joined += ':';
    joined += part;
  }
  return joined;
}

SealingKey::SealingKey(std::span<const std::uint8_t, 32> bytes) {
  std::ranges::copy(bytes, bytes_.begin());
  // A keyed one-way function: the id is public and must not help to find the key.
  Digest digest = hmac_sha256(bytes, bytes_of("molecule sealing key id"));
  std::copy_n(digest.begin(), id_.size(), id_.begin());
}

std::optional<SealingKey> SealingKey::parse(std::string_view text) {
  if (text.size() == 32) return SealingKey(std::span<const std::uint8_t, 32>(bytes_of(text)));
  std::string padded(text);
  if (padded.size() == 43) padded += '=';
  auto bytes = base64_decode(padded);
  wipe({reinterpret_cast<std::uint8_t*>(padded.data()), padded.size()});
  if (!bytes) return std::nullopt;
  std::optional<SealingKey> key;
  if (bytes->size() == 32) key.emplace(std::span<const std::uint8_t, 32>(*bytes));
  wipe(*bytes);
  return key;
}

Sealed seal(const SealingKey& key, const Nonce& nonce, std::string_view plain,
            std::string_view place) {
  if (plain.size() > plain_max || place.size() > plain_max)
    throw bad_request("the value is too large to be sealed");
  Sealed out(sealed_overhead + plain.size());
  out[0] = version;
  std::ranges::copy(key.id(), out.begin() + 1);
  std::ranges::copy(nonce, out.begin() + prefix_size);
  std::uint8_t* body = out.data() + prefix_size + nonce.size();

  auto context = new_context();
  int written = 0, last = 0;
  require(EVP_EncryptInit_ex2(context.get(), cipher(), key.reveal().data(), nonce.data(),
                              nullptr) == 1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &written, out.data(), prefix_size) == 1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &written, bytes_of(place).data(),
                            int_size(place.size())) == 1);
  require(EVP_EncryptUpdate(context.get(), body, &written, bytes_of(plain).data(),
                            int_size(plain.size())) == 1);
  require(EVP_EncryptFinal_ex(context.get(), body + written, &last) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size,
                              body + plain.size()) == 1);
  return out;
}

void Keyring::add(const SealingKey& key) {
  auto found = std::ranges::find(keys_, key.id(), &SealingKey::id);
  if (found != keys_.end()) {
    if (!constant_time_equal(found->reveal(), key.reveal())) {
      throw conflict("sealing_key_id_taken", "another sealing key has the same id; make a new one");
    }
    std::rotate(found, found + 1, keys_.end());
    return;
  }
  keys_.push_back(key);
}

Sealed Keyring::seal_with(const Nonce& nonce, std::string_view plain,
                          std::string_view place) const {
  if (keys_.empty()) throw Fault(Kind::internal, "sealing_key_missing", "no sealing key is loaded");
  return crypto::seal(keys_.back(), nonce, plain, place);
}

Secret Keyring::open(Bytes sealed, std::string_view place) const {
  if (sealed.size() < sealed_overhead || sealed[0] != version || sealed.size() > plain_max)
    throw damaged();
  auto key = std::ranges::find_if(keys_, [&](const SealingKey& held) {
    return std::ranges::equal(held.id(), sealed.subspan(1, 4));
  });
  if (key == keys_.end()) {
    throw Fault(Kind::internal, "sealing_key_missing",
                "a stored secret was sealed with a key that is not loaded");
  }
  Bytes nonce = sealed.subspan(prefix_size, 12);
  Bytes body = sealed.subspan(prefix_size + nonce.size(), sealed.size() - sealed_overhead);
  std::array<std::uint8_t, tag_size> tag{};
  std::ranges::copy(sealed.last(tag_size), tag.begin());

  std::string plain(body.size(), '\0');
  auto* out = reinterpret_cast<std::uint8_t*>(plain.data());
  auto context = new_context();
  int written = 0, last = 0;
  require(EVP_DecryptInit_ex2(context.get(), cipher(), key->reveal().data(), nonce.data(),
                              nullptr) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &written, sealed.data(), prefix_size) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &written, bytes_of(place).data(),
                            int_size(place.size())) == 1);
  require(EVP_DecryptUpdate(context.get(), out, &written, body.data(), int_size(body.size())) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), out + written, &last) != 1) {
    wipe({out, plain.size()});
    throw damaged();
  }
  return Secret(std::move(plain));
}

bool Keyring::stale(Bytes sealed) const {
  return !keys_.empty() && sealed.size() >= prefix_size &&
         !std::ranges::equal(keys_.back().id(), sealed.subspan(1, 4));
}

}  // namespace molecule::crypto
