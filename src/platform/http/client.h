// Asking other servers: agents, mostly. Connections are kept open and used again; requests go out
// as one gathered write, small answers come in with one read and one allocation. Every way it can
// fail has a code of its own, because what happens to a message depends on it.
//
// A Client belongs to one loop. It never follows redirects; follow() does, judging each new
// address.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/http/answer_head.h"
#include "platform/http/message.h"
#include "platform/io/task.h"
#include "platform/metrics/metrics.h"
#include "platform/net/dial.h"
#include "platform/net/url.h"

namespace molecule::http {

class Pool;

struct ClientSettings {
  std::size_t per_origin_max = 512;  // Open connections to one origin, idle or not.
  std::size_t total_max = 4096;      // Open connections; the idle ones unused longest make room.
  std::size_t idle_per_origin_max = 64;  // Kept for reuse.
  std::chrono::milliseconds idle_timeout{30'000};
  std::chrono::milliseconds room_timeout{
      5'000};  // How long a request waits for a connection to be free.
  std::string user_agent = "molecule";
};

struct ClientLimits {
  std::chrono::milliseconds head{
      60'000};  // From the request's last byte to the end of the response's head.
  std::chrono::milliseconds idle{30'000};  // Between bytes, in either direction.
  std::chrono::milliseconds total{
      0};  // For everything after the connection is open; 0: no such limit.
  // For a request's body to be taken, and for an answer that is read whole, from the end of its
  // head on. Streams have no such limit.
  std::chrono::milliseconds body{300'000};
  std::size_t body_max = 16u << 20;
};

// What everything here views must live until the call has returned.
struct ClientRequest {
  Method method = Method::get;
  const net::Url* url = nullptr;
  std::span<const Header> headers =
      {};  // Beyond Host, Content-Length and User-Agent, which are written here.
  std::string_view body;
  // The request may be sent twice: it is sent again, on a new connection, when a kept one ends
  // before a byte of the answer came.
  // One that may not is sent again only if none of its bytes went out.
  bool repeatable = false;
  ClientLimits limits = {};
  // Asked of an answer that is read whole, with its head and the body so far, before more is
  // waited for. True: the rest is not wanted, and the connection is not kept.
  std::function<bool(std::string_view head, std::string_view body)> enough = {};
  // Waited for when there is a connection and before the first byte goes out; what it throws ends
  // the call. May be empty.
  std::function<io::Task<void>()> turn = {};
  // Set as soon as a byte has gone out, also when the call fails: the server may have seen the
  // request.
  bool* reached = nullptr;
  // Called when the last byte has gone out; once more when it is sent again. May be empty.
  std::function<void()> sent = {};
};

struct ClientResponse {
  int status = 0;
  std::string bytes;  // The head as received, then the decoded body.
  std::size_t head_size = 0;

  std::string_view head() const { return std::string_view(bytes).substr(0, head_size); }
  std::string_view body() const { return std::string_view(bytes).substr(head_size); }
  std::optional<std::string_view> header(std::string_view name) const {
    return header_in(head(), name);
  }
  // The body alone, without another allocation.
  std::string take_body() && {
    bytes.erase(0, head_size);
    head_size = 0;
    return std::move(bytes);
  }
};

// A response whose body is read as it comes. Ends with its owner: dropping it early closes the
// connection, reading it to the end keeps the connection for reuse.
class ClientStream {
 public:
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  int status() const;
  std::string_view head() const;  // As received.
  std::optional<std::string_view> header(std::string_view name) const;
  // The next bytes, at most 64 KiB, valid until the next call; nullopt at the end. Faults as
  // send().
  io::Task<std::optional<std::string_view>> read();
  // Moves the limit between bytes, for streams that may be silent.
  void set_idle(std::chrono::milliseconds idle);
  // What is left has to come within this from now on.
  void set_total(std::chrono::milliseconds total);

 private:
  friend class Client;
  struct State;
  explicit ClientStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Client {
 public:
  // `connector` and `metrics` outlive the client. Made on its loop, or before the loop runs.
  Client(net::Connector& connector, metrics::Registry& metrics, ClientSettings settings = {});
  // No request may be under way.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Throws Fault bad_gateway with one of these codes:
  //   agent_unreachable   no address, refused, no route
  //   agent_timeout       connect, head, idle or total limit passed
  //   agent_reset         the connection ended before the answer was whole
  //   url_not_allowed     the address may not be reached
  //   tls_failed          handshake or certificate
  //   bad_response        what came is not HTTP/1.x, or can be read in two ways
  //   response_too_large  more than body_max
  // unavailable `connections_exhausted` or `resolver_busy` when our own bounds are reached;
  // bad_request `bad_header` for a header that would break the request; cancelled.
  io::Task<ClientResponse> send(ClientRequest request);

  // As send, but returns after the head. body_max and total bound the stream; 0 total: for ever.
  io::Task<std::unique_ptr<ClientStream>> open(ClientRequest request);

  // As send for a GET or HEAD, following up to `redirects` redirects; each is judged like a new
  // URL. Past the last one the redirect itself is returned. Headers are not sent to another origin.
  io::Task<ClientResponse> follow(ClientRequest request, int redirects);

  std::size_t idle() const;
  std::size_t connections() const;
  void close_idle();  // Before a drain; connections in use are closed when they fall free later.

 private:
  struct Exchange;
  friend class ClientStream;
  io::Task<void> begin(const ClientRequest& request, Exchange& exchange);
  io::Task<void> connect(const net::Url& url, Exchange& exchange);
  io::Task<void> write_rest(const ClientRequest& request, Exchange& exchange, std::size_t sent);
  void write_head(const ClientRequest& request);
  bool take_head(const ClientRequest& request, Exchange& exchange, std::string_view text);
  io::Task<bool> more(Exchange& exchange);

  net::Connector& connector_;
  const ClientSettings settings_;
  std::unique_ptr<Pool> pool_;
  std::string head_;  // Of the request being written; used between two waits only.
};

}  // namespace molecule::http
