#include "agent/stream_json_lines.h"

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::agent {
namespace {

using Kind = StreamJsonLine::Kind;
using json::Node;
using json::Type;

std::string_view text_in(Node node, std::string_view name) {
  const Node value = node.find(name);
  return value.is(Type::string) ? value.string() : std::string_view();
}

void read_event(Node event, StreamJsonLine& out) {
  const std::string_view type = text_in(event, "type");
  if (type == "content_block_start") {
    const Node block = event.find("content_block");
    const std::string_view what = text_in(block, "type");
    if (what == "text") out.kind = Kind::block;
    if (what == "tool_use") {
      out.kind = Kind::tool;
      out.text = text_in(block, "name");
    }
  }
  if (type == "content_block_delta") {
    const Node delta = event.find("delta");
    if (text_in(delta, "type") != "text_delta") return;
    out.kind = Kind::text;
    out.text = text_in(delta, "text");
  }
}

void read_result(Node root, StreamJsonLine& out) {
  out.kind = Kind::result;
  out.text = text_in(root, "result");
  out.id = text_in(root, "session_id");
  out.subtype = text_in(root, "subtype");
  const Node failed = root.find("is_error");
  out.failed = (failed.is(Type::boolean) && failed.boolean()) || out.subtype.starts_with("error");
  const Node status = root.find("api_error_status");
  if (status.is(Type::integer) && status.integer() > 0 && status.integer() < 1000)
    out.status = static_cast<int>(status.integer());
  if (out.failed && out.text.empty()) {
    const Node errors = root.find("errors");
    for (std::size_t i = 0; errors.is(Type::array) && i < errors.size(); ++i) {
      if (!errors.at(i).is(Type::string)) continue;
      out.text += out.text.empty() ? "" : "; ";
      out.text += errors.at(i).string();
    }
  }
}

StreamJsonLine read_line(Node root) {
  StreamJsonLine out;
  const std::string_view type = text_in(root, "type");
  if (type == "system" && text_in(root, "subtype") == "init") {
    out.kind = Kind::session;
    out.id = text_in(root, "session_id");
  } else if (type == "stream_event") {
    // What another agent of its own says is none of the answer.
    const Node parent = root.find("parent_tool_use_id");
    if (!parent || parent.is(Type::null)) read_event(root.find("event"), out);
  } else if (type == "result") {
    read_result(root, out);
  } else if (type == "user" && root.find("isReplay").is(Type::boolean) &&
             root.find("isReplay").boolean()) {
    out.kind = Kind::echo;
    out.id = text_in(root, "uuid");
  } else if (type == "control_request") {
    const Node request = root.find("request");
    if (text_in(request, "subtype") == "can_use_tool") {
      out.kind = Kind::question;
      out.id = text_in(root, "request_id");
      out.text = text_in(request, "tool_name");
      out.input = request.find("input") ? request.find("input").text() : "{}";
    }
  }
  return out;
}

}  // namespace

StreamJsonLine read_stream_json(std::string_view line) {
  try {
    json::Document document = json::Document::parse(line, {.bytes = 16u << 20});
    return read_line(document.root());
  } catch (const Fault&) {
    return {};
  }
}

}  // namespace molecule::agent
