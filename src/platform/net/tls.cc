#include "platform/net/tls.h"

#include <array>
#include <filesystem>
#include <span>

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fault.h"
#include "platform/net/tls_stream.h"

namespace molecule::net {

class TlsContext {
 public:
  explicit TlsContext(const SSL_METHOD* method) : ssl(SSL_CTX_new(method)) {
    if (!ssl) throw internal("the TLS library could not start");
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // For TLS 1.2; 1.3 has only sound ones.
    SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20");
  }
  ~TlsContext() { SSL_CTX_free(ssl); }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* const ssl;
};

namespace {

constexpr std::array<unsigned char, 12> protocols = {2,   'h', '2', 8,   'h', 't',
                                                     't', 'p', '/', '1', '.', '1'};
constexpr std::span<const unsigned char> both = protocols;
constexpr std::span<const unsigned char> http11 = both.subspan(3);

std::string library_reason() {
  unsigned long error = ERR_peek_last_error();
  if (error == 0) return "the peer ended the connection";
  const char* reason = ERR_reason_error_string(error);
  return reason ? reason : "unknown error";
}

Fault settings_fault(std::string_view what, const std::string& file) {
  std::string why = library_reason();
  ERR_clear_error();
  return bad_request("tls_settings", fmt::format("{} {}: {}", what, file, why));
}

void trust_system(SSL_CTX* context) {
  SSL_CTX_set_default_verify_paths(context);
  // A library built for one distribution looks in that one's places; a copied binary looks in the
  // others'.
  std::error_code ignored;
  if (std::filesystem::exists(X509_get_default_cert_file(), ignored)) return;
  const std::filesystem::path folder = X509_get_default_cert_dir();
  if (std::filesystem::is_directory(folder, ignored) && !std::filesystem::is_empty(folder, ignored))
    return;
  for (const char* bundle :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (SSL_CTX_load_verify_locations(context, bundle, nullptr) == 1) return;
  }
  ERR_clear_error();
}

std::shared_ptr<TlsContext> client_context(const TlsClientSettings& settings) {
  auto context = std::make_shared<TlsContext>(TLS_client_method());
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context->ssl, http11.data(), static_cast<unsigned int>(http11.size()));
  if (settings.system_roots) trust_system(context->ssl);
  if (!settings.ca_file.empty() &&
      SSL_CTX_load_verify_locations(context->ssl, settings.ca_file.c_str(), nullptr) != 1) {
    throw settings_fault("cannot use the certificates of", settings.ca_file);
  }
  return context;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void* http2) {
  unsigned char* chosen = nullptr;
  const auto spoken = http2 ? both : http11;
  if (SSL_select_next_proto(&chosen, out_size, spoken.data(),
                            static_cast<unsigned int>(spoken.size()), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<TlsContext> server_context(const std::string& certificate, const std::string& key,
                                           bool http2) {
  auto context = std::make_shared<TlsContext>(TLS_server_method());
  SSL_CTX_set_options(context->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, http2 ? context.get() : nullptr);
  // Resumption by ticket alone: nothing is kept here for clients that do not come back.
  SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context->ssl, 1);
  if (SSL_CTX_use_certificate_chain_file(context->ssl, certificate.c_str()) != 1) {
    throw settings_fault("cannot use the certificate", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context->ssl, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context->ssl) != 1) {
    throw settings_fault("cannot use the key", key);
  }
  return context;
}

std::unique_ptr<TlsStream> stream_over(std::unique_ptr<Socket> socket, const TlsContext& context) {
  std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(context.ssl));
  if (!ssl) throw internal("the TLS library is out of memory");
  return std::make_unique<TlsStream>(std::move(socket), std::move(ssl));
}

// Runs the handshake. False: it failed, the library's queue holds why. Throws deadline and
// cancelled.
io::Task<bool> shake_hands(TlsStream& stream, TimePoint by) {
  io::Context here = co_await io::context();
  stream.set_deadline(by);
  for (;;) {
    TlsStream::Step step = stream.shake_hands();
    if (step == TlsStream::Step::failed) co_return false;
    if (step == TlsStream::Step::done) break;
    Wake why =
        co_await stream.wait(step == TlsStream::Step::read ? Direction::read : Direction::write);
    require_ready(why, here);
  }
  stream.set_deadline(no_deadline);
  co_return true;
}

void expect_host(SSL* ssl, const Url& url) {
  bool set = false;
  if (url.literal) {
    set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url.host.c_str()) == 1;
  } else {
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    set = SSL_set1_host(ssl, url.host.c_str()) == 1 &&
          SSL_set_tlsext_host_name(ssl, const_cast<char*>(url.host.c_str())) == 1;
  }
  // Without an expected name any trusted certificate would do.
  if (!set) throw internal("the TLS library refused the host name");
}

}  // namespace

TlsClient::TlsClient(const TlsClientSettings& settings) : context_(client_context(settings)) {}
TlsClient::~TlsClient() = default;

io::Task<std::unique_ptr<Stream>> TlsClient::connect(std::unique_ptr<Socket> socket, const Url& url,
                                                     TimePoint by) const {
  std::unique_ptr<TlsStream> stream = stream_over(std::move(socket), *context_);
  SSL_set_connect_state(stream->ssl());
  expect_host(stream->ssl(), url);
  io::Context here = co_await io::context();
  bool done = false;
  try {
    done = co_await shake_hands(*stream, by);
  } catch (const Fault& fault) {
    if (here.cancellation && here.cancellation->requested()) throw;
    throw Fault(Kind::bad_gateway, "agent_timeout",
                fmt::format("{} did not finish the TLS handshake in time", url.authority()));
  }
  if (!done) {
    long verdict = SSL_get_verify_result(stream->ssl());
    std::string why =
        verdict == X509_V_OK ? library_reason() : X509_verify_cert_error_string(verdict);
    ERR_clear_error();
    // The library's words for an answer that is none of TLS.
    if (why == "wrong version number" || why == "http request")
      why = "what answers there speaks no TLS";
    throw Fault(Kind::bad_gateway, "tls_failed",
                fmt::format("no trusted connection to {}: {}", url.authority(), why));
  }
  co_return stream;
}

TlsServer::TlsServer(std::string certificate_file, std::string key_file, bool http2)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      http2_(http2) {
  reload();
}
TlsServer::~TlsServer() = default;

void TlsServer::reload() {
  auto fresh = server_context(certificate_file_, key_file_, http2_);
  context_.write([&](std::shared_ptr<TlsContext>& held) { held.swap(fresh); });
}

io::Task<std::unique_ptr<Stream>> TlsServer::accept(std::unique_ptr<Socket> socket,
                                                    TimePoint by) const {
  auto context = context_.read([](const std::shared_ptr<TlsContext>& held) { return held; });
  std::unique_ptr<TlsStream> stream = stream_over(std::move(socket), *context);
  SSL_set_accept_state(stream->ssl());
  bool done = co_await shake_hands(*stream, by);
  if (!done) {
    std::string why = library_reason();
    ERR_clear_error();
    throw bad_request("tls_failed", fmt::format("the TLS handshake failed: {}", why));
  }
  co_return stream;
}

}  // namespace molecule::net
