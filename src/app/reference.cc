#include "app/reference.h"

#include <array>
#include <fstream>

#include "app/config.h"
#include "app/system.h"
#include "server/activity/activity_service.h"
#include "server/auth/auth_service.h"
#include "server/delegations/delegations_service.h"
#include "server/events/events_service.h"
#include "server/layout/viewport_service.h"
#include "server/presence/presence_service.h"
#include "server/proxy/proxy_service.h"
#include "server/secrets/secrets_service.h"
#include "server/workspaces/workspaces_service.h"

namespace molecule::app {
namespace {

constexpr std::string_view printed = "<!-- Printed by `molecule reference`; do not edit. -->\n\n";

std::string routes_page() {
  std::string page = "# Routes\n\n";
  page += printed;
  page +=
      "Access: `open` anybody; `enrol` registration; `member` any workspace or operator; `peer` a workspace that may "
      "reach the one named; `self` the workspace named or an operator; `own` only the workspace named; `admin` an "
      "operator.\n\n| Method | Path | Access | Body at most |\n|---|---|---|---|\n";
  for (const http::Route& route : all_routes()) {
    const std::string most =
        route.body_max == 0 ? "none" : fmt::format("{} KiB", route.body_max / 1024);
    page += fmt::format("| {} | `{}` | {} | {} |\n", http::method_text(route.method), route.pattern,
                        route.access->name, most);
  }
  return page;
}

std::string settings_page() {
  std::string page = "# Settings\n\n";
  page += printed;
  page +=
      "Precedence: flag, environment, config file (`molecule.conf` in the data directory), default. "
      "`molecule config show` prints every value and its origin.\n\n"
      "| Flag and key | Environment | Default | Range | Meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    std::string flag = setting.form == Setting::Form::secret
                           ? fmt::format("`{}` (key only)", setting.name)
                           : fmt::format("`--{}`", setting.name);
    page += fmt::format("| {} | {} | {} | {} | {} |\n", flag,
                        setting.environment.empty() ? "" : fmt::format("`{}`", setting.environment),
                        setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
                        range_text(setting), setting.help);
  }
  return page;
}

std::string faults_page() {
  std::string page = "# Faults\n\n";
  page += printed;
  page +=
      "Every error is `{\"error\": sentence, \"code\": snake_case}`, some with further members. The kind decides the "
      "HTTP status.\n\n| Kind | Status |\n|---|---|\n";
  constexpr std::array kinds{
      std::pair{Kind::bad_request, "bad request"},
      std::pair{Kind::unauthenticated, "unauthenticated"},
      std::pair{Kind::over_budget, "over budget"},
      std::pair{Kind::forbidden, "forbidden"},
      std::pair{Kind::not_found, "not found"},
      std::pair{Kind::conflict, "conflict"},
      std::pair{Kind::gone, "gone"},
      std::pair{Kind::too_large, "too large"},
      std::pair{Kind::unprocessable, "unprocessable"},
      std::pair{Kind::rate_limited, "rate limited"},
      std::pair{Kind::internal, "internal"},
      std::pair{Kind::bad_gateway, "bad gateway"},
      std::pair{Kind::unavailable, "unavailable"},
      std::pair{Kind::deadline, "deadline"},
      std::pair{Kind::cancelled, "cancelled"},
  };
  for (auto [kind, name] : kinds) page += fmt::format("| {} | {} |\n", name, http_status(kind));
  return page;
}

void write_page(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out) throw internal(fmt::format("cannot write {}", file.string()));
}

}  // namespace

std::vector<http::Route> all_routes() {
  std::vector<http::Route> all;
  auto add = [&](std::span<const http::Route> table) {
    all.insert(all.end(), table.begin(), table.end());
  };
  add(system_routes);
  add(auth::routes);
  add(workspaces::routes);
  add(presence::routes);
  add(secrets::routes);
  add(activity::routes);
  add(proxy::routes);
  add(delegations::routes);
  add(layout::routes);
  add(events::routes);
  return all;
}

void write_reference(const std::filesystem::path& directory, std::string_view commands) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    throw Fault(Kind::internal, "unwritable",
                fmt::format("cannot make {}: {}", directory.string(), error.message()));
  }
  write_page(directory / "routes.md", routes_page());
  write_page(directory / "settings.md", settings_page());
  write_page(directory / "faults.md", faults_page());
  write_page(directory / "commands.md", commands);
}

}  // namespace molecule::app
