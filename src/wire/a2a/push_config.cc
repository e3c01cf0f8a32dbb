#include "wire/a2a/push_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "wire/a2a/differences.h"
#include "wire/a2a/task.h"

namespace molecule::a2a {
namespace {

using json::Node;
using json::Type;

// A scheme of HTTP (RFC 9110 §5.6.2).
bool is_scheme_char(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("!#$%&'*+-.^_`|~").contains(c);
}
bool is_header_char(char c) { return c >= ' ' && c <= '~'; }

std::string text_in(Node object, std::string_view name, std::size_t max) {
  Node value = object.find(name);
  if (!value || value.is(Type::null)) return {};
  if (!value.is(Type::string)) throw invalid_params(fmt::format("{}: expected a string", name));
  if (value.string().size() > max)
    throw invalid_params(fmt::format("{} is longer than {} bytes", name, max));
  return std::string(value.string());
}

void require_header(std::string_view text, std::string_view name) {
  if (!std::ranges::all_of(text, is_header_char))
    throw invalid_params(fmt::format("{} must be visible characters and spaces", name));
}

Node either(Node object, std::string_view name, std::string_view other) {
  Node found = object.find(name);
  return found ? found : object.find(other);
}

std::string id_in(Node params, std::string_view name) {
  std::string id = text_in(params, name, push_id_max);
  require_header(id, name);
  return id;
}

void read_authentication(Node authentication, PushConfig& config) {
  if (!authentication || authentication.is(Type::null)) return;
  if (!authentication.is(Type::object)) throw invalid_params("authentication: expected an object");
  config.scheme = text_in(authentication, detail::push_scheme.v10, push_id_max);
  Node schemes = authentication.find(detail::push_scheme.v03);
  const bool listed = config.scheme.empty() && schemes.is(Type::array) && schemes.size() > 0;
  if (listed && schemes.at(0).is(Type::string)) config.scheme = schemes.at(0).string();
  config.credentials = text_in(authentication, "credentials", push_secret_max);
  if (config.scheme.empty()) throw invalid_params("authentication has no scheme");
  if (config.scheme.size() > push_id_max || !std::ranges::all_of(config.scheme, is_scheme_char))
    throw invalid_params("authentication.scheme is no scheme of HTTP");
  require_header(config.credentials, "authentication.credentials");
}

}  // namespace

PushConfig read_push_config(Node node) {
  if (!node.is(Type::object)) throw invalid_params("the push configuration must be an object");
  PushConfig config;
  config.id = id_in(node, "id");
  config.url = text_in(node, "url", push_url_max);
  if (config.url.empty()) throw invalid_params("url, where to tell of the task, is required");
  config.token = text_in(node, "token", push_secret_max);
  require_header(config.token, "token");
  read_authentication(node.find("authentication"), config);
  return config;
}

void read_push_params(Node params, PushCall& call) {
  switch (call.verb) {
    case PushVerb::set: {
      Node nested = either(params, "pushNotificationConfig", "push_notification_config");
      if (!nested) nested = params.find("config");
      call.config = read_push_config(nested ? nested : params);
      return;
    }
    case PushVerb::list: {
      call.page_token = text_in(params, "pageToken", push_id_max);
      if (call.page_token->empty()) call.page_token.reset();
      Node size = either(params, "pageSize", "page_size");
      if (size && !size.is(Type::null)) {
        const bool fits =
            size.is(Type::integer) && size.integer() >= 0 && size.integer() <= page_size_max;
        if (!fits) throw invalid_params(fmt::format("pageSize must be 0 to {}", page_size_max));
        if (size.integer() > 0) call.page_size = size.integer();
      }
      return;
    }
    case PushVerb::get:
    case PushVerb::erase: {
      call.config_id = id_in(params, "pushNotificationConfigId");
      // In 1.0 `id` is the configuration's, beside taskId; in 0.3 it is the task's.
      const bool beside = bool(either(params, "taskId", "task_id"));
      if (call.config_id.empty() && beside) call.config_id = id_in(params, "id");
      if (call.config_id.empty() && call.verb == PushVerb::erase)
        throw invalid_params("the id of the push configuration is required");
      return;
    }
  }
}

bool may_bring_push(std::string_view request) {
  for (std::string_view part : {"ushNotificationConfig", "push_notification_config", "taskId"}) {
    if (request.find(part) != std::string_view::npos) return true;
  }
  return false;
}

PushBrought push_brought_in(std::string_view request) {
  PushBrought out;
  std::optional<json::Document> document;
  try {
    document.emplace(json::Document::parse(request));
  } catch (const Fault&) {
    return out;  // Whoever reads it as a message says what is wrong.
  }
  Node root = document->root(), params = root.find("params");
  if (Node method = root.find("method"); method.is(Type::string))
    out.generation = generation_of(method.string());
  if (Node task = params.find("message").find("taskId");
      task.is(Type::string) && task.string().size() <= task_id_max)
    out.task_id = task.string();
  if (Node context = params.find("message").find("contextId");
      context.is(Type::string) && context.string().size() <= task_id_max)
    out.context_id = context.string();
  Node configuration = params.find("configuration");
  const auto is_push = [](std::string_view name) {
    return name == "pushNotificationConfig" || name == "taskPushNotificationConfig" ||
           name == "push_notification_config" || name == "task_push_notification_config";
  };
  json::Object others;
  Node config;
  for (std::size_t i = 0; configuration.is(Type::object) && i < configuration.size(); ++i) {
    if (is_push(configuration.name_at(i))) {
      config = configuration.value_at(i);
    } else {
      others.add(configuration.name_at(i), RawJson(configuration.value_at(i).text()));
    }
  }
  if (!config) return out;
  if (!config.is(Type::null)) out.config = read_push_config(config);
  const auto with = [](Node object, std::string_view name, const RawJson& value) {
    json::Object copy;
    for (std::size_t i = 0; i < object.size(); ++i) {
      const bool is = object.name_at(i) == name;
      copy.add(object.name_at(i), is ? value : RawJson(object.value_at(i).text()));
    }
    return copy.raw();
  };
  out.body = with(root, "params", with(params, "configuration", others.raw())).text;
  return out;
}

std::string push_config_told(Generation to, const PushConfig& config, std::string_view task_id,
                             bool secrets) {
  json::Object out, authentication;
  const bool flat = to == Generation::v10;
  out.add("id", config.id);
  if (flat) out.add("taskId", task_id);
  out.add("url", config.url);
  if (secrets && !config.token.empty()) out.add("token", config.token);
  if (!config.scheme.empty()) {
    if (flat) {
      authentication.add("scheme", config.scheme);
    } else {
      authentication.add("schemes", std::vector<std::string>{config.scheme});
    }
    if (secrets && !config.credentials.empty())
      authentication.add("credentials", config.credentials);
    out.add("authentication", authentication.raw());
  }
  if (flat) return out.text();
  return json::Object{}.add("taskId", task_id).add("pushNotificationConfig", out.raw()).text();
}

std::string push_configs_told(Generation to, const std::vector<std::string>& told,
                              std::string_view next_page) {
  std::string list = fmt::format("[{}]", fmt::join(told, ","));
  if (to == Generation::v03) return list;
  json::Object out;
  return out.add("configs", RawJson(std::move(list))).add("nextPageToken", next_page).text();
}

std::string_view push_erased(Generation to) { return to == Generation::v10 ? "{}" : "null"; }

std::string push_told(Generation to, const PushChange& change) {
  json::Object status, molecule, metadata, out;
  status.add("state", state_as(to, change.state)).add("timestamp", time_text(change.at));
  molecule.add("activity_id", change.activity_id);
  metadata.add("molecule", molecule.raw());
  if (to == Generation::v03) out.add("kind", "task").add("id", change.task_id);
  if (to == Generation::v10) out.add("taskId", change.task_id);
  out.add("contextId", change.context_id).add("status", status.raw());
  out.add("metadata", metadata.raw());
  if (to == Generation::v03) return out.text();
  return json::Object{}.add("statusUpdate", out.raw()).text();
}

std::string push_task(Generation to, std::string task) {
  if (to == Generation::v03) return task;
  return json::Object{}.add("task", RawJson(std::move(task))).text();
}

std::string_view push_media(Generation to) {
  return to == Generation::v10 ? "application/a2a+json" : "application/json";
}

}  // namespace molecule::a2a
