// `molecule config`: the profiles of platforms that a person works with.
#include <array>
#include <iostream>

#include <fmt/format.h>

#include "base/fault.h"
#include "cli/input.h"
#include "cli/nouns.h"
#include "cli/session.h"
#include "cli/table.h"
#include "client/credential.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"

namespace molecule::cli {
namespace {

using json::Node;

constexpr std::string_view keys = "url token ca output";

// A value for the file: one line.
std::string one_line(std::string text) {
  if (text.find_first_of("\r\n") != text.npos) throw bad_request("a value is one line");
  return text;
}

Secret token_input() {
  Secret token = secret_input("The token");
  if (const std::string flaw = client::Credential::wrong_with(token.reveal()); !flaw.empty())
    throw bad_request("bad_token", "the token " + flaw);
  return token;
}

std::string checked_url(std::string url) {
  net::Url::parse(url);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Whether whoever carries what is sent there could read it.
bool is_in_the_clear(const std::string& address) {
  const net::Url url = net::Url::parse(address);
  if (url.secure()) return false;
  if (url.literal) return url.literal->range() != net::Range::loopback;
  return url.host != "localhost" && !url.host.ends_with(".localhost");
}

void warn_of(const Session& session, const std::string& url) {
  if (!is_in_the_clear(url)) return;
  session.say(
      fmt::format("warning: {} is without TLS: the token goes there in the clear, for the "
                  "network to read\n  next: name an https address, or put a proxy with "
                  "TLS in front (docs/guides/behind-a-proxy.md)",
                  url));
}

Profile& meant(const Given& given, Profiles& profiles) {
  if (given.has("profile")) return profiles.find(given.text("profile"));
  if (profiles.current().empty()) {
    throw bad_request(
        "no_profile",
        "no profile is in use\n  next: `molecule config add NAME --url URL` makes one");
  }
  return profiles.find(profiles.current());
}

json::Document as_document(const Profiles& profiles) {
  std::string rows;
  for (const Profile& each : profiles.all()) {
    json::Object row;
    row.add("name", each.name).add("url", each.url).add("token", !each.token.empty());
    row.add("current", each.name == profiles.current());
    if (!each.ca_file.empty()) row.add("ca", each.ca_file);
    if (!each.output.empty()) row.add("output", each.output);
    rows += (rows.empty() ? "" : ",") + row.text();
  }
  return json::Document::parse("[" + rows + "]");
}

std::string list_text(const Session& session, const Profiles& profiles) {
  if (profiles.all().empty()) {
    session.say("There is no profile yet; `molecule config add NAME --url URL` makes one.");
    return {};
  }
  Table table({{"IN USE", 0, 6}, {"NAME", 6, 9}, {"URL", 16, 8}, {"TOKEN", 0, 5}});
  for (const Profile& each : profiles.all())
    table.add({each.name == profiles.current() ? "*" : "", each.name, each.url,
               each.token.empty() ? "-" : "set"});
  return table.text(session.screen());
}

io::Task<int> list(Session& session, const Given& given) {
  const Profiles profiles = Profiles::load(profile_file(given));
  const json::Document document = as_document(profiles);
  session.show(document.root(), [&](Node) { return list_text(session, profiles); });
  co_return 0;
}

void require_new(Profiles& profiles, const std::string& name) {
  if (profiles.look_up(name) == nullptr) return;
  throw Fault(Kind::conflict, "profile_exists",
              fmt::format("there is a profile {} already\n  next: `molecule config set KEY VALUE "
                          "--profile {}` changes it",
                          name, name));
}

io::Task<int> add(Session& session, const Given& given) {
  const std::filesystem::path file = profile_file(given);
  Profiles before = Profiles::load(file);
  const std::string name = given.text("name");
  require_new(before, name);
  Profile wanted = before.make(name);
  wanted.url = checked_url(given.text("url"));
  wanted.ca_file = given.text("ca");
  if (!given.has("no-token")) {
    warn_of(session, wanted.url);
    wanted.token = token_input();
  }
  bool in_use = false;
  Profiles::change(file, [&](Profiles& profiles) {
    require_new(profiles, name);
    profiles.make(name) = std::move(wanted);
    if (profiles.current().empty()) profiles.use(name);
    in_use = profiles.current() == name;
  });
  session.say(fmt::format("Kept in {}{}.", file.string(), in_use ? ", and in use" : ""));
  co_return 0;
}

io::Task<int> use(Session& session, const Given& given) {
  std::string url;
  Profiles::change(profile_file(given), [&](Profiles& profiles) {
    const Profile& chosen = profiles.find(given.text("name"));
    profiles.use(chosen.name);
    url = chosen.url;
  });
  session.say(fmt::format("Verbs ask {} now.", url));
  co_return 0;
}

io::Task<int> remove(Session& session, const Given& given) {
  const std::filesystem::path file = profile_file(given);
  const std::string name = Profiles::load(file).find(given.text("name")).name;
  session.confirm(given, fmt::format("Remove profile {} and its token?", name));
  Profiles::change(file, [&](Profiles& profiles) { profiles.remove(name); });
  session.say("Removed.");
  co_return 0;
}

io::Task<int> set_token(Session& session, const Given& given) {
  if (given.has("value")) {
    throw bad_request("secret_in_argument",
                      "a token is no argument, since others of this machine see those\n  next: "
                      "leave it out; it is asked for, or read from standard input");
  }
  const std::filesystem::path file = profile_file(given);
  Profiles before = Profiles::load(file);
  const Profile& asked_for = meant(given, before);
  if (!asked_for.url.empty()) warn_of(session, asked_for.url);
  Secret token = token_input();
  Profiles::change(file, [&](Profiles& profiles) {
    Profile& now = profiles.find(asked_for.name);
    if (now.url != asked_for.url) {
      throw Fault(
          Kind::conflict, "profile_changed",
          fmt::format("profile {} names another address by now; its token was not set", now.name));
    }
    now.token = std::move(token);
  });
  co_return 0;
}

io::Task<int> set(Session& session, const Given& given) {
  const std::string key = given.text("key");
  if (key == "token") co_return co_await set_token(session, given);
  if (!given.has("value")) throw bad_request("no_value", fmt::format("{} needs a value", key));
  const std::string value = one_line(given.text("value"));
  if (key == "output" && value != "table" && value != "json" && value != "yaml")
    throw bad_request("bad_output", "output is table, json or yaml");
  bool token_went = false;
  Profiles::change(profile_file(given), [&](Profiles& profiles) {
    Profile& profile = meant(given, profiles);
    if (key == "url") {
      profile.url = checked_url(value);
      // The token was for the place that it named before.
      token_went = !profile.token.empty();
      profile.token = Secret();
    } else if (key == "ca") {
      profile.ca_file = value;
    } else {
      profile.output = value;
    }
  });
  if (token_went)
    session.say("Its token was for the other address and is gone; `molecule config set token`.");
  co_return 0;
}

io::Task<int> get(Session& session, const Given& given) {
  Profiles profiles = Profiles::load(profile_file(given));
  const Profile& profile = meant(given, profiles);
  const std::string key = given.text("key");
  if (key == "token") {
    session.print(profile.token.empty() ? "\n" : "(set)\n");
    co_return 0;
  }
  const std::string& value = key == "url"  ? profile.url
                             : key == "ca" ? profile.ca_file
                                           : profile.output;
  session.print(value + "\n");
  co_return 0;
}

// Names of variables, and whether they are set: values may be tokens.
constexpr std::array variables{"MOLECULE_CONFIG",   "MOLECULE_PROFILE", "MOLECULE_API_URL",
                               "MOLECLI_URL",       "MOLECULE_API_KEY", "ADMIN_TOKEN",
                               "MOLECULE_DATA_DIR", "MOLECULE_CA_FILE", "MOL_OUTPUT"};

io::Task<int> view(Session& session, const Given& given) {
  const Target target = find_target(given);
  const std::filesystem::path file = profile_file(given);
  std::string set;
  for (const char* each : variables)
    if (process::environment(each)) set += (set.empty() ? "" : ", ") + std::string(each);
  json::Object told;
  told.add("file", file.string()).add("url", target.url).add("named_by", target.named_by);
  told.add("token_from", target.token_from).add("variables", set);
  const json::Document document = json::Document::parse(told.text());
  session.show(document.root(), [&](Node) {
    const auto line = [&](std::string_view label, std::string_view value) {
      return fmt::format("{:<10}{}\n", label, session.screen().line(value.empty() ? "-" : value));
    };
    return line("platform", target.url) + line("named by", target.named_by) +
           line("token", target.token_from) + line("profiles", file.string()) +
           line("variables", set);
  });
  co_return 0;
}

constexpr std::string_view scaffold =
    "# Platforms that `molecule` works with; it holds tokens, keep it private.\n"
    "#\n"
    "# current = work\n"
    "#\n"
    "# [work]\n"
    "# url = https://molecule.example\n"
    "# token = ...            (`molecule config set token` puts it here)\n"
    "# ca = /path/to/ca.pem   (certificates to trust besides the machine's)\n"
    "# output = table         (or json, yaml)\n";

io::Task<int> init(Session& session, const Given& given) {
  const std::filesystem::path file = profile_file(given);
  Profiles::begin_anew(file, scaffold, [&](const Profiles& profiles) {
    if (!profiles.exists() || given.has("force")) return;
    throw Fault(Kind::conflict, "profiles_exist",
                fmt::format("{} is there already\n  next: say --force to begin anew; its tokens go",
                            file.string()));
  });
  session.print(file.string() + "\n");
  co_return 0;
}

constexpr Option file_option{.name = "--config",
                             .shape = "FILE",
                             .help = "The profile file [MOLECULE_CONFIG]",
                             .names = Option::Names::files};
constexpr Option profile_option{.name = "--profile",
                                .shape = "NAME",
                                .help = "Which one (default: the one in use)",
                                .names = Option::Names::profiles};
constexpr Option name_argument{.name = "name",
                               .shape = "NAME",
                               .help = "Of the profile",
                               .required = true,
                               .names = Option::Names::profiles};
constexpr Option key_argument{.name = "key",
                              .shape = "url|token|ca|output",
                              .help = "What of it",
                              .form = Option::Form::words,
                              .required = true,
                              .words = keys};
constexpr std::array list_takes{file_option};
constexpr std::array add_takes{
    name_argument,
    Option{.name = "--url,--api-url", .shape = "URL", .help = "Where it answers", .required = true},
    Option{.name = "--ca",
           .shape = "FILE",
           .help = "Certificates to trust besides the machine's",
           .names = Option::Names::files},
    Option{.name = "--no-token", .shape = "", .help = "It asks for none (dev profile)"},
    file_option};
constexpr std::array name_takes{name_argument, file_option};
constexpr std::array set_takes{
    key_argument, Option{.name = "value", .shape = "VALUE", .help = "Left out for a token"},
    profile_option, file_option};
constexpr std::array get_takes{key_argument, profile_option, file_option};
constexpr std::array init_takes{Option{.name = "--force", .shape = "", .help = "Begin anew"},
                                file_option};

constexpr std::array verbs{
    Verb{.name = "list",
         .does = "The profiles; a star marks the one in use",
         .takes = list_takes,
         .run = list,
         .aliases = "ls",
         .footer = "Example:\n  molecule config list",
         .needs_platform = false},
    Verb{
        .name = "add",
        .does = "Keep a platform and its token under a name",
        .takes = add_takes,
        .run = add,
        .footer =
            "The token is asked for without showing it, or read from standard input.\n\nExamples:\n"
            "  molecule config add work --url https://molecule.example\n"
            "  molecule config add here --url http://127.0.0.1:8080 < data/admin_token",
        .needs_platform = false},
    Verb{.name = "use",
         .does = "Ask this platform from now on",
         .takes = name_takes,
         .run = use,
         .footer = "Example:\n  molecule config use work",
         .needs_platform = false},
    Verb{.name = "set",
         .does = "Change a profile",
         .takes = set_takes,
         .run = set,
         .footer = "Examples:\n  molecule config set output json\n"
                   "  molecule config set token --profile work < token",
         .needs_platform = false},
    Verb{.name = "get",
         .does = "One value of a profile; of a token only whether it is set",
         .takes = get_takes,
         .run = get,
         .footer = "Example:\n  molecule config get url",
         .needs_platform = false},
    Verb{.name = "view",
         .does = "Which platform verbs ask from here, and why",
         .run = view,
         .footer = "Shows no token.\n\nExample:\n  molecule config view"},
    Verb{.name = "remove",
         .does = "Forget a profile and its token",
         .takes = name_takes,
         .run = remove,
         .aliases = "delete rm",
         .footer = "Example:\n  molecule config remove work -y",
         .destroys = true,
         .needs_platform = false},
    Verb{.name = "init",
         .does = "Make a profile file with everything explained",
         .takes = init_takes,
         .run = init,
         .footer = "Example:\n  molecule config init",
         .needs_platform = false}};

}  // namespace

constinit const Verb config_noun{
    .name = "config", .does = "Profiles of platforms; settings of this machine's", .verbs = verbs};

}  // namespace molecule::cli
