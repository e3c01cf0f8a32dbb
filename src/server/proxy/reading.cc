#include "server/proxy/reading.h"

#include <charconv>
#include <ctime>

#include "platform/http/syntax.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "server/proxy/parameters.h"
#include "wire/a2a/at_work.h"
#include "wire/a2a/metadata.h"

namespace molecule::proxy {
namespace {

// The agent, or something before it, says "not now": the message keeps.
bool means_busy(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// The status that the caller gets for an agent's refusal. A redirect is not followed, its own
// failure is none of ours, and what an agent says about who may call it must not read as the
// platform's word on the caller's own standing.
int passed_on(int status) {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 410: return 502;
    default: return status < 400 || status >= 500 ? 502 : status;
  }
}

// The beginning of a text on one line, as it may be shown and kept.
std::string first_words(std::string_view text) {
  std::string flat;
  for (unsigned char c : text.substr(0, 4 * quoted_max)) {
    bool gap = c <= ' ' || c == 0x7f;
    if (!gap) {
      flat += static_cast<char>(c);
    } else if (!flat.empty() && flat.back() != ' ') {
      flat += ' ';
    }
  }
  std::string shown = json::storable(flat, quoted_max);
  return shown.size() < flat.size() ? shown + "…" : shown;
}

// What came, in a few words.
std::string described(const http::ClientResponse& response) {
  auto type = response.header("content-type");
  std::string words = first_words(response.body());
  std::string kind = type && !type->empty() ? first_words(*type) : "no content type";
  if (words.empty()) return fmt::format("HTTP {} with {} and an empty body", response.status, kind);
  return fmt::format("HTTP {} with {}: {}", response.status, kind, words);
}

std::string error_text(const http::ClientResponse& response) {
  try {
    json::Document document = json::parse_answer(response.body());
    for (std::string_view name : {"error", "message", "detail"}) {
      json::Node node = document.root().find(name);
      if (!node.is(json::Type::string)) node = node.find("message");
      if (node.is(json::Type::string)) return json::storable(node.string(), a2a::error_max);
    }
  } catch (const Fault&) {
    // Not JSON: it is shown as it is.
  }
  return "the agent answered " + described(response);
}

std::string redirect_text(const net::Url& url, const http::ClientResponse& response) {
  constexpr std::string_view advice = "redirects are not followed, so the agent has to register";
  auto location = response.header("location");
  if (!location) {
    return fmt::format("the agent answered HTTP {} without saying where to; {} its real address",
                       response.status, advice);
  }
  try {
    net::Url target = url.resolve(*location);
    // A query may hold what is nobody's business.
    std::string where = target.origin() + target.target.substr(0, std::min(target.target.find('?'),
                                                                           std::size_t{200}));
    return fmt::format("the agent redirects to {} (HTTP {}); {} that address", where,
                       response.status, advice);
  } catch (const Fault& fault) {
    return fmt::format("the agent redirects (HTTP {}) to where nothing can be: {}", response.status,
                       fault.text());
  }
}

std::optional<std::time_t> http_date(std::string_view text) {
  std::tm when{};
  std::string terminated(text);
  const char* end = ::strptime(terminated.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &when);
  if (!end || *end != '\0') return std::nullopt;
  return ::timegm(&when);
}

// How long the agent wants to be left alone. A date is measured by the agent's own clock.
std::chrono::seconds told_wait(const http::ClientResponse& response) {
  auto text = response.header("retry-after");
  if (!text) return {};
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  const bool number = end == text->data() + text->size();
  // More digits than can be counted with ask for the longest wait there is.
  if (number && error == std::errc::result_out_of_range)
    return text->starts_with('-') ? std::chrono::seconds(0) : told_wait_max;
  if (!number || error != std::errc()) {
    auto now = response.header("date");
    auto until = http_date(*text), from = now ? http_date(*now) : std::nullopt;
    if (!until || !from) return {};
    seconds = *until - *from;
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), told_wait_max);
}

}  // namespace

