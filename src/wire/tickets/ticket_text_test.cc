#include "wire/tickets/ticket_text.h"

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"

namespace molecule::tickets {
namespace {

struct Counting {
  std::uint8_t next = 0;
  void fill(std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = next++;
  }
};

TicketText sample(std::string url = "https://molecule.example") {
  TicketText ticket;
  IdBytes id{};
  id.fill(0x11);
  ticket.id = TicketId(id);
  ticket.secret = Secret(std::string(32, 'S'));
  ticket.key_digest.fill(0x22);
  ticket.platform_url = std::move(url);
  return ticket;
}

// With a check that fits.
std::string spelled(std::string_view bytes) {
  std::string text = std::string(ticket_prefix) + crypto::base64url_encode(crypto::bytes_of(bytes));
  auto check = crypto::check_of(text);
  return text.append(check.data(), check.size());
}

TEST(TicketText, HasTheDocumentedForm) {
  const TicketText ticket = sample();
  const std::string bytes = '\x01' + std::string(16, '\x11') + std::string(32, 'S') +
                            std::string(32, '\x22') + "https://molecule.example";
  EXPECT_EQ(ticket.text().reveal(), spelled(bytes));
  EXPECT_EQ(ticket.text().reveal().find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
                                                     "TUVWXYZ0123456789_-"),
            std::string::npos)
      << "no shell makes anything of it";
}

TEST(TicketText, RoundTrips) {
  for (std::string url : {std::string("h"), std::string("http://127.0.0.1:8080"),
                          "https://" + std::string(ticket_url_max - 8, 'a')}) {
    const TicketText ticket = sample(url);
    const Secret text = ticket.text();
    EXPECT_LE(text.reveal().size(), ticket_text_max);
    auto read = TicketText::parse(text.reveal());
    ASSERT_TRUE(read) << url;
    EXPECT_EQ(read->id, ticket.id);
    EXPECT_EQ(read->secret.reveal(), ticket.secret.reveal());
    EXPECT_EQ(read->key_digest, ticket.key_digest);
    EXPECT_EQ(read->platform_url, url);
    EXPECT_EQ(read->digest(), ticket.digest());
  }
}

TEST(TicketText, NoticesEveryWrongCharacterAndLength) {
  const std::string text(sample().text().reveal());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = text[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(TicketText::parse(changed)) << i;
    EXPECT_FALSE(TicketText::parse(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(TicketText::parse(text + "A"));
  EXPECT_FALSE(TicketText::parse(" " + text));
}

TEST(TicketText, RefusesOtherVersionsAndWhatIsTooShortOrTooLong) {
  const std::string body = std::string(80, 'x');
  EXPECT_TRUE(TicketText::parse(spelled('\x01' + body + "u")));
  EXPECT_FALSE(TicketText::parse(spelled('\x01' + body))) << "without a URL";
  EXPECT_FALSE(TicketText::parse(spelled('\x02' + body + "u")));
  EXPECT_FALSE(TicketText::parse(spelled("")));
  EXPECT_TRUE(TicketText::parse(spelled('\x01' + body + std::string(ticket_url_max, 'u'))));
  EXPECT_FALSE(TicketText::parse(spelled('\x01' + body + std::string(ticket_url_max + 3, 'u'))));
}

TEST(TicketText, NamesThePlatformByItsKey) {
  Counting random;
  const auto key = crypto::SigningKey::random(random).public_key();
  const auto other = crypto::SigningKey::random(random).public_key();
  TicketText ticket = sample();
  ticket.key_digest = crypto::sha256(crypto::Bytes(key.bytes));
  EXPECT_TRUE(ticket.names(key));
  EXPECT_FALSE(ticket.names(other));
  EXPECT_EQ(ticket.fingerprint(), crypto::fingerprint(key));
}

TEST(TicketText, StatementsSayWhatTheyAreFor) {
  const TicketId id = sample().id;
  EXPECT_EQ(proof_statement(id, 12),
            "23:molecule ticket proof 136:11111111-1111-1111-1111-1111111111112:12");
  const std::string answer = answer_statement(id, crypto::PublicKey{}, WorkspaceId(id.bytes()));
  EXPECT_EQ(answer,
            "24:molecule ticket answer 136:11111111-1111-1111-1111-11111111111143:"
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA36:11111111-1111-1111-1111-111111111111");
}

}  // namespace
}  // namespace molecule::tickets
