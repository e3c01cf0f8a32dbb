// Reads many streams of server-sent events at a time over HTTP/1.1, in one thread, and tells how
// long their pieces were under way: each carries the time at which it was made (see echo.cc). It
// uses nothing of the platform, so it cannot share its bugs.
//
//   streams --port P --request FILE --pieces N [--rows FILE] [--streams N] [--first-id N] [--hold
//   1]
//
// The files are as `load` has them. Every stream has to have N pieces. With --hold 1 it prints
// {"held":N} once every stream has brought that many, keeps them open until its standard input
// ends, and does not read to their ends. Otherwise it prints one JSON object; seconds are from the
// first request to the last end. Exits 1 when a stream fails, ends early, or brings nothing for ten
// seconds.

#include <algorithm>
#include <array>
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
#include "request.h"

namespace {

struct Options {
  int port = 0;
  std::string request;
  std::string rows;
  std::uint64_t pieces = 0;
  std::size_t streams = 1;
  std::uint64_t first_id = 0;
  bool hold = false;
};

// Takes the framing of chunks away, however what comes is cut.
class Chunks {
 public:
  // Appends what the chunks hold; false after the last.
  bool take(std::string_view in, std::string& out) {
    while (!in.empty()) {
      if (left_ != 0) {
        const auto part = in.substr(0, left_);
        out += part;
        left_ -= part.size();
        in.remove_prefix(part.size());
        continue;
      }
      line_ += in.front();
      in.remove_prefix(1);
      if (line_.back() != '\n') continue;
      if (line_ != "\r\n") {  // The end of the chunk before.
        std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
        if (left_ == 0) return false;
      }
      line_.clear();
    }
    return true;
  }

 private:
  std::string line_;
  std::size_t left_ = 0;
};

struct Stream {
  int fd = -1;
  std::uint64_t asked_at = 0;
  std::uint64_t pieces = 0;
  bool ended = false;
  bool headed = false;
  bool chunked = false;
  std::string text;  // Of which nothing is counted yet.
  Chunks chunks;
};

class Reader {
 public:
  explicit Reader(const Options& options)
      : options_(options), request_(read_file(options.request)), ids_(options.first_id) {
    if (!options.rows.empty()) rows_ = read_rows(options.rows);
  }

  int run() {
    loop_ = epoll_create1(EPOLL_CLOEXEC);
    const auto began = now_ns();
    for (std::size_t i = 0; i < options_.streams; ++i) streams_.push_back(open());
    std::array<epoll_event, 256> events;
    std::size_t done = 0;
    while (done < options_.streams) {
      const int ready = epoll_wait(loop_, events.data(), static_cast<int>(events.size()), 10'000);
      if (ready == 0) die("nothing for 10 s");
      for (int i = 0; i < ready; ++i) {
        auto& stream = *static_cast<Stream*>(events[static_cast<std::size_t>(i)].data.ptr);
        const auto before = stream.pieces;
        receive(stream);
        done += options_.hold ? before < options_.pieces && stream.pieces >= options_.pieces
                              : stream.ended;
      }
    }
    if (options_.hold) return hold();
    const auto seconds = static_cast<double>(now_ns() - began) / 1e9;
    std::printf(
        "{\"streams\":%zu,\"pieces\":%llu,\"seconds\":%.4f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"first_p50_us\":%.1f,\"next_id\":%llu}\n",
        options_.streams, static_cast<unsigned long long>(latency_.total()), seconds,
        latency_.quantile_us(0.5), latency_.quantile_us(0.99), first_.quantile_us(0.5),
        static_cast<unsigned long long>(ids_.next()));
    return 0;
  }

 private:
  std::unique_ptr<Stream> open() {
    auto stream = std::make_unique<Stream>();
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(stream->fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      die("cannot connect");
    const int on = 1;
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = stream.get();
    epoll_ctl(loop_, EPOLL_CTL_ADD, stream->fd, &event);
    std::string out;
    const auto* row = rows_.empty() ? nullptr : &rows_[streams_.size() % rows_.size()];
    request_.fill(out, ids_.take(), row);
    stream->asked_at = now_ns();
    // Blocking on purpose: a request of a few hundred bytes fits the socket buffer.
    if (send(stream->fd, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size()))
      die("cannot send");
    return stream;
  }

  void receive(Stream& stream) {
    const auto n = recv(stream.fd, in_.data(), in_.size(), MSG_DONTWAIT);
    if (n < 0) return;
    const auto now = now_ns();
    bool more = n > 0;
    std::string_view in(in_.data(), static_cast<std::size_t>(n));
    std::string head;
    if (!stream.headed) {
      stream.text += in;
      const auto end = stream.text.find("\r\n\r\n");
      if (end == stream.text.npos) {
        if (n == 0) die("a connection was closed before an answer");
        return;
      }
      head = std::move(stream.text);
      stream.text.clear();
      std::transform(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(end), head.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
      if (!head.starts_with("http/1.1 200") || head.find("text/event-stream") > end)
        die("an unexpected answer: " + head.substr(0, 600));
      stream.headed = true;
      stream.chunked = head.find("transfer-encoding: chunked") < end;
      in = std::string_view(head).substr(end + 4);
    }
    if (!stream.chunked)
      stream.text += in;
    else if (!stream.chunks.take(in, stream.text))
      more = false;
    count(stream, now);
    if (more) return;
    if (stream.pieces != options_.pieces || options_.hold)
      die("a stream ended after " + std::to_string(stream.pieces) + " pieces: " + stream.text);
    stream.ended = true;
    close(stream.fd);
  }

  void count(Stream& stream, std::uint64_t now) {
    constexpr std::size_t stamp_size = 3 + 20;
    std::uint64_t made = 0;
    std::size_t from = 0;
    for (std::size_t at; (at = find_stamp(stream.text, from, made)) != std::string::npos;
         from = at) {
      if (stream.pieces++ == 0) first_.add(now - stream.asked_at);
      latency_.add(now - made);
    }
    // What may be the beginning of one stays.
    const auto size = stream.text.size();
    stream.text.erase(0, std::max(from, size - std::min(size, stamp_size)));
  }

  int hold() const {
    std::printf("{\"held\":%zu}\n", options_.streams);
    std::fflush(stdout);
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) > 0) {}
    return 0;
  }

  const Options& options_;
  HttpRequest request_;
  Ids ids_;
  std::vector<Row> rows_;
  int loop_ = -1;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::array<char, 262144> in_;
  Histogram latency_;
  Histogram first_;
};

Options read_options(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) die(name + " needs a value");
    const char* value = argv[i + 1];
    if (name == "--port")
      o.port = std::atoi(value);
    else if (name == "--request")
      o.request = value;
    else if (name == "--rows")
      o.rows = value;
    else if (name == "--pieces")
      o.pieces = std::strtoull(value, nullptr, 10);
    else if (name == "--streams")
      o.streams = std::strtoull(value, nullptr, 10);
    else if (name == "--first-id")
      o.first_id = std::strtoull(value, nullptr, 10);
    else if (name == "--hold")
      o.hold = std::string_view(value) == "1";
    else
      die("unknown option " + name);
  }
  if (o.port <= 0 || o.request.empty() || o.pieces == 0 || o.streams == 0 || o.streams > 10'000)
    die("usage: streams --port P --request FILE --pieces N …");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  return std::make_unique<Reader>(options)->run();
}
