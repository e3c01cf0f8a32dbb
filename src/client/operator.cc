#include "client/operator.h"

#include "client/refusal.h"
#include "platform/json/answer.h"

namespace molecule::client {

io::Task<Answer> Operator::answer_to(Ask what) {
  what.patience = patience;
  co_return co_await platform_.ask(credential_, what);
}

io::Task<json::Document> Operator::ask(Ask what) {
  const Answer answer = co_await answer_to(std::move(what));
  if (!answer.ok()) throw refusal(answer);
  try {
    co_return json::parse_answer(answer.body.empty() ? std::string_view("null")
                                                     : std::string_view(answer.body));
  } catch (const Fault& fault) {
    throw Fault(Kind::bad_gateway, "bad_response",
                fmt::format("what answers at {} is no Molecule platform: {}", platform_.url(),
                            fault.text()));
  }
}

io::Task<json::Document> Operator::get(std::string path) {
  Ask what;
  what.path = std::move(path);
  what.repeatable = true;
  return ask(std::move(what));
}

io::Task<json::Document> Operator::post(std::string path, std::string body) {
  Ask what;
  what.method = http::Method::post;
  what.path = std::move(path);
  what.body = std::move(body);
  return ask(std::move(what));
}

io::Task<json::Document> Operator::put(std::string path, std::string body) {
  Ask what;
  what.method = http::Method::put;
  what.path = std::move(path);
  what.body = std::move(body);
  what.repeatable = true;
  return ask(std::move(what));
}

io::Task<json::Document> Operator::patch(std::string path, std::string body) {
  Ask what;
  what.method = http::Method::patch;
  what.path = std::move(path);
  what.body = std::move(body);
  what.repeatable = true;
  return ask(std::move(what));
}

io::Task<json::Document> Operator::del(std::string path) {
  Ask what;
  what.method = http::Method::del;
  what.path = std::move(path);
  return ask(std::move(what));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace molecule::client
