#include "app/banner.h"

#include <fmt/core.h>

#include "app/system.h"
#include "platform/json/json.h"
#include "server/auth/sessions.h"

namespace molecule::app {
namespace {

constexpr auto claim_minutes =
    std::chrono::duration_cast<std::chrono::minutes>(auth::Claims::lifetime).count();

struct Paint {
  std::string_view bold, dim, loud, off;
};
constexpr Paint plain{};
constexpr Paint coloured{"\033[1m", "\033[2m", "\033[1;33m", "\033[0m"};

// As a shell takes it: in quotes where it holds more than names do.
std::string quoted(std::string_view path) {
  constexpr std::string_view plain_path =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-+@:";
  if (path.find_first_not_of(plain_path) == std::string_view::npos) return std::string(path);
  std::string text = "'";
  for (char each : path) {
    if (each == '\'')
      text += "'\\''";
    else
      text += each;
  }
  return text + "'";
}

}  // namespace

std::string claim_command(std::string_view data) {
  return fmt::format("molecule admin claim --data {}", quoted(data));
}

std::string banner(const Told& told, Colours colours) {
  const Paint& paint = colours == Colours::yes ? coloured : plain;
  std::string text = fmt::format("\n  {}Molecule {}{}\n\n", paint.bold, version, paint.off);
  auto row = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {}{:<10}{}{}\n", paint.dim, name, paint.off, value);
  };
  row("canvas", fmt::format("{}{}{}", paint.bold, told.public_url, paint.off));
  if (told.public_url != told.url) row("listens", told.url);
  if (!told.claim_url.empty()) {
    row("sign in", fmt::format("{}{}{}", paint.bold, told.claim_url, paint.off));
    row("", fmt::format("good once, within {} minutes; another: {}", claim_minutes,
                        claim_command(told.data)));
  } else if (!told.dev) {
    row("sign in", fmt::format("as before, or with a new link: {}", claim_command(told.data)));
  }
  row("data",
      fmt::format("{}{}", told.data, told.postgres ? " (keys; the rest is in PostgreSQL)" : ""));
  if (told.dev) {
    text += fmt::format(
        "\n  {}DEV PROFILE{}: every request from this machine may do everything, without a "
        "credential.\n  Never use it with real data.\n",
        paint.loud, paint.off);
  }
  const std::string_view first = told.dev                 ? "open the canvas"
                                 : told.claim_url.empty() ? "open the canvas, signed in as before"
                                                          : "open the sign-in link";
  const std::string_view then =
      told.demo ? "start the demo's agents (sdk/python/examples/demo), then write to \"pm\"."
                : "choose \"New workspace\" and connect an agent with the lines it shows.";
  text += fmt::format("\n  Next: {};\n        {}\n\n  Ctrl-C stops the platform.\n\n", first, then);
  return text;
}

std::string ready_line(const Told& told, Instant now) {
  json::Object line;
  line.add("at", now.text()).add("level", "info").add("message", "ready");
  line.add("version", version).add("url", told.url).add("data", told.data);
  if (told.public_url != told.url) line.add("public_url", told.public_url);
  if (!told.claim_url.empty())
    line.add("claim_url", told.claim_url).add("claim_expires_in_seconds", claim_minutes * 60);
  if (told.dev) line.add("profile", "development: no credential is needed");
  return line.text() + "\n";
}

}  // namespace molecule::app
