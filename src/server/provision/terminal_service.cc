// Terminals of agents: who may have one, and what is written down of it. An agent's token is among
// the files that are seen from there, which is why a key needs scope admin.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/socket.h"
#include "server/provision/provision_service.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t command_max = 16u << 10;
constexpr std::size_t kind_max = 64;
constexpr std::int64_t window_least = 4 << 10;
constexpr auto end_step = 20ms;
constexpr auto to_end = 3s;
constexpr std::uint16_t close_ended = 1000, close_policy = 1008, close_failed = 1011;
constexpr std::size_t close_reason_max = 120;  // A control frame has 125 bytes.

bool is_kind(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-+._").contains(c);
  };
  return !name.empty() && name.size() <= kind_max && std::ranges::all_of(name, fits);
}

std::string cut(std::string_view text) {
  text = text.substr(0, close_reason_max);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U)
    text.remove_suffix(1);
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

// A terminal from when it was asked for.
struct Service::Opening {
  std::string terminal_id;
  std::string who;
  std::string address;
  std::unique_ptr<Terminals::Seat> seat;
  Order order;
  Shell shell;
  Manner manner;
};

io::Task<http::Response> Service::terminal(auth::Admin::Caller caller, WorkspaceId id,
                                           http::Query<TerminalQuery> query,
                                           const http::Request& request) {
  io::Context here = co_await io::context();
  auto opening = std::make_unique<Opening>();
  opening->shell.size = size_of(query.value.cols, query.value.rows);
  opening->manner.told = query.value.start == "later";
  // Before its row is read: whoever removes it afterwards finds that somebody sits here.
  opening->seat = std::make_unique<Terminals::Seat>(terminals_, *here.loop, id);
  auto look = [this, id](sql::Read& read) {
    const workspaces::Row workspace = parts_.table.live(read, id);
    const auto row = read.optional(store::find, id);
    if (!row) throw not_here();
    if (row->machine != machine_) throw elsewhere(*row);
    return order_of(workspace, *row);
  };
  opening->order = co_await parts_.db.read(look);
  if (!on()) throw Fault(Kind::unavailable, "provisioner_unavailable", settings_.why_off);
  if (!driver_)
    throw Fault(Kind::unavailable, "provisioner_unavailable", "the platform is just starting");
  if (!sandbox::makes_terminals())
    throw Fault(Kind::unavailable, "terminal_unavailable",
                "this machine makes no terminals: /dev/ptmx cannot be used");
  opening->terminal_id = parts_.random.id<Id<struct TerminalTag>>().text();
  opening->who = caller.actor();
  opening->address = std::string(request.peer);
  http::Response response;
  // A browser that carried its token as a subprotocol needs the fixed one confirmed.
  const auto offered = request.header("Sec-WebSocket-Protocol");
  if (offered && offered->find("molecule-ws") != std::string_view::npos)
    response.subprotocol = "molecule-ws";
  response.socket = [this, opening = std::move(opening)](http::WebSocket& socket) {
    return serve_terminal(socket, *opening);
  };
  co_return response;
}

