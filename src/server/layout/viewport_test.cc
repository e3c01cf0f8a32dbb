#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "server/layout/viewport_service.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::layout {
namespace {

auth::Operator::Caller admin() {
  http::Principal principal;
  principal.kind = static_cast<int>(auth::Who::admin_token);
  return auth::Operator::prove(principal);
}

class Viewports : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    service.emplace(db(), clock);
  }
  void TearDown() override {
    service.reset();
    EachDatabase::TearDown();
  }
  api::KeptViewport kept() { return run(service->viewport(admin())); }
  void keep(double x, double y, double zoom) {
    run(service->keep(admin(), api::Viewport{x, y, zoom}));
  }
  void expect_kept(double x, double y, double zoom) {
    api::KeptViewport now = kept();
    EXPECT_EQ(now.x, x);
    EXPECT_EQ(now.y, y);
    EXPECT_EQ(now.zoom, zoom);
  }

  test::ManualClock clock;
  std::optional<Service> service;
};

TEST_P(Viewports, UntilOneIsKeptItIsTheOriginAndSaysSo) {
  expect_kept(0, 0, 1);
  EXPECT_FALSE(kept().saved_at.has_value());
}

TEST_P(Viewports, TheLastOneStandsAlsoAfterARestart) {
  keep(-12.5, 300, 0.25);
  keep(40, -7, 1.5);
  EXPECT_EQ(kept().saved_at, clock.now());
  service.reset();
  reopen();
  service.emplace(db(), clock);
  expect_kept(40, -7, 1.5);
}

TEST_P(Viewports, OneOutOfBoundsIsRefusedAndChangesNothing) {
  keep(1, 2, 0.5);
  double none = std::numeric_limits<double>::quiet_NaN();
  for (api::Viewport bad :
       {api::Viewport{none, 0, 1}, api::Viewport{0, none, 1}, api::Viewport{0, 0, none},
        api::Viewport{1e9, 0, 1}, api::Viewport{0, -1e9, 1}, api::Viewport{0, 0, 0},
        api::Viewport{0, 0, -1}, api::Viewport{0, 0, 101}}) {
    try {
      keep(bad.x, bad.y, bad.zoom);
      ADD_FAILURE() << bad.x << " " << bad.y << " " << bad.zoom << " was kept";
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "invalid_viewport");
    }
  }
  expect_kept(1, 2, 0.5);
}

EACH_DATABASE(Viewports);

}  // namespace
}  // namespace molecule::layout
