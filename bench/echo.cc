// The cheapest possible A2A agent, for the figures of the message path: answers every POST with a
// JSON-RPC result that carries the request's id. One thread, keep-alive, no parsing beyond what
// that takes, so that what is measured is the platform in front of it.
//
//   echo [PORT]    listens on 127.0.0.1 (port 0 takes a free one) and prints "ready PORT"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Connection {
  int fd = -1;
  std::size_t have = 0;
  std::array<char, 65536> in;
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

void answer(Connection& c, std::string& out) {
  std::string_view body;
  while (const auto size = complete({c.in.data(), c.have}, body)) {
    static unsigned long long count = 0;
    std::string result = R"({"jsonrpc":"2.0","id":)";
    result += rpc_id(body);
    result += R"(,"result":{"kind":"message","role":"agent","messageId":"echo-)";
    result += std::to_string(++count);
    result += R"(","parts":[{"kind":"text","text":"heard"}]}})";
    out += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    out += std::to_string(result.size());
    out += "\r\n\r\n";
    out += result;
    std::char_traits<char>::move(c.in.data(), c.in.data() + size, c.have - size);
    c.have -= size;
  }
}

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

  const int loop = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> events;
  std::string out;
  for (;;) {
    const int ready = epoll_wait(loop, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) return 1;
    for (int i = 0; i < ready; ++i) {
      auto* c = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (c == nullptr) {
        for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          auto fresh = std::make_unique<Connection>();
          fresh->fd = fd;
          event.data.ptr = fresh.release();
          epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      const auto n = recv(c->fd, c->in.data() + c->have, c->in.size() - c->have, MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) continue;
      if (n > 0) {
        c->have += static_cast<std::size_t>(n);
        out.clear();
        answer(*c, out);
        if (out.empty() && c->have < c->in.size()) continue;
        if (!out.empty() &&
            send(c->fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size()))
          continue;
      }
      close(c->fd);
      delete c;
    }
  }
}