bool Events::begin(std::string_view head) {
  // Only of an answer that is none of the refusals.
  if (head.size() < 10 || head[9] != '2') return false;
  constexpr std::string_view events = "text/event-stream";
  auto type = http::header_in(head, "content-type");
  const bool is = type && http::equal_ignoring_case(type->substr(0, events.size()), events);
  begun_ = begun_ || is;
  begun_now_ = is;
  return is;
}

std::optional<std::string> Events::piece_in(std::string_view data) {
  auto piece = a2a::piece_of(data);
  if (!piece) return std::nullopt;
  over_ = stream_.take(data) || over_;
  if (stream_.strayed()) return std::nullopt;
  if (task_.empty()) task_ = a2a::task_of(*piece);
  return piece;
}

std::vector<std::string> Events::take(std::string_view bytes) {
  std::vector<std::string> pieces;
  over_ = !parser_.take(bytes) || over_;
  while (auto event = parser_.next()) {
    if (auto piece = piece_in(event->data)) pieces.push_back(std::move(*piece));
    if (over_) break;
  }
  pending_ = pieces.empty() ? pending_ + bytes.size() : 0;
  told_ = told_ || !pieces.empty();
  return pieces;
}

std::vector<std::string> Events::take_whole(std::string_view body) {
  std::vector<std::string> pieces;
  if (auto piece = piece_in(body)) pieces.push_back(std::move(*piece));
  told_ = told_ || !pieces.empty();
  return pieces;
}

Carried without_answer(Carried::End end, int status, std::string code, std::string error,
                       bool delivered) {
  Carried carried;
  carried.end = end;
  carried.status = status;
  carried.code = std::move(code);
  carried.error = std::move(error);
  carried.delivered = delivered;
  return carried;
}

Carried read_response(const Parcel& parcel, const net::Url& url,
                      const http::ClientResponse& response, const Events& events) {
  using End = Carried::End;
  if (means_busy(response.status)) {
    Carried carried =
        without_answer(End::not_now, response.status, "agent_busy", error_text(response), true);
    carried.retry_after = told_wait(response);
    carried.at_work = response.status == 503 && response.header(a2a::at_work_header).has_value();
    return carried;
  }
  // What the agent says in the form that it was asked in is its answer, under whatever status of
  // the caller's own making it came.
  const bool told = response.status >= 400 && passed_on(response.status) == response.status &&
                    a2a::is_error(response.body());
  if (response.status >= 300 && !told) {
    std::string why = response.status < 400 ? redirect_text(url, response) : error_text(response);
    return without_answer(End::refused, passed_on(response.status), "agent_error", std::move(why),
                          true);
  }
  std::string joined;
  std::string_view body = response.body();
  if (events.begun()) {
    joined = events.answer();
    body = joined;
    if (joined.empty()) {
      return without_answer(
          End::refused, 502, "bad_response",
          (parcel.stream ? "the agent's stream of events holds no answer: "
                         : "the agent answered a question that wants one JSON object with a stream "
                           "of events that holds no answer: ") +
              described(response),
          true);
    }
  }
  Carried carried;
  try {
    carried.answer = a2a::read_answer(body, parcel.rpc_id);
    // An error of 0.3 is told to who speaks 0.3 as its agent told it.
    const bool as_it_is = carried.answer.form == a2a::Form::error &&
                          parcel.generation == a2a::Generation::v03 &&
                          parcel.target.generation == parcel.generation;
    if (!as_it_is) {
      carried.answer.body =
          a2a::told_in(parcel.generation, carried.answer, parcel.activity.text(), parcel.rpc_id);
    }
    carried.end = End::answered;
    carried.cut = events.begun() && events.is_cut();
    carried.status = response.status;
    for (std::string_view name : {extensions_header, extensions_header_v03}) {
      auto activated = response.header(name);
      if (!activated || !a2a::may_be_extensions(*activated)) continue;
      carried.extensions = *activated;
      break;
    }
    carried.delivered = true;
  } catch (const Fault& fault) {
    carried = without_answer(
        End::refused, 502, fault.code(),
        fmt::format("the agent answered {}; {}", described(response), fault.text()), true);
  }
  return carried;
}

}  // namespace molecule::proxy
