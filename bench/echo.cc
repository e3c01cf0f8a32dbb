// The cheapest possible A2A agent, for the figures of the message path: answers every POST with a
// JSON-RPC result that carries the request's id, and every GET with a card. One thread, keep-alive,
// no parsing beyond what that takes, so that what is measured is the platform in front of it.
//
// A request for a stream whose text says "pieces=N every_us=U bytes=B" is answered with N pieces of
// B bytes, the first at once and one every U microseconds, or as fast as they are taken when U is
// 0. Each begins with "at=" and the time at which it was made, twenty digits of nanoseconds of the
// machine's monotonic clock.
//
//   echo [PORT]    listens on 127.0.0.1 (port 0 takes a free one) and prints "ready PORT"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measuring.h"

namespace {

// What is still to be said of a stream.
struct Stream {
  std::string rpc_id;
  std::string task;
  std::uint64_t left = 0;
  std::uint64_t every_ns = 0;
  std::uint64_t due = 0;  // Of the next piece.
  std::string padding;
};

struct Connection {
  int fd = -1;
  std::size_t have = 0;
  std::array<char, 65536> in;
  std::string out;     // What the socket has not taken yet.
  bool waits = false;  // For the socket to take more.
  std::unique_ptr<Stream> stream;
};

// The length of the complete request at the front of the text, or zero; body receives its content.
std::size_t complete(std::string_view in, std::string_view& body) {
  const auto end = in.find("\r\n\r\n");
  if (end == in.npos) return 0;
  std::size_t length = 0;
  auto head = in.substr(0, end);
  for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2);
    if (line.size() > 15 && (line[0] == 'C' || line[0] == 'c') && line[14] == ':' &&
        (line[8] == 'L' || line[8] == 'l')) {
      const auto digits = line.find_first_of("0123456789");
      std::from_chars(line.data() + digits, line.data() + line.size(), length);
    }
  }
  if (in.size() < end + 4 + length) return 0;
  body = in.substr(end + 4, length);
  return end + 4 + length;
}

// The JSON-RPC id as it is spelled, found outside the params object: before it or after it.
std::string_view rpc_id(std::string_view body) {
  int depth = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '{' || c == '[')
      ++depth;
    else if (c == '}' || c == ']')
      --depth;
    else if (c == '"') {
      const auto start = i;
      for (++i; i < body.size() && body[i] != '"'; ++i) {
        if (body[i] == '\\') ++i;
      }
      if (depth == 1 && body.substr(start, i - start + 1) == "\"id\"") {
        const auto value = body.find_first_not_of(": \t", i + 1);
        if (value == body.npos) return "null";
        const auto stop = body[value] == '"' ? body.find('"', value + 1) + 1
                                             : body.find_first_of(",} \t\r\n", value);
        return body.substr(value, stop - value);
      }
    }
  }
  return "null";
}

std::uint64_t number_after(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  std::uint64_t value = 0;
  if (at != text.npos)
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
  return value;
}

void append_event(std::string& out, const Stream& stream, std::string_view result) {
  std::string data = R"(data: {"jsonrpc":"2.0","id":)";
  data += stream.rpc_id;
  data += R"(,"result":)";
  data += result;
  data += "}\n\n";
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16);
  out.append(size.data(), end.ptr);
  out += "\r\n";
  out += data;
  out += "\r\n";
}

std::string of_task(const Stream& stream, std::string_view kind, std::string_view rest) {
  std::string text = R"({"kind":")";
  text += kind;
  text += kind == "task" ? R"(","id":")" : R"(","taskId":")";
  text += stream.task + R"(","contextId":"echoes",)";
  text += rest;
  return text + "}";
}

void begin_stream(Connection& c, std::string_view body) {
  static std::uint64_t count = 0;
  c.stream = std::make_unique<Stream>();
  auto& stream = *c.stream;
  stream.rpc_id = rpc_id(body);
  stream.task = "stream-" + std::to_string(++count);
  stream.left = number_after(body, "pieces=");
  stream.every_ns = number_after(body, "every_us=") * 1000;
  stream.padding.assign(number_after(body, "bytes="), 'x');
  stream.due = now_ns();
  c.out +=
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  append_event(c.out, stream, of_task(stream, "task", R"("status":{"state":"working"})"));
}

void append_piece(std::string& out, Stream& stream) {
  std::string text =
      R"("append":true,"artifact":{"artifactId":"a","parts":[{"kind":"text","text":"at=)";
  append_stamp(text, now_ns());
  text += ' ';
  text += stream.padding;
  text += R"("}]})";
  append_event(out, stream, of_task(stream, "artifact-update", text));
  --stream.left;
}

// What is due by now, as far as the socket takes it.
void append_due(Connection& c) {
  constexpr std::size_t ahead_max = 65536;
  auto& stream = *c.stream;
  const auto now = now_ns();
  while (stream.left != 0 && stream.due <= now && c.out.size() < ahead_max) {
    append_piece(c.out, stream);
    stream.due += stream.every_ns;
  }
  if (stream.left != 0) return;
  append_event(c.out, stream,
               of_task(stream, "status-update", R"("status":{"state":"completed"},"final":true)"));
  c.out += "0\r\n\r\n";
  c.stream.reset();
}

void append_whole(std::string& out, std::string_view content) {
  out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
  out += std::to_string(content.size());
  out += "\r\n\r\n";
  out += content;
}

