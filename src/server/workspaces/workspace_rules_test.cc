#include "server/workspaces/workspace_rules.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::workspaces {
namespace {

NewWorkspace read_new(std::string_view body) {
  return checked(json::read<api::NewWorkspace>(body));
}
Change read_change(std::string_view body) {
  return checked(json::read<api::WorkspaceChange>(body));
}

// The code of the refusal, or "accepted".
template <class Read>
std::string refusal(Read read, std::string_view body) {
  try {
    read(body);
  } catch (const Fault& fault) {
    EXPECT_EQ(http_status(fault.kind()), 400) << body;
    EXPECT_FALSE(fault.text().empty());
    return fault.code();
  }
  return "accepted";
}

std::string with(std::string_view members) { return fmt::format(R"({{"name":"a",{}}})", members); }

TEST(NewWorkspaceBody, FillsWhatIsLeftOut) {
  NewWorkspace made = read_new(R"({"name":"writer"})");
  EXPECT_EQ(made.name, "writer");
  EXPECT_EQ(made.tier, 3);
  EXPECT_EQ(made.runtime, "langgraph");
  EXPECT_EQ(made.max_concurrent_tasks, 1);
  EXPECT_FALSE(made.delivery);
  EXPECT_FALSE(made.parent);
}

TEST(NewWorkspaceBody, ReadsEveryMember) {
  NewWorkspace made = read_new(
      R"({"name":"w","role":"writes","tier":0,"model":"m","runtime":"external","url":"https://a.example/x",
          "delivery_mode":"push","workspace_dir":"/srv/w","workspace_access":"read_only","budget_limit":0,
          "max_concurrent_tasks":-5,"canvas":{"x":1.5,"y":-2},"secrets":{"K":"v"},
          "parent_id":"0B0C0D0E-0000-4000-8000-000000000001","unknown":[1]})");
  EXPECT_EQ(made.tier, 3);
  EXPECT_EQ(made.delivery, Delivery::push);
  EXPECT_EQ(made.workspace_dir, "/srv/w");
  EXPECT_EQ(made.workspace_access, Access::read_only);
  EXPECT_EQ(made.budget_limit, 0);
  EXPECT_EQ(made.max_concurrent_tasks, 1);
  EXPECT_EQ(made.x, 1.5);
  EXPECT_EQ(made.y, -2);
  ASSERT_EQ(made.secrets.size(), 1u);
  EXPECT_EQ(made.secrets.at("K").reveal(), "v");
  EXPECT_EQ(made.parent->text(), "0b0c0d0e-0000-4000-8000-000000000001");
}

TEST(NewWorkspaceBody, TheFlagExternalChoosesTheRuntime) {
  EXPECT_EQ(read_new(with(R"("external":true)")).runtime, "external");
  EXPECT_EQ(read_new(with(R"("external":true,"runtime":"kimi")")).runtime, "kimi");
  EXPECT_EQ(read_new(with(R"("external":false)")).runtime, "langgraph");
}

