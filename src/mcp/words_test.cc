#include "mcp/words.h"

#include <gtest/gtest.h>

namespace molecule::mcp {
namespace {

TEST(Announced, TellsFactsAsStrings) {
  Item item;
  item.text = "<hello>";
  item.kind = "peer_agent";
  item.peer = *WorkspaceId::parse("00000000-0000-4000-8000-000000000001");
  item.peer_name = "Zoë<";
  item.method = "message/send";
  const std::string params = announced(item, false);
  EXPECT_NE(params.find(R"("peer_name":"Zoë")"), std::string::npos);
  EXPECT_NE(params.find("<hello>"), std::string::npos) << "what is said is told as it is";
  EXPECT_EQ(params.find("arrival_workspace_id"), std::string::npos);
  EXPECT_NE(announced(item, true).find("arrival_workspace_id"), std::string::npos);
}

}  // namespace
}  // namespace molecule::mcp
