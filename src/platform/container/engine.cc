#include "platform/container/engine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::container {
namespace {

using namespace std::chrono_literals;

// Of the interface: what is used here is in all of these, and means the same.
struct Version {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};
constexpr Version least{1, 30};
constexpr Version usual{1, 41};

constexpr std::size_t reply_max = 16u << 20;
constexpr std::size_t for_ever = std::size_t{1} << 60;
constexpr std::chrono::milliseconds events_idle = 10s;
constexpr std::chrono::milliseconds logs_idle = 24h;
constexpr std::int64_t period = 100'000;  // Microseconds, of which a processor's share is taken.

std::optional<Version> version_of(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

std::string text_of(json::Node node, std::string_view name) {
  const json::Node member = node.find(name);
  return member.is(json::Type::string) ? std::string(member.string()) : std::string();
}
std::int64_t number_of(json::Node node, std::string_view name) {
  const json::Node member = node.find(name);
  return member.is(json::Type::integer) ? member.integer() : 0;
}
bool flag_of(json::Node node, std::string_view name) {
  const json::Node member = node.find(name);
  return member.is(json::Type::boolean) && member.boolean();
}

json::Document parsed(const std::string& body) {
  json::Limits limits;
  limits.nul = json::Nul::kept;
  try {
    return json::Document::parse(body, limits);
  } catch (const Fault& fault) {
    throw Fault(Kind::bad_gateway, "bad_response",
                "the container engine's answer cannot be read: " + fault.text());
  }
}

Labels labels_of(json::Node node) {
  Labels labels;
  const json::Node all = node.find("Labels");
  for (std::size_t i = 0; all.is(json::Type::object) && i < all.size(); ++i) {
    if (all.value_at(i).is(json::Type::string))
      labels[std::string(all.name_at(i))] = all.value_at(i).string();
  }
  return labels;
}

bool runs(std::string_view state) {
  return state == "running" || state == "restarting" || state == "paused" || state == "removing" ||
         state == "stopping";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '/' || c == ':';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string filters(std::string_view label, std::string_view value,
                    std::string_view more = std::string_view()) {
  const std::vector<std::string> labels{fmt::format("{}={}", label, value)};
  json::Object filter;
  filter.add("label", labels);
  if (!more.empty()) filter.add("type", std::vector<std::string>{std::string(more)});
  return escaped(filter.text());
}

std::string said(const std::string& body) {
  try {
    const std::string text = text_of(parsed(body).root(), "message");
    if (!text.empty()) return text;
  } catch (const Fault&) {
    return body.substr(0, 300);
  }
  return body.substr(0, 300);
}

RawJson mounts_of(const Spec& spec) {
  std::string all = "[";
  for (const Mount& each : spec.mounts) {
    if (all.size() > 1) all += ',';
    all += json::Object{}
               .add("Type", each.volume ? "volume" : "bind")
               .add("Source", each.from)
               .add("Target", each.to)
               .add("ReadOnly", !each.writable)
               .text();
  }
  return RawJson(all + "]");
}

RawJson bounds_of(const Spec& spec) {
  const auto bound = [](std::string_view name, std::int64_t value) {
    return json::Object{}.add("Name", name).add("Soft", value).add("Hard", value).text();
  };
  return RawJson(fmt::format("[{},{},{}]", bound("nofile", spec.open_files),
                             bound("fsize", spec.file_bytes), bound("core", 0)));
}

std::string text_of(const Spec& spec) {
  const std::vector<std::string> all{"ALL"};
  const std::vector<std::string> no_more{"no-new-privileges"};
  const std::string user = fmt::format("{0}:{0}", spec.user);
  json::Object host;
  host.add("Mounts", mounts_of(spec))
      .add("ReadonlyRootfs", true)
      .add("Privileged", false)
      .add("CapDrop", all)
      .add("SecurityOpt", no_more)
      .add("NetworkMode", spec.network)
      .add("IpcMode", "private")
      .add("Memory", spec.memory)
      .add("MemorySwap", spec.memory)
      .add("CpuPeriod", period)
      .add("CpuQuota", period * spec.hundredths / 100)
      .add("PidsLimit", spec.processes)
      .add("Ulimits", bounds_of(spec))
      .add("RestartPolicy", json::Object{}.add("Name", "no").raw())
      .add("LogConfig",
           json::Object{}
               .add("Type", "json-file")
               .add("Config", json::Object{}.add("max-size", "1m").add("max-file", "2").raw())
               .raw());
  if (!spec.temporary.empty()) {
    const std::string options =
        fmt::format("rw,nosuid,nodev,{},size={},mode=1777", spec.temporary_runs ? "exec" : "noexec",
                    spec.temporary_bytes);
    host.add("Tmpfs", json::Object{}.add(spec.temporary, options).raw());
  }
  return json::Object{}
      .add("Image", spec.image)
      .add("Cmd", spec.command)
      .add("Entrypoint", std::vector<std::string>{})
      .add("Env", spec.environment)
      .add("WorkingDir", spec.directory)
      .add("Hostname", spec.host_name)
      .add("User", user)
      .add("Labels", spec.labels)
      .add("StopSignal", "SIGTERM")
      .add("StopTimeout", spec.grace)
      .add("HostConfig", host.raw())
      .text();
}

// What the engine says of itself, as sentences for whoever asks what holds agents in.
void read_offer(json::Node info, Facts& facts) {
  const auto sort = [&](bool there, std::string_view what, std::string_view without) {
    (there ? facts.applied : facts.missing).emplace_back(there ? what : without);
  };
  facts.applied = {"a file tree of its own, of which only its own directories can be written",
                   "process numbers of its own", "no capabilities, and none to be gained",
                   "another user than root"};
  std::string security;
  const json::Node options = info.find("SecurityOptions");
  for (std::size_t i = 0; options.is(json::Type::array) && i < options.size(); ++i)
    security +=
        fmt::format("{} ", options.at(i).is(json::Type::string) ? options.at(i).string() : "");
  sort(security.find("seccomp") != std::string::npos, "fewer system calls (seccomp)",
       "the engine leaves out no system calls (no seccomp)");
  if (security.find("apparmor") != std::string::npos) facts.applied.emplace_back("AppArmor");
  if (security.find("selinux") != std::string::npos) facts.applied.emplace_back("SELinux");
  facts.rootless = security.find("rootless") != std::string::npos || flag_of(info, "Rootless");
  sort(flag_of(info, "MemoryLimit"), "a bound on the memory of all its processes",
       "the engine bounds no memory");
  sort(flag_of(info, "PidsLimit"), "a bound on its processes", "the engine bounds no processes");
  sort(flag_of(info, "CpuCfsQuota"), "a bound on processor time",
       "the engine bounds no processor time");
  sort(facts.rootless, "an engine without root",
       "the engine is root: who breaks out of a container of it may be");
}

}  // namespace

Engine::Engine(std::string socket, metrics::Registry& registry)
    : connector_(std::move(socket)), client_(connector_, registry) {}

net::Url Engine::url(const Call& call) const {
  return net::Url::parse(
      fmt::format("http://engine{}{}", call.version.empty() ? version_ : call.version, call.path));
}

io::Task<Engine::Reply> Engine::ask(Call call) {
  const net::Url at = url(call);
  const std::array<http::Header, 1> headers{http::Header{"Content-Type", call.content_type}};
  http::ClientRequest request;
  request.method = call.method;
  request.url = &at;
  if (!call.body.empty()) request.headers = headers;
  request.body = call.body;
  request.repeatable = call.method == http::Method::get;
  request.limits.head = call.within;
  request.limits.body_max = reply_max;
  std::string away;
  try {
    http::ClientResponse response = co_await client_.send(request);
    Reply reply;
    reply.status = response.status;
    reply.body = std::move(response).take_body();
    co_return reply;
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    away = fault.text();
  }
  throw Fault(Kind::unavailable, "engine_away", away);
}

io::Task<Engine::Reply> Engine::done(Call call, int also) {
  const std::string what = call.path.substr(0, call.path.find('?'));
  Reply reply = co_await ask(std::move(call));
  if (reply.status >= 400 && reply.status != also)
    throw Fault(Kind::bad_gateway, "engine_refused",
                fmt::format("the container engine refuses {}: {}", what, said(reply.body)));
  co_return reply;
}

io::Task<std::unique_ptr<http::ClientStream>> Engine::open(Call call,
                                                           std::chrono::milliseconds idle) {
  const net::Url at = url(call);
  http::ClientRequest request;
  request.method = call.method;
  request.url = &at;
  request.limits.head = call.within;
  request.limits.idle = idle;
  request.limits.body_max = for_ever;
  std::string away;
  std::unique_ptr<http::ClientStream> stream;
  try {
    stream = co_await client_.open(request);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    away = fault.text();
  }
  if (!stream) throw Fault(Kind::unavailable, "engine_away", away);
  if (stream->status() >= 400)
    throw Fault(
        Kind::bad_gateway, "engine_refused",
        fmt::format("the container engine refuses {} with {}", call.path, stream->status()));
  co_return stream;
}

io::Task<Facts> Engine::meet() {
  version_.clear();
  Call call;
  call.path = "/version";
  call.within = 10s;
  const Reply reply = co_await done(std::move(call));
  const json::Document document = parsed(reply.body);
  const json::Node root = document.root();
  const auto newest = version_of(text_of(root, "ApiVersion"));
  if (!newest)
    throw Fault(Kind::bad_gateway, "engine_refused",
                fmt::format("what answers at {} is no container engine", socket()));
  const Version oldest = version_of(text_of(root, "MinAPIVersion")).value_or(least);
  if (*newest < least)
    throw Fault(Kind::bad_gateway, "engine_refused",
                fmt::format("the container engine at {} is too old: its interface is {}.{}, of "
                            "which {}.{} is needed",
                            socket(), newest->major, newest->minor, least.major, least.minor));
  const Version agreed = std::max(std::min(*newest, usual), oldest);
  Facts facts;
  facts.name = "docker";
  facts.version = text_of(root, "Version");
  const json::Node parts = root.find("Components");
  for (std::size_t i = 0; parts.is(json::Type::array) && i < parts.size(); ++i) {
    if (text_of(parts.at(i), "Name").starts_with("Podman")) facts.name = "podman";
  }
  podman_ = facts.name == "podman";
  version_ = fmt::format("/v{}.{}", agreed.major, agreed.minor);
  Call info;
  info.path = "/info";
  info.within = 20s;
  const Reply told = co_await done(std::move(info));
  read_offer(parsed(told.body).root(), facts);
  co_return facts;
}

io::Task<std::optional<std::string>> Engine::image(std::string name) {
  // Podman calls what was made on this machine so, and finds it under no other name once it is told
  // to be like Docker.
  const std::array<std::string, 2> names{name, "localhost/" + name};
  for (const std::string& each : names) {
    Call call;
    call.path = fmt::format("/images/{}/json", escaped(each));
    const Reply reply = co_await done(std::move(call), 404);
    if (reply.status == 404) continue;
    std::string id = text_of(parsed(reply.body).root(), "Id");
    if (!id.empty()) co_return id;
  }
  co_return std::nullopt;
}

io::Task<std::string> Engine::create(Spec spec) {
  Call call;
  call.method = http::Method::post;
  call.path = fmt::format("/containers/create?name={}", escaped(spec.name));
  call.body = text_of(spec);
  const Reply reply = co_await done(std::move(call));
  std::string id = text_of(parsed(reply.body).root(), "Id");
  if (id.empty())
    throw Fault(Kind::bad_gateway, "bad_response", "the container engine names no container");
  co_return id;
}

io::Task<void> Engine::start(std::string id) {
  Call call;
  call.method = http::Method::post;
  call.path = fmt::format("/containers/{}/start", id);
  co_await done(std::move(call));
}

io::Task<void> Engine::stop(std::string id, std::chrono::seconds grace) {
  Call call;
  call.method = http::Method::post;
  call.path = fmt::format("/containers/{}/stop?t={}", id, grace.count());
  call.within = grace + 30s;
  co_await done(std::move(call), 404);
}

io::Task<void> Engine::kill(std::string id) {
  Call call;
  call.method = http::Method::post;
  call.path = fmt::format("/containers/{}/kill?signal=KILL", id);
  const Reply reply = co_await ask(std::move(call));
  // Of one that does not run or is gone, nothing is left to do.
  if (reply.status >= 400 && reply.status != 404 && reply.status != 409)
    throw Fault(Kind::bad_gateway, "engine_refused", said(reply.body));
}

io::Task<void> Engine::remove(std::string name) {
  Call call;
  call.method = http::Method::del;
  call.path = fmt::format("/containers/{}?force=1&v=1", escaped(name));
  co_await done(std::move(call), 404);
}

io::Task<std::optional<Container>> Engine::find(std::string name) {
  Call call;
  call.path = fmt::format("/containers/{}/json", escaped(name));
  const Reply reply = co_await done(std::move(call), 404);
  if (reply.status == 404) co_return std::nullopt;
  const json::Document document = parsed(reply.body);
  const json::Node root = document.root();
  const json::Node state = root.find("State");
  Container found;
  found.id = text_of(root, "Id");
  found.name = std::move(name);
  found.labels = labels_of(root.find("Config"));
  found.running = runs(text_of(state, "Status"));
  found.pid = number_of(state, "Pid");
  found.status = number_of(state, "ExitCode");
  found.out_of_memory = flag_of(state, "OOMKilled");
  found.error = text_of(state, "Error");
  found.started_at = Instant::parse(text_of(state, "StartedAt"));
  co_return found;
}

io::Task<std::vector<Container>> Engine::all(std::string label, std::string value) {
  Call call;
  call.path = fmt::format("/containers/json?all=1&filters={}", filters(label, value));
  const Reply reply = co_await done(std::move(call));
  const json::Document document = parsed(reply.body);
  const json::Node root = document.root();
  std::vector<Container> found;
  for (std::size_t i = 0; root.is(json::Type::array) && i < root.size(); ++i) {
    const json::Node each = root.at(i);
    Container one;
    one.id = text_of(each, "Id");
    one.labels = labels_of(each);
    one.running = runs(text_of(each, "State"));
    const json::Node names = each.find("Names");
    if (names.is(json::Type::array) && names.size() > 0 && names.at(0).is(json::Type::string))
      one.name = names.at(0).string();
    if (one.name.starts_with('/')) one.name.erase(0, 1);
    found.push_back(std::move(one));
  }
  co_return found;
}

io::Task<void> Engine::put(std::string id, std::string directory, std::string archive) {
  Call call;
  call.method = http::Method::put;
  call.path = fmt::format("/containers/{}/archive?path={}", id, escaped(directory));
  call.body = std::move(archive);
  call.content_type = "application/x-tar";
  co_await done(std::move(call));
}

io::Task<std::optional<std::string>> Engine::get(std::string id, std::string file) {
  Call call;
  call.path = fmt::format("/containers/{}/archive?path={}", id, escaped(file));
  Reply reply = co_await done(std::move(call), 404);
  if (reply.status == 404) co_return std::nullopt;
  co_return std::move(reply.body);
}

io::Task<std::optional<std::string>> Engine::volume(std::string name) {
  Call call;
  call.path = fmt::format("/volumes/{}", escaped(name));
  const Reply reply = co_await done(std::move(call), 404);
  if (reply.status == 404) co_return std::nullopt;
  const json::Document document = parsed(reply.body);
  co_return text_of(document.root(), "Mountpoint");
}

io::Task<void> Engine::make_volume(std::string name, Labels labels) {
  const auto there = co_await volume(name);
  if (there) co_return;
  Call call;
  call.method = http::Method::post;
  call.path = "/volumes/create";
  call.body = json::Object{}.add("Name", name).add("Labels", labels).text();
  co_await done(std::move(call));
}

io::Task<void> Engine::remove_volume(std::string name) {
  Call call;
  call.method = http::Method::del;
  call.path = fmt::format("/volumes/{}", escaped(name));
  co_await done(std::move(call), 404);
}

io::Task<std::vector<std::string>> Engine::volumes(std::string label, std::string value) {
  Call call;
  call.path = fmt::format("/volumes?filters={}", filters(label, value));
  const Reply reply = co_await done(std::move(call));
  const json::Document document = parsed(reply.body);
  const json::Node all = document.root().find("Volumes");
  std::vector<std::string> names;
  for (std::size_t i = 0; all.is(json::Type::array) && i < all.size(); ++i)
    names.push_back(text_of(all.at(i), "Name"));
  co_return names;
}

io::Task<void> Engine::make_network(std::string name, Labels labels) {
  Call look;
  look.path = fmt::format("/networks/{}", escaped(name));
  const Reply there = co_await done(std::move(look), 404);
  if (there.status != 404) co_return;
  Call call;
  call.method = http::Method::post;
  if (podman_) {
    // Only its own interface knows networks that are kept from each other.
    call.path = "/libpod/networks/create";
    call.body = json::Object{}
                    .add("name", name)
                    .add("driver", "bridge")
                    .add("dns_enabled", false)
                    .add("options", Labels{{"isolate", "true"}})
                    .add("labels", labels)
                    .text();
    call.version = "/v4.0.0";
  } else {
    call.path = "/networks/create";
    call.body = json::Object{}
                    .add("Name", name)
                    .add("CheckDuplicate", true)
                    .add("Driver", "bridge")
                    .add("Options", Labels{{"com.docker.network.bridge.enable_icc", "false"}})
                    .add("Labels", labels)
                    .text();
  }
  co_await done(std::move(call), 409);
}

io::Task<bool> Engine::remove_network(std::string name) {
  Call call;
  call.method = http::Method::del;
  call.path = fmt::format("/networks/{}", escaped(name));
  const Reply reply = co_await ask(std::move(call));
  if (reply.status < 400 || reply.status == 404) co_return true;
  if (reply.status == 403 || reply.status == 409) co_return false;
  throw Fault(Kind::bad_gateway, "engine_refused", said(reply.body));
}

io::Task<std::unique_ptr<http::ClientStream>> Engine::logs(std::string id, std::string since) {
  Call call;
  call.path = fmt::format("/containers/{}/logs?follow=1&stdout=1&stderr=1&timestamps=1{}", id,
                          since.empty() ? "" : "&since=" + escaped(since));
  return open(std::move(call), logs_idle);
}

io::Task<std::unique_ptr<http::ClientStream>> Engine::events(std::string label, std::string value) {
  Call call;
  call.path = fmt::format("/events?filters={}", filters(label, value, "container"));
  return open(std::move(call), events_idle);
}

}  // namespace molecule::container
