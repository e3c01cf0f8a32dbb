#include "app/example.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace molecule::app {
namespace {

using namespace std::string_view_literals;

// JSON by field. What is not here takes the plainest value of its kind.
constexpr std::array values{
    std::pair{"name"sv, R"("researcher")"sv},
    std::pair{"role"sv, R"("Reads sources and sums them up")"sv},
    std::pair{"tier"sv, "3"sv},
    std::pair{"runtime"sv, R"("external")"sv},
    std::pair{"external"sv, "true"sv},
    std::pair{"url"sv, R"("http://127.0.0.1:9000/")"sv},
    std::pair{"delivery_mode"sv, R"("poll")"sv},
    std::pair{"workspace_dir"sv, R"("/srv/work")"sv},
    std::pair{"workspace_access"sv, R"("read_only")"sv},
    std::pair{"template"sv, R"("researcher")"sv},
    std::pair{"parent_id"sv, "null"sv},
    std::pair{"budget_limit"sv, "5000"sv},
    std::pair{"expires_in"sv, "3600"sv},
    std::pair{"monthly_spend"sv, "1250"sv},
    std::pair{"max_concurrent_tasks"sv, "1"sv},
    std::pair{"agent_card"sv,
              R"({"name":"researcher","description":"Reads sources","skills":[]})"sv},
    std::pair{"skills"sv, R"(["summarise"])"sv},
    std::pair{"description"sv, R"("Reads sources and sums them up")"sv},
    std::pair{"kind"sv, R"("workspace")"sv},
    std::pair{"platform_url"sv, R"("http://127.0.0.1:8080")"sv},
    std::pair{"auth_token"sv, R"("the-token-of-the-workspace")"sv},
    std::pair{"platform_inbound_secret"sv, R"("the-secret-the-platform-shows")"sv},
    std::pair{"current_task"sv, R"("reading README.md")"sv},
    std::pair{"task"sv, R"("Summarise README.md in 3 bullet points")"sv},
    std::pair{"error_rate"sv, "0.02"sv},
    std::pair{"active_tasks"sv, "1"sv},
    std::pair{"uptime_seconds"sv, "93"sv},
    std::pair{"runtime_metadata"sv, R"({"capabilities":{"status_mgmt":false}})"sv},
    std::pair{"key"sv, R"("SEARCH_API_KEY")"sv},
    std::pair{"value"sv, R"("the-value")"sv},
    std::pair{"model"sv, R"("a-model")"sv},
    std::pair{"source"sv, R"("peer_agent")"sv},
    std::pair{"label"sv, R"("laptop")"sv},
    std::pair{"prefix"sv, R"("mol_ws_1a2b")"sv},
    std::pair{"code"sv, R"("the-code-of-the-claim-link")"sv},
    std::pair{"status"sv, R"("ok")"sv},
    std::pair{"activity_type"sv, R"("task_update")"sv},
    std::pair{"type"sv, R"("task_update")"sv},
    std::pair{"method"sv, R"("message/send")"sv},
    std::pair{"summary"sv, R"("Read README.md")"sv},
    std::pair{"text"sv, R"("Three points: …")"sv},
    std::pair{"message"sv, R"("Three points: …")"sv},
    std::pair{"content"sv, R"("Summarise README.md")"sv},
    std::pair{"uri"sv, R"("https://files.example/report.pdf")"sv},
    std::pair{"mimeType"sv, R"("application/pdf")"sv},
    std::pair{"idempotency_key"sv, R"("readme-1")"sv},
    std::pair{"direction"sv, R"("sent")"sv},
    std::pair{"jsonrpc"sv, R"("2.0")"sv},
    std::pair{"message_id"sv, R"("0f8e2a9c-0000-4000-8000-000000000001")"sv},
    std::pair{"response_preview"sv, R"("Three points: …")"sv},
    std::pair{"task_preview"sv, R"("Summarise README.md")"sv},
    std::pair{"event_type"sv, R"("WORKSPACE_ONLINE")"sv},
    std::pair{"version"sv, R"("0.3.0")"sv},
    std::pair{"uptime"sv, R"("93s")"sv},
    std::pair{"database"sv, R"("ok")"sv},
    std::pair{"x"sv, "120"sv},
    std::pair{"y"sv, "80"sv},
    std::pair{"zoom"sv, "1"sv}};

constexpr std::string_view id_text = R"("0f8e2a9c-0000-4000-8000-000000000001")";
constexpr std::string_view time_text = R"("2026-01-31T09:26:53.589793Z")";

std::string plain(const json::Shape& shape, const json::Shapes& shapes);

bool fits(std::string_view value, const json::Shape& shape) {
  using Kind = json::Shape::Kind;
  if (value == "null") return shape.nullable;
  switch (shape.kind) {
    case Kind::any: return true;
    case Kind::object: return value.front() == '{';
    case Kind::text: return value.front() == '"';
    case Kind::integer:
    case Kind::number: return value.find_first_not_of("0123456789.") == std::string_view::npos;
    case Kind::boolean: return value == "true" || value == "false";
    default: return false;
  }
}

std::string of_field(const json::FieldShape& field, const json::Shapes& shapes) {
  for (const auto& [name, value] : values) {
    if (name == field.name && fits(value, field.shape)) return std::string(value);
  }
  return plain(field.shape, shapes);
}

std::string of_named(const json::TypeShape& type, const json::Shapes& shapes) {
  if (!type.values.empty()) return fmt::format("\"{}\"", type.values.front());
  std::string out = "{";
  for (const json::FieldShape& field : type.fields) {
    if (out.size() > 1) out += ',';
    json::quote(out, field.name);
    out += ':';
    out += of_field(field, shapes);
  }
  return out + '}';
}

std::string plain(const json::Shape& shape, const json::Shapes& shapes) {
  using Kind = json::Shape::Kind;
  switch (shape.kind) {
    case Kind::any:
    case Kind::object: return "{}";
    case Kind::boolean: return "true";
    case Kind::integer: return "1";
    case Kind::number: return "0.5";
    case Kind::text: return R"("text")";
    case Kind::id: return std::string(id_text);
    case Kind::time: return std::string(time_text);
    case Kind::named: return of_named(shapes.all().at(shape.name), shapes);
    case Kind::list: return fmt::format("[{}]", plain(shape.of.front(), shapes));
    case Kind::map:
      return fmt::format(R"({{"SEARCH_API_KEY":{}}})", plain(shape.of.front(), shapes));
    case Kind::either: return plain(shape.of.front(), shapes);
  }
  return "null";
}

}  // namespace

std::string example_of(const json::Shape& shape, const json::Shapes& shapes) {
  return plain(shape, shapes);
}

}  // namespace molecule::app
