// Connecting to where a URL leads, if it may lead there. A name is resolved once, every address it
// has is judged, and the connection goes to a judged address itself, so that a name that answers
// differently the second time gains nothing. The addresses are tried side by side, IPv6 and IPv4 in
// turn, so that a silent one costs the others a quarter second. Redirects are dialled like any
// other URL.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "platform/io/task.h"
#include "platform/metrics/metrics.h"
#include "platform/net/address.h"
#include "platform/net/resolve.h"
#include "platform/net/stream.h"
#include "platform/net/tls.h"
#include "platform/net/url.h"

namespace molecule::net {

// What opens the connections of a client.
class Connector {
 public:
  virtual ~Connector() = default;
  // An open connection on the calling coroutine's loop. `url` must live until it returns. Throws
  // bad_gateway `agent_unreachable` and what else a connector says it throws.
  virtual io::Task<std::unique_ptr<Stream>> dial(const Url& url) = 0;
};

struct DialSettings {
  // The dev profile also reaches loopback and private networks (not link-local, where cloud
  // metadata lives). Outside it only public addresses are reached.
  bool dev = false;
  // What the operator allows besides: blocks (`10.1.0.0/16`), addresses, or host names, which are
  // then reached wherever they lead. `*.example.internal` allows every name below.
  std::vector<std::string> allow;
  // For all addresses of a name together, the TLS handshake included.
  std::chrono::milliseconds connect_timeout{5000};
  TlsClientSettings tls = {};
};

class Dialer final : public Connector {
 public:
  // Throws Fault bad_request `dial_allow_invalid` for an entry that is neither block nor name.
  Dialer(DialSettings settings, Resolver& resolver, metrics::Registry& metrics);
  ~Dialer() override;
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Throws:
  //   bad_request `url_not_allowed`     no address of the host may be reached; the text names one
  //   bad_gateway `agent_unreachable`   no address, refused, no route, host down
  //   bad_gateway `agent_timeout`       connect_timeout passed
  //   bad_gateway `tls_failed`          the handshake failed or the certificate is not for the host
  //   unavailable `resolver_busy`, and cancelled
  io::Task<std::unique_ptr<Stream>> dial(const Url& url) override;

  // The same judgement without connecting, for a URL that is being registered. Throws bad_request
  // `url_not_allowed`, bad_request `url_unresolvable` when the name has no address, or unavailable
  // `url_unresolved` when no name server said whether it has.
  io::Task<void> check(const Url& url);

  // The judgement of one address. Any thread.
  bool allowed(const Address& address) const;

 private:
  // Between two attempts while the earlier ones are silent.
  static constexpr std::chrono::milliseconds stagger{250};
  static constexpr std::size_t attempts_max = 8;  // Addresses of a host that are tried.

  struct Probe;
  struct Race;
  struct Refusal {
    std::string text;
  };
  bool named(std::string_view host) const;
  std::variant<std::vector<Address>, Refusal> judge(const Url& url,
                                                    const std::vector<Address>& found) const;
  io::Task<std::vector<Address>> candidates(const Url& url);
  static io::Task<void> attempt(Race& race, Address address, std::uint16_t port, TimePoint by);
  io::Task<std::unique_ptr<Socket>> connect(const std::vector<Address>& addresses, const Url& url,
                                            TimePoint by);
  const TlsClient& tls();

  DialSettings settings_;
  std::vector<Cidr> blocks_;
  std::vector<std::string> names_;
  Resolver& resolver_;
  std::unique_ptr<Probe> probe_;
  std::once_flag tls_once_;  // What is trusted is loaded at the first https URL, not at start-up.
  std::unique_ptr<TlsClient> tls_;
};

}  // namespace molecule::net
