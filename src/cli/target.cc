#include "cli/target.h"

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"

namespace molecule::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view usual_url = "http://127.0.0.1:8080";
constexpr std::size_t token_max = 4096;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Two spellings of one address are the same.
bool same_place(const std::string& one, const std::string& other) {
  try {
    return net::Url::parse(without_slash(one)) == net::Url::parse(without_slash(other));
  } catch (const Fault&) {
    return false;
  }
}

Secret without_line_end(Secret text) {
  std::string_view all = text.reveal();
  while (!all.empty() && (all.back() == '\n' || all.back() == '\r' || all.back() == ' '))
    all.remove_suffix(1);
  return Secret(std::string(all));
}

struct Here {
  fs::path data;
  bool held = false;       // By a process that may not have told yet where it listens.
  std::string url;         // Where the platform listens that runs on it; empty: none runs.
  std::string public_url;  // And where others reach it.
};

Here platform_on(fs::path data) {
  Here here;
  here.data = std::move(data);
  const auto holder = process::holder_of(here.data);
  if (!holder) return here;
  here.held = true;
  const std::string_view told = holder->told;
  const std::size_t brace = told.find(" (");
  here.url = std::string(told.substr(0, brace));
  here.public_url = here.url;
  if (brace != told.npos && told.ends_with(')'))
    here.public_url = std::string(told.substr(brace + 2, told.size() - brace - 3));
  return here;
}

Here platform_here(const Given& given) {
  const auto named = given.some("data");
  return platform_on(named ? fs::path(*named) : process::default_data_directory());
}

Fault none_runs(const Here& here) {
  const std::string data = here.data.string();
  return Fault(
      Kind::unavailable, "platform_not_running",
      here.held
          ? fmt::format("the process that holds {} does not say where it answers\n  next: ask "
                        "again once it has started",
                        data)
          : fmt::format("no platform runs on {}\n  next: start it with `molecule serve --data "
                        "{}`, or say where another answers with --url",
                        data, data));
}

// The admin token of the data directory, where this user may read it. It is for who holds the
// lock: at the address of a platform that does not run, anybody may listen.
void take_from_data(const Here& here, Target& target) {
  const fs::path file = here.data / "admin_token";
  try {
    if (auto text = files::read(file, token_max)) {
      target.token = without_line_end(Secret(std::move(*text)));
      target.token_from = file.string();
      target.meant = here.data;
    }
  } catch (const Fault&) {
    // Another user's platform; the refusal will say that a token is missing.
  }
}

bool take_from_environment(const char* variable, Target& target) {
  auto value = process::environment(variable);
  if (!value) return false;
  target.token = without_line_end(Secret(std::move(*value)));
  target.token_from = variable;
  return true;
}

void take_profile(const Profile& profile, Target& target) {
  target.url = profile.url;
  target.token = profile.token;
  target.ca_file = profile.ca_file;
  target.output = profile.output;
  target.named_by = fmt::format("profile {}", profile.name);
  target.token_from = profile.token.empty() ? "" : target.named_by;
  target.token_wanted = fmt::format("`molecule config set token --profile {}`", profile.name);
  const auto key = process::environment("MOLECULE_API_KEY");
  if (key && !profile.token.empty() && *key != profile.token.reveal())
    target.passed_over = fmt::format(
        "MOLECULE_API_KEY is not used: profile {} has a token of its own", profile.name);
  if (profile.url.empty()) {
    throw bad_request("profile_without_url",
                      fmt::format("profile {} does not say where its platform answers\n  next: "
                                  "`molecule config set url URL --profile {}`",
                                  profile.name, profile.name));
  }
}

// A platform that was named by its address: the token of the environment, or the one that is kept
// for that address.
void find_token(const Given& given, Profiles& profiles, Target& target) {
  target.token_wanted =
      "set MOLECULE_API_KEY, or keep it with `molecule config add NAME --url URL`";
  if (take_from_environment("MOLECULE_API_KEY", target)) return;
  if (take_from_environment("ADMIN_TOKEN", target)) return;
  for (const Profile& each : profiles.all()) {
    if (each.token.empty() || !same_place(each.url, target.url)) continue;
    target.token = each.token;
    target.ca_file = each.ca_file;
    target.token_from = fmt::format("profile {}", each.name);
    return;
  }
  const Here here = platform_here(given);
  if (same_place(here.url, target.url) || same_place(here.public_url, target.url))
    take_from_data(here, target);
}

}  // namespace

fs::path profile_file(const Given& given) {
  if (const auto named = given.some("config")) return *named;
  return Profiles::usual_file();
}

std::function<void()> Target::look() const {
  if (meant.empty()) return {};
  return [data = meant, asked = url] {
    const Here here = platform_on(data);
    if (same_place(here.url, asked) || same_place(here.public_url, asked)) return;
    throw Fault(Kind::bad_gateway, "agent_unreachable",
                fmt::format("no platform runs on {} any more that answers there", data.string()));
  };
}

Target find_target(const Given& given) {
  Target target;
  Profiles profiles = Profiles::load(profile_file(given));
  if (given.has("config") && !profiles.exists()) {
    throw bad_request("no_profiles", fmt::format("{} does not exist\n  next: `molecule config add "
                                                 "NAME --url URL` makes a profile file",
                                                 profiles.file().string()));
  }
  const auto profile = given.some("profile");
  const auto url = given.some("url");
  if (profile && url) {
    throw bad_request("url_and_profile", "--url and --profile each name a platform; give one");
  }
  if (profile) {
    take_profile(profiles.find(*profile), target);
    target.passed_over.clear();  // Whoever names it on the command line knows.
  } else if (url) {
    target.url = *url;
    target.named_by = "--url";
    find_token(given, profiles, target);
  } else if (given.has("data")) {
    // A data directory that is named is meant.
  } else if (const auto named = process::environment("MOLECULE_PROFILE")) {
    take_profile(profiles.find(*named), target);
  } else if (const auto api = process::environment("MOLECULE_API_URL")) {
    target.url = *api;
    target.named_by = "MOLECULE_API_URL";
    find_token(given, profiles, target);
  } else if (const auto molecli = process::environment("MOLECLI_URL")) {
    target.url = *molecli;
    target.named_by = "MOLECLI_URL";
    find_token(given, profiles, target);
  } else if (!profiles.current().empty()) {
    take_profile(profiles.find(profiles.current()), target);
  }
  if (target.url.empty()) {
    const Here here = platform_here(given);
    target.token_wanted =
        "set MOLECULE_API_KEY or ADMIN_TOKEN, or name its data directory with --data";
    if (here.url.empty() && given.has("data")) throw none_runs(here);
    if (!here.url.empty()) {
      target.url = here.url;
      target.named_by = fmt::format("the platform that runs on {}", here.data.string());
      target.meant = here.data;
      if (!take_from_environment("MOLECULE_API_KEY", target) &&
          !take_from_environment("ADMIN_TOKEN", target))
        take_from_data(here, target);
    } else {
      target.url = usual_url;
      target.named_by = fmt::format("nobody named one, and none runs on {}", here.data.string());
      find_token(given, profiles, target);
    }
  }
  if (const auto file = given.some("ca")) target.ca_file = *file;
  if (target.ca_file.empty())
    target.ca_file = process::environment("MOLECULE_CA_FILE").value_or("");
  target.url = without_slash(target.url);
  try {
    net::Url::parse(target.url);
  } catch (const Fault& fault) {
    throw bad_request("url_invalid",
                      fmt::format("{} ({}): {}", target.url, target.named_by, fault.text()));
  }
  return target;
}

}  // namespace molecule::cli
