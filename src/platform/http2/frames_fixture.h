// For this folder's tests: a server that speaks HTTP/2 and a peer that sends it whatever the test
// wants, frames of its own making included. The peer's frames are libnghttp2's client side, over a
// blocking socket.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "platform/http/server_fixture.h"
#include "platform/http2/multiplexer.h"
#include "testing/http_peer.h"

namespace molecule::http2 {

using Lines = std::vector<std::pair<std::string, std::string>>;

struct Heard {
  std::string status;
  Lines fields;
  std::string body;
  Lines trailers;
  int interim = 0;
  bool ended = false;                  // In order.
  std::optional<std::uint32_t> reset;  // By the server.
  bool closed() const { return ended || reset; }
  std::string field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return {};
  }
};

class FramePeer {
 public:
  explicit FramePeer(std::uint16_t port, std::int32_t window = 1 << 20) : socket(port) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, closed);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_peer_max_concurrent_streams(option, 10'000);
    nghttp2_session_client_new2(&session_, calls, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    const nghttp2_settings_entry small{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                       static_cast<std::uint32_t>(window)};
    nghttp2_submit_settings(session_, 0, &small, 1);
    flush();
  }
  ~FramePeer() { nghttp2_session_del(session_); }
  FramePeer(const FramePeer&) = delete;
  FramePeer& operator=(const FramePeer&) = delete;

  // Sends a request, its body too when there is one; `more`: the request stays open.
  std::int32_t ask(std::string_view method, std::string_view path, const Lines& lines = {},
                   std::string body = {}, bool more = false) {
    Lines all{{":method", std::string(method)},
              {":scheme", "http"},
              {":authority", "localhost"},
              {":path", std::string(path)}};
    all.insert(all.end(), lines.begin(), lines.end());
    return ask_with(all, std::move(body), more);
  }
  std::int32_t ask_with(const Lines& all, std::string body = {}, bool more = false) {
    std::vector<nghttp2_nv> fields;
    auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    for (const auto& [name, value] : all)
      fields.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
    nghttp2_data_provider provider{};
    provider.read_callback = give;
    const bool has_body = more || !body.empty();
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                   has_body ? &provider : nullptr, nullptr);
    bodies_[id] = {std::move(body), more};
    heard[id];
    flush();
    return id;
  }
  void reset(std::int32_t id, std::uint32_t code = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(session_, 0, id, code);
    flush();
  }
  // One frame of the server's, at most the socket's patience. False: there is none.
  bool pump() {
    flush();
    const std::string head = socket.bytes(9);
    if (head.size() < 9) {
      over = true;
      return false;
    }
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(head[at]); };
    const std::size_t size = (static_cast<std::size_t>(byte(0)) << 16) |
                             (static_cast<std::size_t>(byte(1)) << 8) | byte(2);
    const std::string all = head + socket.bytes(size);
    ++frames_seen[byte(3)];
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(all.data()),
                             all.size());
    flush();
    return true;
  }
  const Heard& wait(std::int32_t id) {
    while (!heard[id].closed() && pump()) {}
    return heard[id];
  }
  bool until(const std::function<bool()>& done) {
    while (!done()) {
      if (!pump()) return done();
    }
    return true;
  }
  // Reads to the end of the connection; the code that the server ended it with.
  std::optional<std::uint32_t> ending() {
    while (pump()) {}
    return goaway;
  }
  // Whatever the library would not send.
  void raw(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
           std::string_view payload = {}) {
    socket.send(frame_text(type, flags, stream, payload));
  }
  static std::string frame_text(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                                std::string_view payload = {}) {
    std::string text;
    for (int shift : {16, 8, 0}) text += static_cast<char>(payload.size() >> shift);
    text += static_cast<char>(type);
    text += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) text += static_cast<char>(stream >> shift);
    return text.append(payload);
  }
  void flush() {
    std::string all;
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) break;
      all += text(bytes, static_cast<std::size_t>(size));
    }
    if (!all.empty()) socket.send(all);
  }

  testing::HttpPeer socket;
  std::map<std::int32_t, Heard> heard;
  std::map<int, int> frames_seen;
  std::optional<std::uint32_t> goaway;
  bool over = false;

 private:
  struct Body {
    std::string text;
    bool more = false;
    std::size_t sent = 0;
  };
  static FramePeer& of(void* user) { return *static_cast<FramePeer*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    Heard& at = of(user).heard[frame->hd.stream_id];
    const std::string key = text(name, name_size);
    if (key == ":status") {
      at.status = text(value, value_size);
      if (at.status[0] == '1') ++at.interim;
    } else if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && at.interim == 0) {
      at.trailers.emplace_back(key, text(value, value_size));
    } else {
      at.fields.emplace_back(key, text(value, value_size));
    }
    return 0;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    FramePeer& self = of(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) self.goaway = frame->goaway.error_code;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
      self.heard[frame->hd.stream_id].reset = frame->rst_stream.error_code;
    const bool data = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (data && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
      self.heard[frame->hd.stream_id].ended = true;
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    of(user).heard[id].body += text(bytes, size);
    return 0;
  }
  static int closed(nghttp2_session*, std::int32_t, std::uint32_t, void*) { return 0; }
  static ssize_t give(nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Body& body = of(user).bodies_[id];
    const std::size_t n = std::min(size, body.text.size() - body.sent);
    std::memcpy(into, body.text.data() + body.sent, n);
    body.sent += n;
    if (body.sent == body.text.size() && !body.more) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (n == 0 && body.more) return NGHTTP2_ERR_DEFERRED;
    return static_cast<ssize_t>(n);
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Body> bodies_;
};

class FramesTest : public http::ServerTest {
 protected:
  FramesTest() {
    before_serving = [this](http::Server& server) {
      multiplexer = std::make_unique<Multiplexer>(registry, bounds);
      server.multiplex(*multiplexer);
    };
  }
  ~FramesTest() override { stop(); }

  Bounds bounds;
  std::unique_ptr<Multiplexer> multiplexer;
};

}  // namespace molecule::http2
