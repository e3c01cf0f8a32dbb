#include "server/attachments/attachments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/attachments/attachments_store.h"
#include "server/attachments/mentions.h"
#include "server/attachments/naming.h"
#include "server/attachments/unnamed.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::attachments {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view one = "11111111-2222-4333-8444-555555555555";
constexpr std::string_view two = "99999999-2222-4333-8444-555555555555";

template <class I>
I id(std::string_view text) {
  return *I::parse(text);
}

TEST(NamedIn, FindsUrisAndPlacesHoweverTheyAreSpelled) {
  const auto uri = fmt::format("platform-pending:{}/{}", one, two);
  EXPECT_THAT(named_in(R"({"uri":")" + uri + "\"} " + uri, 9), ElementsAre(id<AttachmentId>(two)));
  EXPECT_THAT(named_in(fmt::format(R"("platform-pending:{}\/{}")", one, one), 9),
              ElementsAre(id<AttachmentId>(one)));
  EXPECT_THAT(named_in(fmt::format("http://x/workspaces/{}/attachments/{}", one, two), 9),
              ElementsAre(id<AttachmentId>(two)));
  for (const std::string& none : {std::string("platform-pending:"), uri.substr(0, uri.size() - 1),
                                  fmt::format("/workspaces/{}/secrets/{}", one, two),
                                  "platform-pending:" + std::string(80, 'x')})
    EXPECT_THAT(named_in(none, 9), IsEmpty()) << none;
  std::string many;
  for (char c : std::string_view("123456789abc"))
    many += fmt::format("platform-pending:{}/{}{}", one, c, two.substr(1));
  EXPECT_EQ(named_in(many, 11).size(), 11u);
}

TEST(PlaceOf, IsTheReadersOwn) {
  const std::string uri = uri_of(id<WorkspaceId>(one), id<AttachmentId>(two));
  EXPECT_EQ(place_of(uri, id<WorkspaceId>(two)),
            fmt::format("/workspaces/{}/attachments/{}", two, two));
  for (const std::string& none : {uri + "/x", uri + "?x", "x" + uri, std::string("https://x/y")})
    EXPECT_EQ(place_of(none, id<WorkspaceId>(two)), std::nullopt) << none;
}

TEST(MediaType, IsToldByTheBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(media_type_of("\x89PNG\r\n\x1a\n...", "a.txt", "text/plain"), "image/png");
  EXPECT_EQ(media_type_of("RIFF....WEBPVP8", "a", ""), "image/webp");
  EXPECT_EQ(media_type_of("....    WEBP", "a", ""), "text/plain");
  EXPECT_EQ(media_type_of("<script>", "a.png", "image/png"), "text/plain");
  EXPECT_EQ(media_type_of("<script>", "a.html", "text/plain"), "text/html");
  EXPECT_EQ(media_type_of("PK\x03\x04", "a.docx", "application/vnd.x"), "application/vnd.x");
  EXPECT_EQ(media_type_of("PK\x03\x04", "a.docx", "image/png"), "application/zip");
  EXPECT_EQ(media_type_of("\0\1\2"sv, "a", "image/png"), "application/octet-stream");
  EXPECT_EQ(media_type_of("\0\1\2"sv, "a", "video/x-own; a=b"), "video/x-own");
  EXPECT_EQ(media_type_of("\0\1\2"sv, "a", "video/x\r\nSet-Cookie: a"), "application/octet-stream");
  EXPECT_EQ(media_type_of("", "a.txt", ""), "application/octet-stream");
}

class Naming : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
  }
  AttachmentId file_of(WorkspaceId workspace) {
    const auto file = random.id<AttachmentId>();
    write([&](sql::Tx& tx) {
      tx.run(store::insert, file, workspace, sql::BytesView(crypto::sha256("x")), 1, "a", "b",
             clock.now(), clock.now() + pending_for);
      tx.run(store::add_total, workspace, 1);
      return 0;
    });
    return file;
  }
  void sends(std::optional<WorkspaceId> from, WorkspaceId to, const std::string& body) {
    messages::NewMessage message;
    message.source = from;
    message.target = to;
    const std::string words = '"' + body + '"';
    message.body = body.starts_with('{') ? body : words;
    write([&](sql::Tx& tx) {
      mentions.accepted(tx, message, {++seq, {}, clock.now()}, messages::State::open);
      return 0;
    });
  }
  bool sees(WorkspaceId workspace, AttachmentId file) {
    return read([&](sql::Read& read) {
      return read.optional(store::seen_by, file, workspace).has_value();
    });
  }
  std::size_t due() {
    return read([&](sql::Read& from) { return from.all(store::due, clock.now(), 10).size(); });
  }
  // How many nothing names; their rows are gone then.
  std::size_t taken() {
    return write([&](sql::Tx& tx) {
      return take_unnamed(tx, tx.all(store::due, clock.now(), 10), clock.now() + 24h).size();
    });
  }
  std::int64_t total(WorkspaceId workspace) {
    return read(
        [&](sql::Read& from) { return from.optional(store::total, workspace).value_or(0); });
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Mentions mentions{clock};
  std::int64_t seq = 0;
  const WorkspaceId a = random.id<WorkspaceId>(), b = random.id<WorkspaceId>(),
                    c = random.id<WorkspaceId>();
};