TEST(NewWorkspaceBody, RefusesWhatIsWrongWithACode) {
  const std::string long_name(name_max + 1, 'n');
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "invalid_workspace_payload"},
      {"{", "invalid_workspace_payload"},
      {"[]", "invalid_workspace_payload"},
      {"{}", "invalid_workspace_payload"},
      {R"({"name":""})", "invalid_workspace_payload"},
      {R"({"name":"  "})", "invalid_workspace_payload"},
      {R"({"name":7})", "invalid_workspace_fields"},
      {R"({"name":"a\nb"})", "invalid_workspace_fields"},
      {R"({"name":"a|b"})", "invalid_workspace_fields"},
      {R"({"name":"a "})", "invalid_workspace_fields"},
      {R"({"name":"a\u200bb"})", "invalid_workspace_fields"},
      {R"({"name":"\u3164"})", "invalid_workspace_fields"},
      {with(R"("role":"a\u202eb")"), "invalid_workspace_fields"},
      {with(R"("role":"a\u200bb")"), "invalid_workspace_fields"},
      {with(R"("model":"a\u202eb")"), "invalid_workspace_fields"},
      {with(R"("runtime":"a\u202eb")"), "invalid_workspace_fields"},
      {fmt::format(R"({{"name":"{}"}})", long_name), "invalid_workspace_fields"},
      {with(R"("role":"!")"), "invalid_workspace_fields"},
      {with(R"("tier":5)"), "invalid_workspace_fields"},
      {with(R"("tier":-1)"), "invalid_workspace_fields"},
      {with(R"("tier":"3")"), "invalid_workspace_fields"},
      {with(R"("tier":2.5)"), "invalid_workspace_fields"},
      {with(R"("external":1)"), "invalid_workspace_fields"},
      {with(R"("url":"http://a.example")"), "invalid_workspace_fields"},
      {with(R"("delivery_mode":"carrier")"), "invalid_delivery_mode"},
      {with(R"("workspace_dir":"srv")"), "invalid_workspace_directory"},
      {with(R"("workspace_dir":"/srv/../etc")"), "invalid_workspace_directory"},
      {with(R"("workspace_dir":"/etc/x")"), "invalid_workspace_directory"},
      {with(R"("workspace_dir":"//./etc")"), "invalid_workspace_directory"},
      {with(R"("workspace_access":"root")"), "invalid_workspace_access"},
      {with(R"("workspace_access":"read_only")"), "invalid_workspace_access"},
      {with(R"("parent_id":"x")"), "workspace_reparent_invalid_parent_id"},
      {with(R"("budget_limit":-1)"), "invalid_workspace_fields"},
      {with(R"("max_concurrent_tasks":100000)"), "invalid_workspace_fields"},
      {with(R"("canvas":{"x":1})"), "invalid_workspace_fields"},
      {with(R"("canvas":{"x":1e8,"y":0})"), "invalid_workspace_fields"},
      {with(R"("canvas":[1,2])"), "invalid_workspace_fields"},
      {with(R"("secrets":{"K":1})"), "invalid_workspace_fields"},
      {with(R"("secrets":{"K":""})"), "invalid_workspace_fields"},
      {with(R"("template":"../x")"), "invalid_template"},
      {with(R"("template":"/x")"), "invalid_template"},
  };
  for (const auto& [body, code] : cases) EXPECT_EQ(refusal(read_new, body), code) << body;
}

TEST(NewWorkspaceBody, ARefusalNeverRepeatsASecret) {
  try {
    read_new(with(R"("secrets":{"KEY":["sensitive"]})"));
    FAIL() << "accepted";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.text().find("sensitive"), std::string::npos);
    EXPECT_NE(fault.text().find("KEY"), std::string::npos);
  }
}

TEST(ChangeBody, TellsClearingFromLeavingOut) {
  Change none = read_change("{}");
  EXPECT_FALSE(none.parent);
  EXPECT_FALSE(none.workspace_dir);
  Change cleared = read_change(R"({"parent_id":null,"workspace_dir":null})");
  ASSERT_TRUE(cleared.parent);
  EXPECT_FALSE(*cleared.parent);
  ASSERT_TRUE(cleared.workspace_dir);
  EXPECT_FALSE(*cleared.workspace_dir);
}

TEST(ChangeBody, NamesWhatOnlyAnOperatorMayChange) {
  EXPECT_TRUE(read_change(R"({"name":"n","role":"r","collapsed":true,"x":1,"y":2})")
                  .infrastructure()
                  .empty());
  std::vector<std::string> expected{"tier", "parent_id", "runtime", "workspace_dir"};
  EXPECT_EQ(read_change(R"({"tier":1,"parent_id":null,"runtime":"external","workspace_dir":null})")
                .infrastructure(),
            expected);
}

TEST(ChangeBody, RefusesWhatIsWrongWithACode) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nonsense", "invalid_request_body"},
      {"7", "invalid_request_body"},
      {R"({"tier":"2"})", "invalid_workspace_fields"},
      {R"({"tier":0})", "invalid_workspace_fields"},
      {R"({"name":""})", "invalid_workspace_payload"},
      {R"({"x":1})", "invalid_workspace_fields"},
      {R"({"collapsed":"yes"})", "invalid_workspace_fields"},
      {R"({"parent_id":7})", "workspace_reparent_invalid_parent_id"},
      {R"({"runtime":""})", "invalid_workspace_fields"},
  };
  for (const auto& [body, code] : cases) EXPECT_EQ(refusal(read_change, body), code) << body;
}

}  // namespace
}  // namespace molecule::workspaces
