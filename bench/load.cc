// A load generator for one HTTP/1.1 server: N keep-alive connections in one thread, each sending
// its next request as soon as the last one is answered. It exists because the figures need what
// ordinary load tools lack: a fresh message id in every request, a different credential in every
// request, and a latency histogram fine enough for a p99. It uses nothing of the platform, so it
// cannot share its bugs.
//
//   load --port P --request FILE [--rows FILE] [--connections N] [--seconds S] [--warmup S]
//        [--requests N] [--first-id N] [--expect STATUS] [--answers FILE] [--redis FILE] [--grpc 1]
//
// FILE holds one request as it goes on the wire, but for the Content-Length line, which is added.
// "{id}" becomes a number never used before in this run (16 hex digits); "{0}" and "{1}" become the
// fields of the next line of the rows file, taken in turn. --requests ends after so many answers
// instead of after a time; --answers writes each answer's body on a line of its own. With --redis
// the server is a Redis: the request is sent as it stands, and FILE, which each connection sends
// first, holds its password. An error of its counts as status 500, all else as 200. With
// --grpc 1 each request is a unary call and FILE as grpc.h has it; one that is refused counts as
// status 500. Prints one JSON object; exits 1 if any answer had another status than expected.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
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

#include "grpc.h"
#include "measuring.h"
#include "request.h"

namespace {

struct Options {
  int port = 0;
  std::string request;
  std::string rows;
  std::string answers;
  std::string redis;
  int connections = 64;
  double seconds = 5;
  double warmup = 1;
  bool grpc = false;
  std::uint64_t requests = 0;
  std::uint64_t first_id = 0;
  int expect = 200;
};

struct Connection {
  int fd = -1;
  bool busy = false;
  std::uint64_t sent_at = 0;
  std::size_t have = 0;
  std::string out;
  GrpcConnection grpc;
  std::array<char, 65536> in;
};

struct Answer {
  int status = 0;
  std::string_view body;
  std::size_t size = 0;  // Zero while the answer is not complete.
};

bool same_letters(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(),
                    [](char x, char y) { return (x | 0x20) == y || x == y; });
}

Answer parse(std::string_view in) {
  const auto end = in.find("\r\n\r\n");
  if (end == in.npos) return {};
  Answer answer;
  std::from_chars(in.data() + 9, in.data() + 12, answer.status);
  std::size_t length = in.npos;
  for (std::size_t at = in.find("\r\n") + 2; at < end;) {
    const auto stop = in.find("\r\n", at);
    const auto line = in.substr(at, stop - at);
    const auto colon = line.find(':');
    if (colon != line.npos && same_letters(line.substr(0, colon), "content-length")) {
      const auto digits = line.find_first_of("0123456789", colon);
      if (digits != line.npos)
        std::from_chars(line.data() + digits, line.data() + line.size(), length);
    }
    at = stop + 2;
  }
  if (answer.status == 204) length = 0;
  if (length == in.npos) die("the answer has no Content-Length");
  if (in.size() < end + 4 + length) return {};
  answer.body = in.substr(end + 4, length);
  answer.size = end + 4 + length;
  return answer;
}

