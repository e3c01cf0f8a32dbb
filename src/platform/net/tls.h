// TLS over a socket, both ways. The library reads and writes the descriptor itself and gives its
// buffers back between records, so an idle connection costs what its keys cost. TLS 1.2 and 1.3, no
// renegotiation; by ALPN HTTP/1.1, and HTTP/2 where the server speaks it. The library's headers
// stay in tls.cc.
#pragma once

#include <memory>
#include <string>

#include "platform/io/guarded.h"
#include "platform/io/task.h"
#include "platform/net/socket.h"
#include "platform/net/stream.h"
#include "platform/net/url.h"

namespace molecule::net {

class TlsContext;  // The library's settings object; private to tls.cc.

struct TlsClientSettings {
  bool system_roots = true;  // Trust what the machine trusts.
  std::string ca_file;       // And these (PEM), when not empty.
};

class TlsClient {
 public:
  // Loads what is trusted: a few milliseconds. Throws Fault bad_request `tls_settings` when the
  // file cannot be used.
  explicit TlsClient(const TlsClientSettings& settings);
  ~TlsClient();

  // Shakes hands over a fresh socket and verifies that the certificate is for the URL's host (a
  // name, or the address when the host is one) and is trusted. Throws Fault bad_gateway
  // `tls_failed` with the reason, `agent_timeout` at `by`, or cancelled. Any loop.
  io::Task<std::unique_ptr<Stream>> connect(std::unique_ptr<Socket> socket, const Url& url,
                                            TimePoint by) const;

 private:
  std::shared_ptr<TlsContext> context_;
};

class TlsServer {
 public:
  // PEM files: the certificate with its chain, and its key. Throws Fault bad_request `tls_settings`
  // when they cannot be used or do not belong together.
  // `http2`: what serves the connections speaks it, and it is offered first.
  TlsServer(std::string certificate_file, std::string key_file, bool http2 = false);
  ~TlsServer();

  // Reads the files again, for connections from now on. On a Fault nothing has changed. Any thread.
  void reload();

  // Shakes hands as the server. Throws Fault bad_request `tls_failed` (the client's doing),
  // deadline at `by`, or cancelled. Any loop.
  io::Task<std::unique_ptr<Stream>> accept(std::unique_ptr<Socket> socket, TimePoint by) const;

 private:
  const std::string certificate_file_;
  const std::string key_file_;
  const bool http2_;
  io::Guarded<std::shared_ptr<TlsContext>> context_;
};

}  // namespace molecule::net