io::Task<void> Service::serve_terminal(http::WebSocket& socket, Opening& opening) {
  const WorkspaceId id = opening.order.id;
  if (opening.manner.told) {
    auto first = co_await io::within(terminals_.bounds().to_start, socket.receive());
    const auto word = first ? word_of(first->payload) : std::nullopt;
    const std::string kind = word ? word->term.value_or("xterm-256color") : "";
    if (!word || word->type != "start" || word->command.value_or("").size() > command_max ||
        word->command.value_or("").contains('\0') || !is_kind(kind)) {
      co_await socket.close(close_policy, "the first message has to be a start");
      co_return;
    }
    opening.shell.command = word->command.value_or("");
    opening.shell.terminal = word->terminal.value_or(true);
    opening.shell.kind = kind;
    opening.manner.terminal = opening.shell.terminal;
    const auto window = word->window.value_or(0);
    if (window > 0)
      opening.manner.window = static_cast<std::size_t>(std::max(window, window_least));
    const auto size = [](std::int64_t wanted) { return std::clamp<std::int64_t>(wanted, 1, 1000); };
    if (word->cols) opening.shell.size.columns = size(*word->cols);
    if (word->rows) opening.shell.size.rows = size(*word->rows);
  } else {
    opening.shell.kind = "xterm-256color";
  }

  auto opened = [&](sql::Tx& tx) {
    parts_.table.live(tx, id);
    parts_.log.append(tx, events::event<events::Type::TERMINAL_OPENED>(
                              id, {opening.terminal_id, opening.who, opening.address}));
  };
  co_await parts_.db.write(opened);
  log::info("terminal opened", log::field("workspace", id), log::field("who", opening.who),
            log::field("terminal", opening.terminal_id));
  const auto began = parts_.clock.monotonic();
  Sitting::Outcome outcome;
  std::exception_ptr failure;
  try {
    outcome = co_await sit(socket, opening);
  } catch (const Fault& fault) {
    outcome.why = fault.text();
    failure = std::current_exception();
  }
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.monotonic() - began);
  events::TerminalClosed closing;
  closing.terminal_id = opening.terminal_id;
  closing.who = opening.who;
  closing.seconds = seconds.count();
  if (outcome.status) closing.status = *outcome.status;
  if (!outcome.why.empty()) closing.reason = outcome.why;
  auto closed = [&](sql::Tx& tx) {
    parts_.log.append(tx, events::event<events::Type::TERMINAL_CLOSED>(id, closing));
  };
  co_await parts_.db.write(closed);
  log::info("terminal closed", log::field("workspace", id), log::field("who", opening.who),
            log::field("terminal", opening.terminal_id), log::field("reason", outcome.why));
  if (failure) std::rethrow_exception(failure);
}

io::Task<sandbox::Attendant> Service::attendant_for(Opening& opening) {
  const auto start = [this, &opening] { return driver_->attend(opening.order, opening.shell); };
  co_return co_await supervisor_.aside(start);
}

io::Task<Sitting::Outcome> Service::sit(http::WebSocket& socket, Opening& opening) {
  io::Context here = co_await io::context();
  Sitting::Outcome outcome;
  std::optional<sandbox::Attendant> attendant;
  try {
    attendant.emplace(co_await attendant_for(opening));
  } catch (const Fault& fault) {
    outcome.why = fault.text();
    outcome.refused = true;
  }
  if (attendant) {
    const auto link = net::Socket::adopt(*here.loop, attendant->take_link(), "attendant");
    Sitting sitting({socket, *link, parts_.clock, terminals_.bounds()}, opening.manner);
    outcome = co_await sitting.run(*opening.seat);
    link->close();
  }
  if (!outcome.left) {
    const bool ended = outcome.status && outcome.why.empty();
    if (opening.manner.told) {
      api::TerminalWord word{outcome.refused ? "error" : "exit"};
      if (outcome.status) word.status = *outcome.status;
      if (!outcome.why.empty()) word.reason = outcome.why;
      co_await socket.send(http::Frame::Opcode::text, json::text(word));
    } else if (!ended) {
      co_await socket.send(http::Frame::Opcode::text, fmt::format("Error: {}\r\n", outcome.why));
    }
    const std::string reason =
        ended ? fmt::format("ended with status {}", *outcome.status) : cut(outcome.why);
    const std::uint16_t code = ended ? close_ended : outcome.refused ? close_failed : close_policy;
    co_await socket.close(code, reason);
  }
  // Its place is free once nothing of it runs any more.
  const auto until = parts_.clock.monotonic() + to_end;
  while (attendant && !attendant->ended()) {
    if (parts_.clock.monotonic() > until) attendant->kill();
    co_await io::sleep(end_step);
  }
  co_return outcome;
}

}  // namespace molecule::provision