// One line, or a line with a length and as many bytes.
Answer parse_redis(std::string_view in) {
  const auto line = in.find("\r\n");
  if (line == in.npos) return {};
  Answer answer;
  answer.status = in[0] == '-' ? 500 : 200;
  answer.body = in.substr(0, line);
  answer.size = line + 2;
  if (in[0] != '$') return answer;
  std::size_t length = 0;
  std::from_chars(in.data() + 1, in.data() + line, length);
  if (in.size() < line + 2 + length + 2) return {};
  answer.body = in.substr(line + 2, length);
  answer.size = line + 2 + length + 2;
  return answer;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), ids_(options.first_id) {
    const auto text = read_file(options.request);
    if (!options.redis.empty()) {
      greeting_ = read_file(options.redis);
      command_ = Template(text);
      return;
    }
    if (options.grpc) {
      call_ = GrpcRequest(text);
      return;
    }
    request_ = HttpRequest(text);
    if (!options.rows.empty()) rows_ = read_rows(options.rows);
    if (!options.answers.empty()) {
      answers_ = std::fopen(options.answers.c_str(), "w");
      if (answers_ == nullptr) die("cannot write " + options.answers);
    }
  }

  int run() {
    loop_ = epoll_create1(EPOLL_CLOEXEC);
    // Connecting, and a password, are no part of the time.
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < options_.connections; ++i) connections.push_back(open());
    const auto begin = now_ns();
    counting_from_ = begin + static_cast<std::uint64_t>(options_.warmup * 1e9);
    const auto end = options_.requests != 0
                         ? UINT64_MAX
                         : counting_from_ + static_cast<std::uint64_t>(options_.seconds * 1e9);
    for (auto& each : connections) send_next(*each);
    std::array<epoll_event, 256> events;
    std::uint64_t now = begin;
    while (now < end && (options_.requests == 0 || answered_ < options_.requests)) {
      const int ready = epoll_wait(loop_, events.data(), static_cast<int>(events.size()), 5000);
      if (ready == 0) die("no answer for 5 s");
      for (int i = 0; i < ready; ++i)
        receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      now = now_ns();
    }
    const double seconds = static_cast<double>(now - counting_from_) / 1e9;
    if (answers_ != nullptr) std::fclose(answers_);
    report(seconds);
    return others_.empty() ? 0 : 1;
  }

 private:
  std::unique_ptr<Connection> open() {
    auto c = std::make_unique<Connection>();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("cannot connect");
    const int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!greeting_.empty()) greet(*c);
    if (options_.grpc) send_all(*c, GrpcConnection::greeting());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = c.get();
    epoll_ctl(loop_, EPOLL_CTL_ADD, c->fd, &event);
    return c;
  }

  void greet(Connection& c) {
    send_all(c, greeting_);
    const auto n = recv(c.fd, c.in.data(), c.in.size(), 0);
    if (n <= 0 || c.in[0] != '+') die("the server does not take the password");
  }

  void send_next(Connection& c) {
    c.busy = options_.requests == 0 || started_ < options_.requests;
    if (!c.busy) return;
    ++started_;
    const auto id = ids_.take();
    const auto* row = rows_.empty() ? nullptr : &rows_[next_row_++ % rows_.size()];
    c.out.clear();
    if (options_.grpc)
      call_.fill(c.grpc, c.out, id);
    else if (greeting_.empty())
      request_.fill(c.out, id, row);
    else
      command_.fill(c.out, id, row);
    c.sent_at = now_ns();
    send_all(c, c.out);
  }

  // Blocking on purpose: a request of a few hundred bytes fits the socket buffer.
  static void send_all(const Connection& c, std::string_view out) {
    if (send(c.fd, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size()))
      die("cannot send");
  }

  // Frames that are no answer are taken, too: what they want to hear is said at once.
  static Answer parse_grpc(Connection& c) {
    std::string reply;
    const auto taken = c.grpc.take({c.in.data(), c.have}, reply);
    if (!reply.empty()) send_all(c, reply);
    std::char_traits<char>::move(c.in.data(), c.in.data() + taken, c.have - taken);
    c.have -= taken;
    if (!c.grpc.ended()) return {};
    return {c.grpc.refused() ? 500 : 200, c.grpc.trailers(), 1};
  }

  void receive(Connection& c) {
    const auto n = recv(c.fd, c.in.data() + c.have, c.in.size() - c.have, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0)
      die(c.busy ? "the server closed a connection before answering"
                 : "the server closed an idle connection");
    c.have += static_cast<std::size_t>(n);
    const std::string_view in(c.in.data(), c.have);
    const auto answer = options_.grpc       ? parse_grpc(c)
                        : greeting_.empty() ? parse(in)
                                            : parse_redis(in);
    if (answer.size == 0) {
      if (c.have == c.in.size()) die("the answer is longer than 64 KiB");
      return;
    }
    const auto now = now_ns();
    ++answered_;
    if (answer.status != options_.expect && ++others_[answer.status] == 1) {
      first_other_ = std::string(answer.body.substr(0, 300));
    }
    if (now >= counting_from_) latency_.add(now - c.sent_at);
    if (answers_ != nullptr) {
      std::fwrite(answer.body.data(), 1, answer.body.size(), answers_);
      std::fputc('\n', answers_);
    }
    if (!options_.grpc) c.have = 0;
    send_next(c);
  }

  void report(double seconds) const {
    std::printf(
        "{\"requests\":%llu,\"seconds\":%.3f,\"rps\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,\"next_id\":%llu,\"others\":{",
        static_cast<unsigned long long>(latency_.total()), seconds,
        static_cast<double>(latency_.total()) / seconds, latency_.quantile_us(0.5),
        latency_.quantile_us(0.99), latency_.quantile_us(1.0 - 1e-9),
        static_cast<unsigned long long>(ids_.next()));
    const char* comma = "";
    for (const auto& [status, count] : others_) {
      std::printf("%s\"%d\":%llu", comma, status, static_cast<unsigned long long>(count));
      comma = ",";
    }
    std::printf("}}\n");
    if (!first_other_.empty())
      std::fprintf(stderr, "load: an unexpected answer: %s\n", first_other_.c_str());
  }

  const Options& options_;
  int loop_ = -1;
  std::string greeting_;  // Of a Redis.
  Template command_;      // For it.
  HttpRequest request_;
  GrpcRequest call_;
  std::vector<Row> rows_;
  std::size_t next_row_ = 0;
  Ids ids_;
  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t counting_from_ = 0;
  Histogram latency_;
  std::map<int, std::uint64_t> others_;
  std::string first_other_;
  std::FILE* answers_ = nullptr;
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
    else if (name == "--answers")
      o.answers = value;
    else if (name == "--redis")
      o.redis = value;
    else if (name == "--grpc")
      o.grpc = std::string_view(value) == "1";
    else if (name == "--connections")
      o.connections = std::atoi(value);
    else if (name == "--seconds")
      o.seconds = std::atof(value);
    else if (name == "--warmup")
      o.warmup = std::atof(value);
    else if (name == "--requests")
      o.requests = std::strtoull(value, nullptr, 10);
    else if (name == "--first-id")
      o.first_id = std::strtoull(value, nullptr, 10);
    else if (name == "--expect")
      o.expect = std::atoi(value);
    else
      die("unknown option " + name);
  }
  if (o.requests != 0) o.warmup = 0;
  if (o.port <= 0 || o.request.empty() || o.connections < 1 || o.connections > 10000)
    die("usage: load --port P --request FILE …");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  auto load = std::make_unique<Load>(options);
  return load->run();
}
