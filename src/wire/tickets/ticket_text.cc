#include "wire/tickets/ticket_text.h"

#include <algorithm>

#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"

namespace molecule::tickets {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t secret_size = 32;
constexpr std::size_t key_at = 1 + 16 + secret_size;
constexpr std::size_t url_at = key_at + 32;

// Base64url without padding, rounded up.
constexpr std::size_t encoded_size(std::size_t bytes) { return (bytes * 4 + 2) / 3; }
static_assert(ticket_text_max ==
              ticket_prefix.size() + encoded_size(url_at + ticket_url_max) + crypto::check_size);

}  // namespace

Secret TicketText::text() const {
  std::vector<std::uint8_t> bytes{version};
  bytes.reserve(url_at + platform_url.size());
  bytes.insert(bytes.end(), id.bytes().begin(), id.bytes().end());
  const crypto::Bytes hidden = crypto::bytes_of(secret.reveal());
  bytes.insert(bytes.end(), hidden.begin(), hidden.end());
  bytes.insert(bytes.end(), key_digest.begin(), key_digest.end());
  bytes.insert(bytes.end(), platform_url.begin(), platform_url.end());
  std::string text(ticket_prefix);
  text.reserve(ticket_text_max);
  const Secret middle(crypto::base64url_encode(bytes));
  crypto::wipe(bytes);
  text += middle.reveal();
  const auto check = crypto::check_of(text);
  text.append(check.data(), check.size());
  return Secret(std::move(text));
}

std::optional<TicketText> TicketText::parse(std::string_view text) {
  if (text.size() > ticket_text_max || !text.starts_with(ticket_prefix) ||
      text.size() < ticket_prefix.size() + crypto::check_size)
    return std::nullopt;
  const std::string_view checked = text.substr(0, text.size() - crypto::check_size);
  const auto check = crypto::check_of(checked);
  if (text.substr(checked.size()) != std::string_view(check.data(), check.size()))
    return std::nullopt;
  auto bytes = crypto::base64url_decode(checked.substr(ticket_prefix.size()));
  if (!bytes || bytes->size() <= url_at || bytes->front() != version) return std::nullopt;
  const std::string_view raw = crypto::text_of(*bytes);
  TicketText ticket;
  IdBytes id{};
  std::copy_n(bytes->begin() + 1, id.size(), id.begin());
  ticket.id = TicketId(id);
  ticket.secret = Secret(std::string(raw.substr(key_at - secret_size, secret_size)));
  std::copy_n(bytes->begin() + key_at, ticket.key_digest.size(), ticket.key_digest.begin());
  ticket.platform_url = raw.substr(url_at);
  crypto::wipe(*bytes);
  return ticket;
}

std::string TicketText::fingerprint() const {
  return std::string(crypto::fingerprint_prefix) + crypto::base64url_encode(key_digest);
}

bool TicketText::names(const crypto::PublicKey& platform_key) const {
  return crypto::sha256(crypto::Bytes(platform_key.bytes)) == key_digest;
}

std::string proof_statement(TicketId ticket, std::int64_t attempt) {
  return crypto::statement({"molecule ticket proof 1", ticket.text(), std::to_string(attempt)});
}

std::string answer_statement(TicketId ticket, const crypto::PublicKey& agent,
                             WorkspaceId workspace) {
  return crypto::statement(
      {"molecule ticket answer 1", ticket.text(), crypto::text_of(agent), workspace.text()});
}

}  // namespace molecule::tickets
