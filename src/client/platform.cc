#include "client/platform.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/net/resolve.h"

namespace molecule::client {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t told_max = 400;  // Bytes of a refusal's text.
constexpr auto first_wait = 500ms;
constexpr auto longest_wait = 8s;

std::string without_slash(std::string_view url) {
  net::Url::parse(url);
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

net::DialSettings to_anywhere(const std::string& ca_file) {
  net::DialSettings settings;
  settings.dev = true;  // The user names the platform, wherever it is.
  settings.tls.ca_file = ca_file;
  return settings;
}

std::string member_of(std::string_view body, std::string_view name) {
  try {
    json::Document document = json::parse_answer(body);
    json::Node found = document.root().find(name);
    // JSON-RPC keeps its words inside of `error`.
    if (found.is(json::Type::object)) found = found.find("message");
    if (found.is(json::Type::string)) return std::string(found.string());
  } catch (const Fault&) {
    // Not in our words.
  }
  return {};
}

// The platform is away, or asks to be asked later.
bool is_passing(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::optional<std::chrono::milliseconds> seconds_in(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || seconds < 0 || seconds > 3600) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

std::string Answer::error() const {
  std::string text = member_of(body, "error");
  if (text.empty()) text = json::storable(body, told_max);
  if (text.size() > told_max) text = json::storable(text, told_max) + "…";
  if (text.empty()) text = fmt::format("the platform answered with status {}", status);
  return text;
}

std::string Answer::word(std::string_view member) const { return member_of(body, member); }

// Connections of its own.
struct Platform::Outwards {
  Outwards(const std::string& ca_file, const io::Clock& clock, metrics::Registry& registry)
      : resolver(clock), dialer(to_anywhere(ca_file), resolver, registry) {}

  net::SystemResolver resolver;
  net::Dialer dialer;
};

Platform::Platform(std::string_view url, const std::string& ca_file, const io::Clock& clock,
                   io::Random& random)
    : url_(without_slash(url)),
      clock_(clock),
      random_(random),
      outwards_(std::make_unique<Outwards>(ca_file, clock, registry_)),
      door_(outwards_->dialer),
      client_(door_, registry_) {}

Platform::Platform(std::string_view url, net::Connector& way, const io::Clock& clock,
                   io::Random& random)
    : url_(without_slash(url)),
      clock_(clock),
      random_(random),
      door_(way),
      client_(door_, registry_) {}

Platform::~Platform() = default;

io::Task<std::unique_ptr<net::Stream>> Platform::Door::dial(const net::Url& url) {
  auto stream = co_await way.dial(url);
  if (look) look();
  co_return stream;
}

io::Task<Answer> Platform::ask(Credential& as, const Ask& what) {
  Answer answer = co_await asked(&as, what);
  if (answer.status == 401 && as.reread()) answer = co_await asked(&as, what);
  co_return answer;
}

io::Task<Answer> Platform::asked(Credential* as, const Ask& what) {
  const auto until = clock_.monotonic() + what.patience;
  std::chrono::milliseconds wait = first_wait;
  for (;;) {
    Attempt made = co_await attempt(as, what);
    const bool again = made.answer ? is_passing(made.answer->status) : true;
    const bool harmless = what.repeatable || !made.reached;
    const auto next = made.later ? *made.later : around(wait);
    if (!again || !harmless || clock_.monotonic() + next > until) {
      if (made.answer) co_return std::move(*made.answer);
      // Whose address has been said.
      const std::string twice = net::Url::parse(url_).authority() + " cannot be reached: ";
      if (made.trouble.starts_with(twice)) made.trouble.erase(0, twice.size());
      throw Fault(Kind::unavailable, "platform_unreachable",
                  fmt::format("the platform at {} cannot be reached: {}", url_, made.trouble));
    }
    co_await io::sleep(next);
    wait = std::min<std::chrono::milliseconds>(wait * 2, longest_wait);
  }
}

// A quarter less or more, so that many clients of a platform that was away do not come together.
std::chrono::milliseconds Platform::around(std::chrono::milliseconds wait) {
  const auto half = static_cast<std::uint64_t>(wait.count() / 2) + 1;
  return wait * 3 / 4 + std::chrono::milliseconds(random_.number() % half);
}

// The headers view what it and the request hold: it stays where it was made.
struct Platform::Head {
  Head(const Credential* as, const Ask& what) {
    if (!what.body.empty()) headers.push_back({"Content-Type", what.content_type});
    if (as != nullptr && !as->token().empty()) {
      bearer = Secret(fmt::format("Bearer {}", as->token().reveal()));
      headers.push_back({"Authorization", bearer.reveal()});
    }
    if (as != nullptr && !as->workspace().nil()) {
      workspace = as->workspace().text();
      headers.push_back({"X-Workspace-ID", workspace});
    }
    if (what.parent) headers.push_back({"X-Molecule-Activity-Id", *what.parent});
    for (const auto& [name, value] : what.headers) headers.push_back({name, value});
  }
  Head(const Head&) = delete;

  Secret bearer;
  std::string workspace;
  std::vector<http::Header> headers;
};

void Platform::tell_asked(const Ask& what) const {
  if (!trace_) return;
  trace_(fmt::format("> {} {}{} ({} bytes)", http::method_text(what.method), url_, what.path,
                     what.body.size()));
}

void Platform::tell_answered(const Ask& what, std::chrono::nanoseconds began,
                             std::string_view came) const {
  if (!trace_) return;
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - began);
  trace_(fmt::format("< {} {}: {}, {} ms", http::method_text(what.method), what.path, came,
                     took.count()));
}

io::Task<Platform::Attempt> Platform::attempt(const Credential* as, const Ask& what) {
  Attempt made;
  const net::Url url = net::Url::parse(url_ + what.path);
  const Head head(as, what);
  http::ClientRequest request;
  request.method = what.method;
  request.url = &url;
  request.headers = head.headers;
  request.body = what.body;
  request.repeatable = what.repeatable;
  request.limits.head = request.limits.body = what.answer_within;
  request.limits.body_max = what.answer_max;
  request.reached = &made.reached;
  tell_asked(what);
  const auto began = clock_.monotonic();
  try {
    http::ClientResponse came = co_await client_.send(request);
    Answer answer;
    answer.status = came.status;
    made.later = is_passing(came.status) ? seconds_in(came.header("Retry-After")) : std::nullopt;
    // What refuses to carry out a request has not done so.
    if (came.status == 429 || came.status == 503) made.reached = false;
    answer.head = came.head();
    answer.body = std::move(came).take_body();
    tell_answered(what, began,
                  fmt::format("{} {} ({} bytes)", answer.status, answer.ok() ? "" : answer.code(),
                              answer.body.size()));
    made.answer = std::move(answer);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    made.trouble = fault.text();
    tell_answered(what, began, made.trouble);
  }
  co_return made;
}

io::Task<std::unique_ptr<http::ClientStream>> Platform::open(const Credential& as,
                                                             const Ask& what) {
  const net::Url url = net::Url::parse(url_ + what.path);
  const Head head(&as, what);
  http::ClientRequest request;
  request.method = what.method;
  request.url = &url;
  request.headers = head.headers;
  request.body = what.body;
  request.repeatable = what.repeatable;
  request.limits.head = what.answer_within;
  request.limits.body_max = what.answer_max;
  tell_asked(what);
  const auto began = clock_.monotonic();
  auto stream = co_await client_.open(request);
  tell_answered(what, began, fmt::format("{} (a stream)", stream->status()));
  co_return stream;
}

io::Task<std::unique_ptr<http::FrameSocket>> Platform::open_socket(
    const Credential& as, std::string path, http::FrameSocket::Options options) {
  const net::Url url = net::Url::parse(url_ + path);
  std::vector<std::pair<std::string, std::string>> headers;
  if (!as.token().empty())
    headers.emplace_back("Authorization", fmt::format("Bearer {}", as.token().reveal()));
  if (!as.workspace().nil()) headers.emplace_back("X-Workspace-ID", as.workspace().text());
  if (trace_) trace_(fmt::format("> GET {}{} (a WebSocket)", url_, path));
  auto stream = co_await door_.dial(url);
  co_return co_await http::websocket_connect(std::move(stream), url.authority(), url.target,
                                             std::move(headers), options);
}

}  // namespace molecule::client
