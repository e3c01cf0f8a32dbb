#include "join/redeem.h"

#include <algorithm>
#include <charconv>

#include "client/platform.h"
#include "join/belongings.h"
#include "platform/crypto/encoding.h"
#include "platform/files/files.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/url.h"
#include "wire/api/tickets.h"
#include "wire/tickets/ticket_text.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

client::Answer post(const std::string& url, const std::string& body, const std::string& ca_file,
                    const io::Clock& clock, io::Random& random) {
  io::Loop loop;
  client::Platform platform(url, ca_file, clock, random);
  client::Ask what;
  what.method = http::Method::post;
  what.path = "/tickets/redeem";
  what.body = body;
  what.patience = 0s;
  auto ask = [&]() -> io::Task<client::Answer> {
    auto answer = co_await platform.ask(what);
    platform.close();
    co_return answer;
  };
  try {
    return io::run(loop, ask());
  } catch (const Fault& fault) {
    if (fault.code() != "platform_unreachable") throw;
    throw Fault(Kind::unavailable, "not_reachable",
                fmt::format("no platform answers where the ticket says: {}", fault.text()));
  }
}

[[noreturn]] void refuse(const client::Answer& answer, const std::string& at) {
  const std::string reason = answer.word("error");
  if (reason.empty()) {
    throw Fault(Kind::unavailable, "not_a_platform",
                fmt::format("what answers at {}, which the ticket names, is no Molecule platform "
                            "(status {}): a proxy, or the login page of a network",
                            at, answer.status));
  }
  const Kind kind = answer.status >= 500 ? Kind::unavailable : Kind::forbidden;
  std::string code = answer.code();
  if (code.empty()) code = "ticket_refused";
  throw Fault(kind, std::move(code), reason);
}

// Higher than every one before, also when the clock was set back in between; kept before it is
// used.
std::int64_t next_attempt(const fs::path& kept, const io::Clock& clock) {
  std::int64_t last = 0;
  if (const auto text = files::read(kept))
    std::from_chars(text->data(), text->data() + text->size(), last);
  const std::int64_t next = std::max(clock.now().micros() / 1000, last + 1);
  files::write_private(kept, std::to_string(next));
  return next;
}

api::TicketRedeemed checked(const client::Answer& answer, const tickets::TicketText& ticket,
                            const crypto::PublicKey& own) {
  auto redeemed = json::read<api::TicketRedeemed>(answer.body);
  const auto key = crypto::public_key_from(std::string_view(redeemed.platform_key));
  const auto signature = crypto::base64url_decode(redeemed.signature);
  const bool proven =
      key && ticket.names(*key) && signature &&
      crypto::verify(*key, tickets::answer_statement(ticket.id, own, redeemed.workspace_id),
                     *signature);
  if (!proven) {
    throw Fault(Kind::forbidden, "platform_key_wrong",
                fmt::format("what answers at {} does not hold the key {}, which the ticket names: "
                            "it is another platform",
                            ticket.platform_url, ticket.fingerprint()));
  }
  return redeemed;
}

}  // namespace

Joinable redeem(const std::string& text, const fs::path& state, const std::string& name,
                const std::string& ca_file, const io::Clock& clock, io::Random& random) {
  const auto ticket = tickets::TicketText::parse(text);
  if (!ticket)
    throw bad_request("ticket_invalid",
                      "this is no ticket, or a part of it is missing: it is one line that begins "
                      "with mjt_");
  const fs::path folder = state / "join" / "tickets" / ticket->id.text();
  files::make_private_directory(folder);
  // Two at once would each make the other's token void.
  const process::DirectoryLock lock(folder);
  const fs::path done = folder / "workspace";
  if (auto known = files::read(done)) {
    if (auto workspace = WorkspaceId::parse(*known)) return {*workspace, ticket->platform_url};
  }
  // Before anything is asked: whoever asks again shows the same key.
  const auto key = crypto::load_or_create_signing_key(folder / "agent_key", random);
  const std::int64_t attempt = next_attempt(folder / "attempt", clock);
  api::Redemption body;
  body.ticket = text;
  body.agent_key = crypto::text_of(key.public_key());
  body.proof = crypto::base64url_encode(key.sign(tickets::proof_statement(ticket->id, attempt)));
  body.attempt = attempt;
  if (!name.empty()) body.name = name;
  const client::Answer answer =
      post(ticket->platform_url, json::text(body), ca_file, clock, random);
  if (answer.status != 201) refuse(answer, net::Url::parse(ticket->platform_url).origin());
  const api::TicketRedeemed redeemed = checked(answer, *ticket, key.public_key());
  {
    Belongings belongings(state, redeemed.workspace_id);
    belongings.keep_token(Secret(redeemed.auth_token));
    belongings.keep_fingerprint(ticket->fingerprint());
    belongings.keep_key(key);
  }
  files::write_private(done, redeemed.workspace_id.text());
  log::info("the ticket is redeemed", log::field("workspace", redeemed.workspace_id.text()),
            log::field("name", redeemed.name));
  return {redeemed.workspace_id, ticket->platform_url};
}

}  // namespace molecule::join
