#include "cli/shell.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/escapes.h"
#include "cli/find.h"
#include "cli/input_feed.h"
#include "client/refusal.h"
#include "platform/files/descriptor.h"
#include "platform/io/aside.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/net/socket.h"
#include "platform/process/environment.h"
#include "platform/process/raw_terminal.h"
#include "platform/process/terminal.h"
#include "wire/api/terminals.h"

namespace molecule::cli {
namespace {

using Opcode = http::Frame::Opcode;
using namespace std::chrono_literals;

constexpr std::size_t message_max = 1u << 20;
constexpr std::int64_t window = 1 << 20;          // Of output that is under way.
constexpr std::uint64_t taken_step = 128u << 10;  // Taken is told in steps.
constexpr auto look_again = 30s;
constexpr std::string_view help = "\r\n~.  leaves\r\n~~  types a tilde\r\n~?  says this\r\n";

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw internal("no pipe can be made");
    reads = files::Descriptor(ends[0]);
    writes = files::Descriptor(ends[1]);
  }
  files::Descriptor reads, writes;
};

// All of it, waiting for whoever takes it. False when nobody does.
bool put(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd watched{descriptor, POLLOUT, 0};
      ::poll(&watched, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Ends the others when one of them ends, however it does.
struct EndsAll {
  io::Scope& scope;
  ~EndsAll() { scope.cancel(); }
};

class Shell {
 public:
  Shell(http::FrameSocket& socket, io::Loop& loop, bool terminal)
      : socket_(socket), loop_(loop), terminal_(terminal) {}

  io::Task<int> run(std::string command);

 private:
  io::Task<void> hear(io::Scope& scope);
  io::Task<void> type(io::Scope& scope);
  io::Task<void> tell_sizes(net::Stream& changes);
  io::Task<void> show(std::string_view bytes);
  io::Task<void> say(const api::TerminalWord& word) {
    const std::string text = json::text(word);
    co_await socket_.send(Opcode::text, text);
  }
  void take(const api::TerminalWord& word);

  http::FrameSocket& socket_;
  io::Loop& loop_;
  const bool terminal_;
  io::Aside hands_;  // What waits for who reads our output.
  Escapes escapes_;
  std::optional<std::int64_t> status_;
  std::optional<Fault> trouble_;
  bool left_ = false;
  std::uint64_t shown_ = 0;
  std::uint64_t told_ = 0;  // Of it, to the platform.
  std::uint64_t typed_ = 0;
  std::uint64_t passed_ = 0;  // Of it, to the program.
  std::uint64_t may_wait_ = 0;
  io::Signal passed_more_;
};

void Shell::take(const api::TerminalWord& word) {
  const std::string reason = word.reason.value_or("");
  if (word.type == "started") {
    may_wait_ = static_cast<std::uint64_t>(std::max<std::int64_t>(word.window.value_or(0), 1));
    passed_more_.notify();
  } else if (word.type == "taken") {
    passed_ = static_cast<std::uint64_t>(word.bytes.value_or(0));
    passed_more_.notify();
  } else if (word.type == "exit") {
    if (word.status) status_ = *word.status;
    if (!reason.empty()) trouble_ = Fault(Kind::unavailable, "terminal_closed", reason);
  } else if (word.type == "error") {
    trouble_ = Fault(Kind::unavailable, "terminal_unavailable", reason);
  }
}

io::Task<void> Shell::show(std::string_view bytes) {
  int descriptor = STDOUT_FILENO;
  if (!terminal_ && !bytes.empty()) {
    if (bytes.front() == api::terminal_errors) descriptor = STDERR_FILENO;
    bytes.remove_prefix(1);
  }
  const auto write = [descriptor, bytes] { return put(descriptor, bytes); };
  const bool taken = co_await hands_.run(write);
  if (!taken) throw Fault(Kind::internal, "output_closed", "nobody reads the output any more");
  shown_ += bytes.size();
  if (shown_ - told_ < taken_step) co_return;
  told_ = shown_;
  api::TerminalWord word{"taken"};
  word.bytes = static_cast<std::int64_t>(shown_);
  co_await say(word);
}

io::Task<void> Shell::hear(io::Scope& scope) {
  EndsAll all{scope};
  try {
    for (;;) {
      const auto frame = co_await socket_.receive();
      if (!frame) break;
      if (frame->opcode == Opcode::binary) {
        co_await show(frame->payload);
      } else {
        take(json::read<api::TerminalWord>(frame->payload));
      }
    }
  } catch (const Fault& fault) {
    if (!left_ && !trouble_)
      trouble_ = fault.code() == "output_closed"
                     ? fault
                     : Fault(Kind::unavailable, "terminal_closed",
                             "the connection to the platform was lost: " + fault.text());
  }
}

io::Task<void> Shell::type(io::Scope& scope) {
  InputFeed feed(loop_, STDIN_FILENO);
  for (;;) {
    std::string piece = co_await feed.next();
    if (piece.empty()) break;
    if (terminal_) piece = escapes_.passed(piece);
    if (escapes_.asks()) {
      const auto write = [] { return put(STDERR_FILENO, help); };
      co_await hands_.run(write);
    }
    while (typed_ - passed_ >= may_wait_) co_await passed_more_.wait(look_again);
    typed_ += piece.size();
    if (!piece.empty()) co_await socket_.send(Opcode::binary, piece);
    if (escapes_.leaves()) break;
  }
  if (!terminal_) {
    const api::TerminalWord word{"end"};
    co_await say(word);
    co_return;
  }
  // The terminal is gone, or was left.
  left_ = true;
  scope.cancel();
}

io::Task<void> Shell::tell_sizes(net::Stream& changes) {
  std::array<char, 64> some{};
  for (;;) {
    co_await changes.read(std::span(some));
    const auto size = process::terminal_size(STDOUT_FILENO);
    if (!size) continue;
    api::TerminalWord word{"resize"};
    word.cols = size->columns;
    word.rows = size->rows;
    co_await say(word);
  }
}

io::Task<int> Shell::run(std::string command) {
  api::TerminalWord start{"start"};
  if (!command.empty()) start.command = std::move(command);
  start.terminal = terminal_;
  start.window = window;
  if (terminal_) {
    const auto size = process::terminal_size(STDOUT_FILENO).value_or(process::TerminalSize{});
    start.cols = size.columns;
    start.rows = size.rows;
    start.term = process::environment("TERM").value_or("xterm-256color");
  }
  co_await say(start);
  const io::Context here = co_await io::context();
  {
    io::Scope scope(loop_, {}, here.cancellation);
    Pipe resized;
    std::unique_ptr<net::Socket> changes;
    std::optional<process::RawTerminal> raw;
    if (terminal_) {
      raw.emplace(STDIN_FILENO, resized.writes.get());
      changes = net::Socket::adopt(loop_, ::fcntl(resized.reads.get(), F_DUPFD_CLOEXEC, 3), "size");
      scope.spawn("sizes", tell_sizes(*changes));
    }
    scope.spawn("what is said", hear(scope));
    scope.spawn("what is typed", type(scope));
    co_await scope.join();
  }
  co_await socket_.finish(1000);
  if (left_) co_return 0;
  if (trouble_) throw Fault(*trouble_);
  if (!status_)
    throw Fault(Kind::unavailable, "terminal_closed", "the platform closed the connection");
  co_return static_cast<int>(*status_);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& each : words) out += (out.empty() ? "" : " ") + each;
  return out;
}

io::Task<std::unique_ptr<http::FrameSocket>> open(Session& session, std::string path) {
  client::Operator& platform = session.platform();
  http::FrameSocket::Options options;
  options.message_max = message_max;
  std::optional<client::Answer> refused;
  try {
    co_return co_await platform.platform().open_socket(platform.credential(), path, options);
  } catch (const http::WebSocketRefused& refusal) {
    refused.emplace();
    refused->status = refusal.status();
    refused->body = refusal.answer();
  }
  throw client::refusal(*refused);
}

}  // namespace

io::Task<int> run_shell(Session& session, const Given& given) {
  const WorkspaceId id = co_await find_workspace(session, given.text("workspace"));
  // Where our output is no terminal, the bytes are to be those of the program.
  const bool terminal = process::is_terminal(STDIN_FILENO) && process::is_terminal(STDOUT_FILENO);
  // Who reads our output may leave; that is told by what cannot be written.
  ::signal(SIGPIPE, SIG_IGN);
  auto socket =
      co_await open(session, fmt::format("/workspaces/{}/terminal?start=later", id.text()));
  const io::Context here = co_await io::context();
  Shell shell(*socket, *here.loop, terminal);
  co_return co_await shell.run(joined(given.all("command")));
}

}  // namespace molecule::cli
