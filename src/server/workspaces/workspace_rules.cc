#include "server/workspaces/workspace_rules.h"

#include <array>
#include <cmath>

#include "base/fault.h"
#include "platform/text/names.h"

namespace molecule::workspaces {

namespace {

constexpr std::string_view payload_code = "invalid_workspace_payload";
constexpr std::string_view fields_code = "invalid_workspace_fields";
constexpr std::string_view directory_code = "invalid_workspace_directory";

Fault bad_field(std::string_view code, std::string_view name, std::string_view expected) {
  return bad_request(std::string(code),
                     fmt::format("invalid workspace fields: {} {}", name, expected));
}

bool has_control(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

// Names and roles end up in generated configuration files.
void check_words(std::string_view name, const std::string& text) {
  if (auto flaw = text::flaw_of_line(text)) throw bad_field(fields_code, name, *flaw);
  if (text.find_first_of("{}[]|>*&!") != std::string::npos) {
    throw bad_field(fields_code, name, "must not contain any of { } [ ] | > * & !");
  }
}

std::string checked_role(std::string text) {
  text = text::normal_form(text);
  check_words("role", text);
  return text;
}

std::string checked_name(std::string text) {
  if (text.find_first_not_of(' ') == std::string::npos) {
    throw bad_request(std::string(payload_code), "invalid workspace payload: name is required");
  }
  text = text::normal_form(text);
  check_words("name", text);
  if (auto flaw = text::flaw_of_name(text)) throw bad_field(fields_code, "name", *flaw);
  // Composing can make a text longer.
  if (text.size() > name_max)
    throw bad_field(fields_code, "name", fmt::format("is longer than {} bytes", name_max));
  return text;
}

std::optional<std::int64_t> integer_member(json::Node body, std::string_view name, std::int64_t min,
                                           std::int64_t max) {
  json::Node node = body.find(name);
  if (!node || node.is(json::Type::null)) return std::nullopt;
  if (!node.is(json::Type::integer) || node.integer() < min || node.integer() > max) {
    throw bad_field(fields_code, name,
                    fmt::format("must be a whole number from {} to {}", min, max));
  }
  return node.integer();
}

std::optional<double> coordinate(json::Node body, std::string_view name) {
  json::Node node = body.find(name);
  if (!node || node.is(json::Type::null)) return std::nullopt;
  bool numeric = node.is(json::Type::integer) || node.is(json::Type::number);
  if (!numeric || !std::isfinite(node.number()) || std::abs(node.number()) > position_max) {
    throw bad_field(fields_code, name, "must be a number between -10000000 and 10000000");
  }
  return node.number();
}

std::optional<std::pair<double, double>> position_member(json::Node body) {
  auto x = coordinate(body, "x");
  auto y = coordinate(body, "y");
  if (x.has_value() != y.has_value()) throw bad_field(fields_code, "x and y", "go together");
  if (!x) return std::nullopt;
  return std::pair{*x, *y};
}

std::optional<WorkspaceId> parent_member(json::Node node) {
  if (node.is(json::Type::null)) return std::nullopt;
  auto id = node.is(json::Type::string) ? WorkspaceId::parse(node.string()) : std::nullopt;
  if (!id) {
    throw bad_request("workspace_reparent_invalid_parent_id",
                      "parent_id must be the id of a workspace or null");
  }
  return id;
}

// A path on the host that an agent's container would mount: nothing of the system itself.
std::string checked_directory(std::string path) {
  auto refuse = [](std::string_view why) {
    return bad_request(std::string(directory_code),
                       fmt::format("invalid workspace directory: {}", why));
  };
  if (path.front() != '/') throw refuse("the path must be absolute");
  if (has_control(path)) throw refuse("the path must not contain control characters");
  std::string_view rest = path;
  std::string_view first;
  while (!rest.empty()) {
    std::size_t slash = rest.find('/');
    std::string_view part = rest.substr(0, slash);
    if (part == "..") throw refuse("the path must not contain ..");
    if (first.empty() && part != ".") first = part;
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  constexpr std::array<std::string_view, 10> system{"etc",  "var",  "proc", "sys", "dev",
                                                    "boot", "sbin", "bin",  "lib", "usr"};
  for (std::string_view top : system) {
    if (first == top) throw refuse(fmt::format("/{} belongs to the system", top));
  }
  return path;
}

std::optional<std::string> directory_member(json::Node body) {
  auto path = text_member(body, "workspace_dir", path_max, directory_code);
  if (!path || path->empty()) return std::nullopt;
  return checked_directory(std::move(*path));
}

std::optional<Access> access_member(json::Node body) {
  auto text = text_member(body, "workspace_access", 20, "invalid_workspace_access");
  if (!text || text->empty()) return std::nullopt;
  auto access = enum_from<Access>(*text);
  if (!access) {
    throw bad_request("invalid_workspace_access",
                      "invalid workspace access: must be none, read_only or read_write");
  }
  return access;
}

std::string checked_line(std::string_view name, std::string text) {
  if (auto flaw = text::flaw_of_line(text)) throw bad_field(fields_code, name, *flaw);
  return text;
}

std::string checked_template(std::string text) {
  bool escapes = text.front() == '/' || text.find("..") != std::string::npos || has_control(text) ||
                 text.find('\\') != std::string::npos;
  if (escapes) {
    throw bad_request("invalid_template",
                      "invalid template: must be the name of a folder below the templates");
  }
  return text;
}

std::vector<std::pair<std::string, Secret>> secrets_member(json::Node body) {
  std::vector<std::pair<std::string, Secret>> secrets;
  json::Node node = body.find("secrets");
  if (!node || node.is(json::Type::null)) return secrets;
  if (!node.is(json::Type::object) || node.size() > secrets_max) {
    throw bad_field(fields_code, "secrets",
                    fmt::format("must be an object of at most {} strings", secrets_max));
  }
  for (std::size_t i = 0; i < node.size(); ++i) {
    json::Node value = node.value_at(i);
    // The fault names the key only: a value never appears in an answer.
    if (!value.is(json::Type::string) || value.string().empty() ||
        value.string().size() > secret_value_max) {
      throw bad_field(fields_code, fmt::format("secrets.{}", node.name_at(i)),
                      fmt::format("must be a string of 1 to {} bytes", secret_value_max));
    }
    secrets.emplace_back(std::string(node.name_at(i)), Secret(std::string(value.string())));
  }
  return secrets;
}

json::Document parse_object(std::string_view body, std::string_view code, std::string_view text) {
  try {
    json::Document document = json::Document::parse(body);
    if (document.root().is(json::Type::object)) return document;
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_request) throw;
    throw bad_request(std::string(code), fmt::format("{}: {}", text, fault.text()));
  }
  throw bad_request(std::string(code), fmt::format("{}: expected a JSON object", text));
}

}  // namespace

std::optional<std::string> text_member(json::Node body, std::string_view name, std::size_t max,
                                       std::string_view code) {
  json::Node node = body.find(name);
  if (!node || node.is(json::Type::null)) return std::nullopt;
  if (!node.is(json::Type::string)) throw bad_field(code, name, "must be a string");
  if (node.string().size() > max)
    throw bad_field(code, name, fmt::format("is longer than {} bytes", max));
  return std::string(node.string());
}

NewWorkspace read_new(std::string_view text) {
  json::Document document = parse_object(text, payload_code, "invalid workspace payload");
  json::Node body = document.root();
  NewWorkspace made;
  made.name = checked_name(text_member(body, "name", name_max, fields_code).value_or(""));
  made.role = checked_role(text_member(body, "role", role_max, fields_code).value_or(""));
  auto tier = integer_member(body, "tier", 0, 4).value_or(0);
  made.tier = tier == 0 ? 3 : static_cast<int>(tier);
  made.model =
      checked_line("model", text_member(body, "model", model_max, fields_code).value_or(""));
  made.runtime =
      checked_line("runtime", text_member(body, "runtime", runtime_max, fields_code).value_or(""));
  auto folder = text_member(body, "template", name_max, "invalid_template");
  if (folder && !folder->empty()) made.template_name = checked_template(std::move(*folder));

  json::Node external = body.find("external");
  if (external && !external.is(json::Type::null) && !external.is(json::Type::boolean)) {
    throw bad_field(fields_code, "external", "must be true or false");
  }
  if (external.is(json::Type::boolean) && external.boolean() && !joins_by_itself(made.runtime)) {
    made.runtime = "external";
  }
  if (made.runtime.empty()) made.runtime = "langgraph";

  made.url = text_member(body, "url", url_max, fields_code).value_or("");
  if (!made.url.empty() && !joins_by_itself(made.runtime)) {
    throw bad_field(fields_code, "url",
                    "is only for agents that join by themselves (runtime external)");
  }
  auto mode = text_member(body, "delivery_mode", 20, fields_code);
  if (mode && !mode->empty()) {
    made.delivery = enum_from<Delivery>(*mode);
    if (!made.delivery)
      throw bad_request("invalid_delivery_mode", "delivery_mode must be 'push' or 'poll'");
  }
  made.workspace_dir = directory_member(body);
  made.workspace_access = access_member(body).value_or(Access::none);
  if (made.workspace_access != Access::none && !made.workspace_dir) {
    throw bad_request("invalid_workspace_access",
                      "invalid workspace access: read_only and read_write need workspace_dir");
  }
  if (json::Node parent = body.find("parent_id")) made.parent = parent_member(parent);
  made.budget_limit = integer_member(body, "budget_limit", 0, std::int64_t{1} << 50);
  auto tasks = integer_member(body, "max_concurrent_tasks",
                              std::numeric_limits<std::int64_t>::min(), tasks_max);
  made.max_concurrent_tasks = tasks && *tasks > 0 ? static_cast<int>(*tasks) : 1;
  json::Node canvas = body.find("canvas");
  if (canvas && !canvas.is(json::Type::null)) {
    if (!canvas.is(json::Type::object))
      throw bad_field(fields_code, "canvas", "must be an object with x and y");
    if (auto at = position_member(canvas)) std::tie(made.x, made.y) = *at;
  }
  made.secrets = secrets_member(body);
  json::Node memories = body.find("initial_memories");
  if (memories && !memories.is(json::Type::null)) {
    if (!memories.is(json::Type::array))
      throw bad_field(fields_code, "initial_memories", "must be a list");
    made.has_memories = memories.size() > 0;
  }
  return made;
}

std::vector<std::string> Change::infrastructure() const {
  std::vector<std::string> named;
  if (tier) named.emplace_back("tier");
  if (parent) named.emplace_back("parent_id");
  if (runtime) named.emplace_back("runtime");
  if (workspace_dir) named.emplace_back("workspace_dir");
  if (workspace_access) named.emplace_back("workspace_access");
  return named;
}

Change read_change(std::string_view text) {
  json::Document document = parse_object(text, "invalid_request_body", "invalid request body");
  json::Node body = document.root();
  Change change;
  if (auto name = text_member(body, "name", name_max, fields_code))
    change.name = checked_name(std::move(*name));
  if (auto role = text_member(body, "role", role_max, fields_code))
    change.role = checked_role(std::move(*role));
  if (auto tier = integer_member(body, "tier", 1, 4)) change.tier = static_cast<int>(*tier);
  if (auto runtime = text_member(body, "runtime", runtime_max, fields_code)) {
    if (runtime->empty()) throw bad_field(fields_code, "runtime", "must not be empty");
    change.runtime = checked_line("runtime", std::move(*runtime));
  }
  if (json::Node parent = body.find("parent_id")) change.parent = parent_member(parent);
  if (body.find("workspace_dir")) change.workspace_dir = directory_member(body);
  change.workspace_access = access_member(body);
  json::Node collapsed = body.find("collapsed");
  if (collapsed && !collapsed.is(json::Type::null)) {
    if (!collapsed.is(json::Type::boolean))
      throw bad_field(fields_code, "collapsed", "must be true or false");
    change.collapsed = collapsed.boolean();
  }
  change.position = position_member(body);
  return change;
}

}  // namespace molecule::workspaces
