#include "platform/crypto/jws.h"

#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

std::string coded(std::string_view text) { return base64url_encode(bytes_of(text)); }

}  // namespace

DetachedJws sign_detached(const SigningKey& key, std::string_view header,
                          std::string_view payload) {
  DetachedJws out;
  out.header = coded(header);
  out.signature = base64url_encode(key.sign(out.header + '.' + coded(payload)));
  return out;
}

std::string sign_compact(const SigningKey& key, std::string_view header, std::string_view payload) {
  const DetachedJws jws = sign_detached(key, header, payload);
  return jws.header + '.' + coded(payload) + '.' + jws.signature;
}

}  // namespace molecule::crypto
