// Certificates for tests that speak TLS: a self-signed ECDSA P-256 certificate and its key as PEM
// files, made anew for each test and removed with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace molecule::testing {

struct CertificateFacts {
  std::vector<std::string> names = {"agent.example"};  // DNS names; the first is the subject.
  std::vector<std::string> addresses = {};             // IP addresses.
  std::chrono::seconds valid_from{-3600};              // Relative to now.
  std::chrono::seconds valid_until{3600};
};

class Certificate {
 public:
  explicit Certificate(const CertificateFacts& facts = {});
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  // Replaces both files, as an operator who renews does.
  void renew(const CertificateFacts& facts);

  std::string certificate_file() const { return (folder_ / "cert.pem").string(); }
  std::string key_file() const { return (folder_ / "key.pem").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace molecule::testing
