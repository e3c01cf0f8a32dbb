// A name server on loopback that answers as a test tells it, over UDP as real ones do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/net/address.h"

namespace molecule::net {

class NameServer {
 public:
  struct Zone {
    std::vector<std::string> addresses;
    std::uint32_t seconds = 60;  // How long they are good for.
    std::string alias = {};      // The name it is another name of, good for alias_seconds.
    std::uint32_t alias_seconds = 60;
    int refusal = 0;      // A response code instead, such as 2 for a server that failed.
    bool silent = false;  // No answer at all.
  };
  static constexpr int no_such_name = 3;

  NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&at), size);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~NameServer() {
    thread_.request_stop();
    thread_.join();
    ::close(socket_);
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // A name that nobody told of does not exist.
  void tell(const std::string& host, Zone zone) {
    std::lock_guard lock(mutex_);
    zones_[host] = std::move(zone);
  }
  // Questions for IPv4 addresses of that name so far.
  int asked(const std::string& host) {
    std::lock_guard lock(mutex_);
    return asked_[host];
  }

 private:
  static constexpr std::uint16_t type_a = 1;
  static constexpr std::uint16_t type_cname = 5;
  static constexpr std::uint16_t type_aaaa = 28;

  static void number(std::string& out, std::uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  }
  static std::string spelled(std::string_view host) {
    std::string out;
    while (!host.empty()) {
      const std::string_view label = host.substr(0, host.find('.'));
      out += static_cast<char>(label.size());
      out += label;
      host.remove_prefix(std::min(host.size(), label.size() + 1));
    }
    return out + '\0';
  }
  static void record(std::string& out, const std::string& name, std::uint16_t type,
                     std::uint32_t seconds, const std::string& data) {
    out += name;
    number(out, type, 2);
    number(out, 1, 2);
    number(out, seconds, 4);
    number(out, static_cast<std::uint32_t>(data.size()), 2);
    out += data;
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waited{socket_, POLLIN, 0};
      if (::poll(&waited, 1, 20) <= 0) continue;
      std::array<char, 512> in{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          ::recvfrom(socket_, in.data(), in.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) continue;
      const std::string out = reply({in.data(), static_cast<std::size_t>(got)});
      if (!out.empty())
        ::sendto(socket_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  std::string reply(std::string_view question) {
    std::string host;
    std::size_t at = 12;
    while (at < question.size() && question[at] != 0) {
      const auto length = static_cast<std::size_t>(static_cast<unsigned char>(question[at]));
      if (!host.empty()) host += '.';
      host += question.substr(at + 1, length);
      at += length + 1;
    }
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(question[at + 2]));
    std::lock_guard lock(mutex_);
    if (type == type_a) ++asked_[host];
    auto found = zones_.find(host);
    const Zone zone =
        found == zones_.end() ? Zone{.addresses = {}, .refusal = no_such_name} : found->second;
    if (zone.silent) return {};
    const std::string name = spelled(zone.alias.empty() ? host : zone.alias);
    std::string records;
    std::uint32_t count = 0;
    if (!zone.alias.empty()) {
      record(records, spelled(host), type_cname, zone.alias_seconds, name);
      ++count;
    }
    for (const std::string& text : zone.addresses) {
      const Address address = *Address::parse(text);
      if (address.v6() != (type == type_aaaa)) continue;
      std::string data;
      for (std::uint8_t byte : address.v6_bytes()) data += static_cast<char>(byte);
      record(records, name, type, zone.seconds, address.v6() ? data : data.substr(12));
      ++count;
    }
    std::string out(question.substr(0, 2));
    number(out, 0x8180u | static_cast<unsigned>(zone.refusal), 2);
    number(out, 1, 2);
    number(out, count, 2);
    number(out, 0, 4);
    out += question.substr(12, at + 5 - 12);
    return out + records;
  }

  int socket_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, int> asked_;
  std::jthread thread_;
};

}  // namespace molecule::net
