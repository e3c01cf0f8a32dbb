#include "testing/http_peer.h"

#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace molecule::testing {

std::string PeerResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known.size() == name.size() && ::strncasecmp(known.data(), name.data(), name.size()) == 0)
      return value;
  }
  return {};
}

HttpPeer::HttpPeer(std::uint16_t port) : port_(port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    ::close(socket_);
    throw std::runtime_error("the server does not accept connections");
  }
}

HttpPeer::~HttpPeer() { close(); }

HttpPeer::HttpPeer(HttpPeer&& other) noexcept
    : patience(other.patience),
      socket_(std::exchange(other.socket_, -1)),
      port_(other.port_),
      received_(std::move(other.received_)) {}

void HttpPeer::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void HttpPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void HttpPeer::end_sending() { ::shutdown(socket_, SHUT_WR); }

bool HttpPeer::more() {
  pollfd wait{socket_, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) {
    throw std::runtime_error("nothing arrived in time; so far: " + received_);
  }
  char buffer[65536];
  ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::string HttpPeer::until(std::string_view mark) {
  std::size_t at = 0;
  while ((at = received_.find(mark)) == std::string::npos) {
    if (!more()) return std::exchange(received_, {});
  }
  std::string taken = received_.substr(0, at + mark.size());
  received_.erase(0, taken.size());
  return taken;
}

std::string HttpPeer::bytes(std::size_t count) {
  while (received_.size() < count) {
    if (!more()) break;
  }
  std::string taken = received_.substr(0, count);
  received_.erase(0, taken.size());
  return taken;
}

std::string HttpPeer::rest() {
  while (more()) {}
  return std::exchange(received_, {});
}

bool HttpPeer::ended() {
  if (!received_.empty()) return false;
  return !more();
}

PeerResponse HttpPeer::response(bool to_head) {
  PeerResponse response;
  std::string head = until("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n") || !head.starts_with("HTTP/1.1 ")) {
    response.body = head;
    return response;
  }
  std::size_t at = head.find("\r\n") + 2;
  while (head.compare(at, 2, "\r\n") != 0) {
    std::size_t end = head.find("\r\n", at);
    std::size_t colon = head.find(": ", at);
    response.headers.emplace_back(head.substr(at, colon - at),
                                  head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  int status = std::stoi(head.substr(9, 3));
  if (!to_head && status != 204 && status != 304 && status >= 200) {
    if (response.header("Transfer-Encoding") == "chunked") {
      for (;;) {
        std::string line = until("\r\n");
        if (!line.ends_with("\r\n")) return response;
        std::size_t size = std::stoul(line, nullptr, 16);
        std::string chunk = bytes(size + 2);
        if (chunk.size() != size + 2) return response;
        if (size == 0) break;
        response.body += chunk.substr(0, size);
      }
    } else if (!response.header("Content-Length").empty()) {
      std::size_t size = std::stoul(response.header("Content-Length"));
      response.body = bytes(size);
      if (response.body.size() != size) return response;
    } else {
      response.body = rest();
    }
  }
  response.status = status;
  return response;
}

PeerResponse HttpPeer::ask(std::string_view method, std::string_view target,
                           std::string_view headers, std::string_view body) {
  std::string text(method);
  text += ' ';
  text += target;
  text += " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n";
  text += headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  send(text);
  return response(method == "HEAD");
}

}  // namespace molecule::testing
