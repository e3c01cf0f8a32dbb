// Asking a platform: requests of one or several workspaces over kept connections.
//
// A Platform belongs to one loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/credential.h"
#include "platform/http/client.h"
#include "platform/http/websocket.h"
#include "platform/io/clock.h"
#include "platform/json/json.h"
#include "platform/metrics/metrics.h"
#include "platform/net/dial.h"

namespace molecule::client {

struct Ask {
  http::Method method = http::Method::get;
  std::string path;  // With its query; "/workspaces/…".
  std::string body;
  std::string content_type = "application/json";
  std::optional<std::string> parent;  // The message that this is asked because of.
  std::vector<std::pair<std::string, std::string>> headers = {};  // Besides.
  // May be carried out twice without harm. Others are sent again only if nothing of them went out.
  bool repeatable = false;
  // For one answer, and for all attempts together: while the platform is away, or asks to be asked
  // later, the same is asked again.
  std::chrono::milliseconds answer_within{30'000};
  std::chrono::milliseconds patience{20'000};
  std::size_t answer_max = 64u << 20;  // Bytes.
};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  std::optional<std::string_view> header(std::string_view name) const {
    return http::header_in(head, name);
  }
  // What a refusal says, in a sentence; never longer than a few hundred characters.
  std::string error() const;
  // Its machine code, or another text member; empty where there is none.
  std::string code() const { return word("code"); }
  std::string word(std::string_view member) const;
};

class Platform {
 public:
  // `url` as people write it. Throws Fault bad_request `url_invalid`.
  Platform(std::string_view url, const std::string& ca_file, const io::Clock& clock,
           io::Random& random);
  // Over a way that there is already, which outlives it.
  Platform(std::string_view url, net::Connector& way, const io::Clock& clock, io::Random& random);
  ~Platform();
  Platform(const Platform&) = delete;

  // Throws Fault unavailable `platform_unreachable` once its patience is over, or cancelled. A 401
  // is asked once more when the credential's file has another token.
  io::Task<Answer> ask(Credential& as, const Ask& what);
  // Without a credential.
  io::Task<Answer> ask(const Ask& what) { return asked(nullptr, what); }

  // Once, for an answer that is read as it comes, for as long as it takes: `answer_within` is for
  // its head. Throws Fault as http::Client::open does. `as` and `what` are looked at until it
  // returns.
  io::Task<std::unique_ptr<http::ClientStream>> open(const Credential& as, const Ask& what);

  // An open WebSocket. Throws http::WebSocketRefused with what the platform answers instead, and as
  // net::Dialer::dial does. Tried once; it is the caller who comes again.
  io::Task<std::unique_ptr<http::FrameSocket>> open_socket(const Credential& as, std::string path,
                                                           http::FrameSocket::Options options);

  // Told each request and what came of it, in a line: the method and the path, the status, sizes
  // and times. No header and no body: those hold secrets.
  void trace(std::function<void(std::string_view line)> tell) { trace_ = std::move(tell); }
  // `look` is asked of each new connection before anything goes over it, and throws Fault where
  // whoever answers there is not to be asked: who listened yesterday may have made room for others.
  void look_at_connections(std::function<void()> look) { door_.look = std::move(look); }

  const std::string& url() const { return url_; }
  // No request may be under way.
  void close() { client_.close_idle(); }

 private:
  struct Attempt {
    std::optional<Answer> answer;
    std::string trouble;  // Why there is none.
    bool reached = false;
    std::optional<std::chrono::milliseconds> later;  // As the answer asks.
  };
  struct Head;
  struct Outwards;
  struct Door final : net::Connector {
    explicit Door(net::Connector& through) : way(through) {}
    io::Task<std::unique_ptr<net::Stream>> dial(const net::Url& url) override;

    net::Connector& way;
    std::function<void()> look;
  };
  io::Task<Answer> asked(Credential* as, const Ask& what);
  io::Task<Attempt> attempt(const Credential* as, const Ask& what);
  std::chrono::milliseconds around(std::chrono::milliseconds wait);
  void tell_asked(const Ask& what) const;
  void tell_answered(const Ask& what, std::chrono::nanoseconds began, std::string_view came) const;

  const std::string url_;
  std::function<void(std::string_view line)> trace_;
  const io::Clock& clock_;
  io::Random& random_;
  metrics::Registry registry_;
  const std::unique_ptr<Outwards> outwards_;  // None: the way is somebody else's.
  Door door_;
  http::Client client_;
};

}  // namespace molecule::client