void append_result(std::string& out, bool as_task) {
  static std::uint64_t count = 0;
  const auto number = std::to_string(++count);
  if (!as_task) {
    out += R"({"kind":"message","role":"agent","messageId":"echo-)" + number;
    out += R"(","parts":[{"kind":"text","text":"heard"}]})";
    return;
  }
  out += R"({"kind":"task","id":"task-)" + number;
  out += R"(","contextId":"echoes","status":{"state":"completed"},"artifacts":[{"artifactId":"a",)";
  out += R"("parts":[{"kind":"text","text":"at=)";
  append_stamp(out, now_ns());
  out += R"( heard"}]}]})";
}

class Receiver {
 public:
  void take(std::string_view body) {
    last_ = now_ns();
    if (first_ == 0) first_ = last_;
    std::uint64_t made = 0;
    if (find_stamp(body, 0, made) == body.npos)
      ++others_;
    else
      delay_.add(last_ - made);
  }
  std::string report() const {
    std::array<char, 200> text;
    const auto size = std::snprintf(
        text.data(), text.size(),
        R"({"told":%llu,"others":%llu,"seconds":%.4f,"p50_us":%.1f,"p99_us":%.1f})",
        static_cast<unsigned long long>(delay_.total()), static_cast<unsigned long long>(others_),
        static_cast<double>(last_ - first_) / 1e9, delay_.quantile_us(0.5),
        delay_.quantile_us(0.99));
    return {text.data(), static_cast<std::size_t>(size)};
  }

 private:
  Histogram delay_;
  std::uint64_t others_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
};

Receiver& receiver() {
  static Receiver one;
  return one;
}

void answer(Connection& c) {
  std::string_view body;
  while (c.stream == nullptr) {
    const std::string_view in(c.in.data(), c.have);
    const auto size = complete(in, body);
    if (size == 0) return;
    if (in.starts_with("GET /told")) {
      append_whole(c.out, receiver().report());
    } else if (in.starts_with("POST /told")) {
      receiver().take(body);
      append_whole(c.out, "{}");
    } else if (in.starts_with("GET ")) {
      append_whole(c.out, R"({"name":"echo","version":"1","capabilities":{"streaming":true}})");
    } else if (body.find(R"("message/stream")") != body.npos) {
      begin_stream(c, body);
    } else {
      std::string result = R"({"jsonrpc":"2.0","id":)";
      result += rpc_id(body);
      result += R"(,"result":)";
      append_result(result, body.find("answer=task") != body.npos);
      append_whole(c.out, result + "}");
    }
    std::char_traits<char>::move(c.in.data(), c.in.data() + size, c.have - size);
    c.have -= size;
  }
}

class Agent {
 public:
  explicit Agent(int listener) : listener_(listener), loop_(epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(loop_, EPOLL_CTL_ADD, listener_, &event);
  }

  int run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = wait(events);
      if (ready < 0 && errno != EINTR) return 1;
      for (int i = 0; i < ready; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        auto* c = static_cast<Connection*>(event.data.ptr);
        if (c == nullptr)
          take();
        else if (((event.events & ~EPOLLOUT) != 0 && !receive(*c)) || !go_on(*c))
          drop(*c);
      }
      // A copy: who is dropped leaves the list.
      const auto streaming = streaming_;
      const auto now = now_ns();
      for (auto* c : streaming) {
        if (c->stream != nullptr && c->out.empty() && c->stream->due <= now && !go_on(*c)) drop(*c);
      }
      std::erase_if(streaming_, [](const Connection* c) { return c->stream == nullptr; });
    }
  }

 private:
  // Until something comes or the next piece is due.
  int wait(std::array<epoll_event, 256>& events) const {
    auto due = UINT64_MAX;
    for (const auto* c : streaming_) {
      if (c->out.empty()) due = std::min(due, c->stream->due);
    }
    const auto now = now_ns();
    const auto left = due <= now ? 0 : due - now;
    const timespec time{static_cast<time_t>(left / 1'000'000'000),
                        static_cast<long>(left % 1'000'000'000)};
    return epoll_pwait2(loop_, events.data(), static_cast<int>(events.size()),
                        due == UINT64_MAX ? nullptr : &time, nullptr);
  }

  void take() const {
    const int on = 1;
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto fresh = std::make_unique<Connection>();
      fresh->fd = fd;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = fresh.release();
      epoll_ctl(loop_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  bool receive(Connection& c) {
    const auto n = recv(c.fd, c.in.data() + c.have, c.in.size() - c.have, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN;
    c.have += static_cast<std::size_t>(n);
    return n > 0 && c.have < c.in.size();
  }

  // Answers what has come, and says what is due and taken. False when nobody listens any more.
  bool go_on(Connection& c) {
    for (;;) {
      if (c.stream == nullptr) {
        answer(c);
        if (c.stream != nullptr) streaming_.push_back(&c);
      }
      if (c.stream != nullptr) append_due(c);
      if (c.out.empty()) return true;
      const auto sent = send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) return false;
      c.out.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
      epoll_event event{};
      event.events = c.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
      event.data.ptr = &c;
      if (!c.out.empty() || c.waits) {
        c.waits = !c.out.empty();
        epoll_ctl(loop_, EPOLL_CTL_MOD, c.fd, &event);
      }
      if (!c.out.empty()) return true;
    }
  }

  void drop(Connection& c) {
    std::erase(streaming_, &c);
    close(c.fd);
    delete &c;
  }

  int listener_;
  int loop_;
  std::vector<Connection*> streaming_;
};

}  // namespace

int main(int argc, char** argv) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      listen(listener, 1024) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    std::perror("echo: listen");
    return 1;
  }
  std::printf("ready %d\n", ntohs(at.sin_port));
  std::fflush(stdout);

  return Agent(listener).run();
}
