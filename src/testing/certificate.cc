#include "testing/certificate.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace molecule::testing {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("test certificate: ") + what);
}

void extend(X509* certificate, int kind, const std::string& value) {
  std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

std::unique_ptr<X509, Free> sign(const CertificateFacts& facts, EVP_PKEY* key) {
  std::unique_ptr<X509, Free> certificate(X509_new());
  require(certificate != nullptr, "allocation");
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1 + std::rand());
  std::time_t now = std::time(nullptr);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, facts.valid_from.count(), &now);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), 0, facts.valid_until.count(), &now);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const std::string name = facts.names.empty() ? "test" : facts.names.front();
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  std::string alternatives;
  for (const auto& each : facts.names)
    alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + each;
  for (const auto& each : facts.addresses)
    alternatives += (alternatives.empty() ? "IP:" : ",IP:") + each;
  if (!alternatives.empty()) extend(certificate.get(), NID_subject_alt_name, alternatives);
  extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_set_pubkey(certificate.get(), key);
  require(X509_sign(certificate.get(), key, EVP_sha256()) > 0, "signature");
  return certificate;
}

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "certificate.XXXXXX").string();
  require(::mkdtemp(name.data()) != nullptr, "folder");
  return name;
}

}  // namespace

Certificate::Certificate(const CertificateFacts& facts) : folder_(new_folder()) { renew(facts); }

Certificate::~Certificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Certificate::renew(const CertificateFacts& facts) {
  std::unique_ptr<EVP_PKEY, Free> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  require(key != nullptr, "key");
  auto certificate = sign(facts, key.get());
  std::unique_ptr<std::FILE, Free> cert_out(std::fopen(certificate_file().c_str(), "w"));
  std::unique_ptr<std::FILE, Free> key_out(std::fopen(key_file().c_str(), "w"));
  require(cert_out && key_out, "files");
  require(PEM_write_X509(cert_out.get(), certificate.get()) == 1, "certificate");
  require(
      PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
      "key");
}

}  // namespace molecule::testing