TEST_P(Naming, SharesWhatTheSenderMaySeeAndNothingElse) {
  const AttachmentId file = file_of(a);
  sends(c, b, uri_of(a, file));
  EXPECT_FALSE(sees(b, file)) << "its sender may not see it";
  sends(a, b, uri_of(a, file));
  EXPECT_TRUE(sees(b, file));
  EXPECT_FALSE(sees(c, file));
  sends(b, c, uri_of(a, file));
  EXPECT_TRUE(sees(c, file)) << "who may see it may pass it on";
  sends(std::nullopt, c, uri_of(a, random.id<AttachmentId>()));
}

TEST_P(Naming, AMessageWithAFileThatItsSenderDoesNotHaveIsRefused) {
  const AttachmentId file = file_of(a);
  auto with_part = [&](AttachmentId named) {
    return fmt::format(
        R"({{"params":{{"message":{{"parts":[{{"kind":"file","file":{{"uri":"{}"}}}}]}}}}}})",
        uri_of(a, named));
  };
  auto code = [&](std::optional<WorkspaceId> from, const std::string& body) -> std::string {
    try {
      sends(from, b, body);
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  };
  EXPECT_EQ(code(c, with_part(file)), "attachment_unknown") << "it is another's";
  EXPECT_EQ(code(a, with_part(random.id<AttachmentId>())), "attachment_unknown");
  EXPECT_EQ(code(std::nullopt, with_part(random.id<AttachmentId>())), "attachment_unknown");
  EXPECT_FALSE(sees(b, file));
  EXPECT_EQ(code(a, with_part(file)), "");
  EXPECT_TRUE(sees(b, file));
}

TEST_P(Naming, AnswersAndReportsShareToo) {
  messages::Message message;
  message.seq = 1;
  message.source = a;
  message.target = b;
  messages::Outcome outcome;
  const AttachmentId made = file_of(b);
  outcome.body = RawJson(uri_of(b, made));
  activity::NewReport report;
  report.workspace = a;
  report.source = c;
  const AttachmentId other = file_of(c);
  report.response_body = RawJson(uri_of(c, other));
  write([&](sql::Tx& tx) {
    mentions.ended(tx, message, outcome);
    mentions.reported(tx, report, {2, {}, clock.now()});
    return 0;
  });
  EXPECT_TRUE(sees(a, made));
  EXPECT_TRUE(sees(a, other));
}

TEST_P(Naming, KeepsAFileAsLongAsItIsNamed) {
  const AttachmentId named = file_of(a), forgotten = file_of(a);
  sends(a, b, uri_of(a, named));
  EXPECT_EQ(taken(), 0u) << "a message may still be written";
  EXPECT_EQ(total(a), 2);
  clock.advance(25h);
  EXPECT_EQ(taken(), 1u);
  EXPECT_EQ(total(a), 1);
  EXPECT_FALSE(sees(a, forgotten));
  EXPECT_TRUE(sees(b, named));
  EXPECT_EQ(due(), 0u) << "what is named is not looked at again and again";
  clock.advance(25h);
  EXPECT_EQ(taken(), 0u);
  write([&](sql::Tx& tx) {
    mentions.erased(tx, seq);
    return 0;
  });
  EXPECT_EQ(taken(), 1u) << "as soon as nothing names it";
  EXPECT_EQ(total(a), 0);
  EXPECT_FALSE(sees(b, named));
}

TEST_P(Naming, GoesWithRowsThatRetentionTook) {
  file_of(a);
  const AttachmentId named = file_of(a);
  sends(a, b, uri_of(a, named));
  clock.advance(25h);
  EXPECT_EQ(taken(), 1u);
  write([&](sql::Tx& tx) {
    tx.run(store::look_pruned, 0, seq);
    tx.run(store::forget_pruned, 0, seq);
  });
  EXPECT_EQ(taken(), 1u);
}

TEST_P(Naming, APurgedWorkspaceLeavesWhatOthersWereGiven) {
  const AttachmentId own = file_of(a), given = file_of(a);
  sends(std::nullopt, a, uri_of(a, own));
  sends(a, b, uri_of(a, given));
  write([&](sql::Tx& tx) {
    mentions.purged(tx, std::vector{a});
    return 0;
  });
  EXPECT_EQ(taken(), 1u);
  EXPECT_TRUE(sees(b, given));
}

TEST_P(Naming, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::insert);
  check(store::find);
  check(store::seen_by);
  check(store::pending);
  check(store::ack);
  check(store::total);
  check(store::mention);
  check(store::forget);
  check(store::slice);
  check(store::forget_pruned);
  check(store::look_named);
  check(store::parties);
  check(store::look_pruned);
  check(store::look_read);
  check(store::look_later);
  check(store::due);
  check(store::mentioned);
  check(store::add_total);
  check(store::erase_total);
  check(store::erase);
  check(store::named);
  check(store::expire_all);
  check(store::forget_reader);
}

EACH_DATABASE(Naming);

}  // namespace
}  // namespace molecule::attachments
