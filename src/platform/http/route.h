// Route tables. A route is made by naming its access class and a service method; without a class it
// does not compile, and a method whose first parameter is Caller<Admin> cannot be put behind a
// weaker class. A table is constexpr data, so tests and the reference pages walk it.
//
//   constexpr auto routes = http::table(
//       http::post<auth::Admin>("/workspaces", &Service::create),
//       http::get<auth::Self>("/workspaces/{id}/state", &Service::state));
//
// A body longer than a loop should read is read aside, so the others of that loop go on.
//
// After the Caller, parameters are bound by type: ids take the pattern's {names} in order;
// http::Query<T> is read from the query string by T's field list; const http::Request& is the
// request; any other described type, or RawJson, is the JSON body, given by value or, where it is
// read often, as T&&. Results: a described type,
// vector, RawJson or map-like text become JSON with 200; Reply<T> carries a status and headers;
// Response is sent as it is; void is 204.
//
// What a route takes and gives follows from these types, and contract_of() tells it. A route whose
// handler reads the request itself, or answers with a Response, says it: takes<T>(), gives<T>().
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "platform/http/message.h"
#include "platform/io/aside.h"
#include "platform/io/task.h"
#include "platform/json/json.h"
#include "platform/json/shape.h"

namespace molecule::http {

// What a route demands. Each access class has one as `static constexpr Access access`.
struct Access {
  std::string_view name;
  int level;
};

inline constexpr std::size_t default_body_max = 4u << 20;

// Of a body that nobody reads, such as the {} that some clients send with every POST. Reads take
// none at all.
inline constexpr std::size_t unread_body_max = 4u << 10;

// What a route takes and gives.
struct Contract {
  struct Member {
    std::string_view name;
    json::Shape shape;
  };
  struct Answer {
    int status = 200;
    std::optional<json::Shape> shape;  // Empty: no JSON, or no body.
    std::string_view media = json_media;
  };
  static constexpr std::string_view json_media = "application/json";

  std::vector<Member> query;
  std::optional<json::Shape> body;
  std::vector<std::string_view> body_refusals;  // Codes that its reading may end with.
  bool body_may_be_absent = false;
  std::vector<Answer> answers;  // Of success.
};

using ShapeOf = json::Shape (*)(json::Shapes&);
using CodesOf = std::vector<std::string_view> (*)();

struct Route {
  static constexpr std::size_t answers_max = 3;
  static constexpr std::size_t refusals_max = 14;

  // An answer as a table states it.
  struct Stated {
    int status = 0;
    ShapeOf shape = nullptr;  // Null: no JSON.
    std::string_view media = Contract::json_media;
  };

  Method method;
  std::string_view pattern;
  const Access* access;
  std::size_t body_max = default_body_max;
  // The handler reads the body as it comes (Request::incoming); of this media type.
  std::string_view incoming = {};
  // Never refused for being asked often: probes, which cost nothing.
  bool uncounted = false;
  // The bound call: reads arguments, calls the service, writes the result. Throws Fault.
  io::Task<Response> (*call)(void* service, Request& request) = nullptr;
  // What the handler's types say.
  void (*sign)(json::Shapes& shapes, Contract& contract) = nullptr;
  std::string_view summary = {};
  ShapeOf body = nullptr;
  CodesOf body_codes = nullptr;
  bool body_may_be_absent = false;
  std::array<Stated, answers_max> stated = {};
  // Makes of every answer, the gate's and the server's refusals included, one that the route's
  // clients read; null: they are sent as they are.
  Response (*words)(Response answer) = nullptr;
  // The codes of the refusals that are its own; those that many share follow from what it demands.
  std::array<std::string_view, refusals_max> refusals = {};

  // One sentence: what it does.
  constexpr Route says(std::string_view sentence) const {
    Route copy = *this;
    copy.summary = sentence;
    return copy;
  }
  // The body, where the handler reads it itself.
  template <class T>
  constexpr Route takes() const {
    Route copy = *this;
    copy.body = [](json::Shapes& shapes) { return shapes.add<T>(json::Shapes::Way::read); };
    if constexpr (!std::is_same_v<T, RawJson>) copy.body_codes = &json::codes_of<T>;
    return copy;
  }
  constexpr Route may_lack_body() const {
    Route copy = *this;
    copy.body_may_be_absent = true;
    return copy;
  }
  // An answer of success, in place of what the handler's type says. Said again for another status.
  template <class T>
  constexpr Route gives(int status = 200) const {
    return stating(
        {status, [](json::Shapes& shapes) { return shapes.add<T>(json::Shapes::Way::written); }});
  }
  constexpr Route gives(int status, std::string_view media) const {
    return stating({status, nullptr, media});
  }
  template <class... Codes>
  constexpr Route refuses(Codes... codes) const {
    static_assert(sizeof...(Codes) <= refusals_max);
    Route copy = *this;
    copy.refusals = {std::string_view(codes)...};
    return copy;
  }

  // A smaller or larger body cap for this route.
  constexpr Route body_limit(std::size_t bytes) const {
    Route copy = *this;
    copy.body_max = bytes;
    return copy;
  }
  // The handler reads the body as it comes: of this media type, and of so many bytes at most.
  constexpr Route reads_body(std::string_view media, std::size_t most) const {
    Route copy = *this;
    copy.incoming = media;
    copy.body_max = most;
    return copy;
  }
  constexpr Route answers_in(Response (*of)(Response)) const {
    Route copy = *this;
    copy.words = of;
    return copy;
  }
  constexpr Route not_counted() const {
    Route copy = *this;
    copy.uncounted = true;
    return copy;
  }

 private:
  constexpr Route stating(Stated answer) const {
    Route copy = *this;
    for (Stated& place : copy.stated) {
      if (place.status != 0) continue;
      place = answer;
      return copy;
    }
    throw "a route states more answers than Route::answers_max";
  }
};

// All that is known of what a route takes and gives; its types are added to `shapes`.
Contract contract_of(const Route& route, json::Shapes& shapes);

template <class T>
struct Query {
  T value;
};

// A query member that says how many seconds a read may wait for something to answer with.
struct Wait {
  std::optional<std::int64_t> seconds;
  bool at_once = false;  // Asked by HEAD, which waits for nothing.

  // How long to wait. Throws Fault bad_request for more than `most`, or less than none.
  std::chrono::seconds patience(std::int64_t most) const;
};

template <class T>
struct Reply {
  int status = 200;
  T body;
  std::vector<std::pair<std::string, std::string>> headers = {};

  Reply&& with(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  // For answers that hold a credential.
  Reply&& unkept() && { return std::move(*this).with("Cache-Control", "no-store"); }
};

namespace detail {

template <class T>
struct IsQuery : std::false_type {};
template <class T>
struct IsQuery<Query<T>> : std::true_type {};
template <class T>
struct IsReply : std::false_type {};
template <class T>
struct IsReply<Reply<T>> : std::true_type {};
template <class T>
struct QueryFieldsOf;
template <class T>
struct QueryFieldsOf<Query<T>> {
  using type = T;
};
template <class T>
struct ReplyBodyOf;
template <class T>
struct ReplyBodyOf<Reply<T>> {
  using type = T;
};
template <class T>
struct IsPathId : std::false_type {};
template <class Tag>
struct IsPathId<Id<Tag>> : std::true_type {};

[[noreturn]] void bad_path_id(std::string_view text);
// Reads one query member into a field; empty text counts as absent. Throws Fault bad_request.
void read_query_field(const Request& request, std::string_view name,
                      std::optional<std::string>& out);
void read_query_field(const Request& request, std::string_view name,
                      std::optional<std::int64_t>& out);
void read_query_field(const Request& request, std::string_view name, std::optional<bool>& out);
void read_query_field(const Request& request, std::string_view name, Wait& out);

template <class F>
json::Shape query_shape(json::Shapes& shapes) {
  if constexpr (std::is_same_v<F, Wait>) {
    return {json::Shape::Kind::integer};
  } else {
    return shapes.add<typename F::value_type>(json::Shapes::Way::read);
  }
}

// Whether a parameter of a handler is read from the body, or may be.
template <class P>
constexpr bool from_body() {
  using T = std::remove_cvref_t<P>;
  return !IsPathId<T>::value && !IsQuery<T>::value && !std::is_same_v<T, std::string>;
}

// Whether it is made of the body's JSON.
template <class P>
constexpr bool parsed() {
  return from_body<P>() && !std::is_same_v<std::remove_cvref_t<P>, Request>;
}

// What is kept of a parameter while the handler runs: a reference to the request, else a value.
template <class P>
using Kept = std::conditional_t<std::is_lvalue_reference_v<P>, P, std::remove_cvref_t<P>>;

template <class P>
Kept<P> bind(Request& request, std::size_t& next_param) {
  using T = std::remove_cvref_t<P>;
  if constexpr (std::is_same_v<T, Request>) {
    return request;
  } else if constexpr (IsPathId<T>::value) {
    const std::string& text = request.params.at(next_param++);
    auto id = T::parse(text);
    if (!id) bad_path_id(text);
    return *id;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return request.params.at(next_param++);
  } else if constexpr (IsQuery<T>::value) {
    T query{};
    using Fields = decltype(query.value);
    for_each_field<Fields>([&](std::string_view name, auto member) {
      read_query_field(request, name, query.value.*member);
    });
    return query;
  } else {
    return json::read<T>(request.body);
  }
}

}  // namespace detail

// A handler's result as it is sent.
template <class R>
Response respond(R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (std::is_same_v<T, Response>) {
    return std::move(result);
  } else if constexpr (detail::IsReply<T>::value) {
    Response response = Response::json(result.status, json::text(std::move(result.body)));
    response.headers = std::move(result.headers);
    return response;
  } else {
    return Response::json(200, json::text(std::move(result)));
  }
}

namespace detail {

template <class Class, auto method>
struct Bound;

template <class Class, class S, class R, class... Args,
          io::Task<R> (S::*method)(typename Class::Caller, Args...)>
struct Bound<Class, method> {
  // A read looks at its request for the headers; everything else may look for the body.
  static constexpr std::size_t body_max(Method verb) {
    if (verb == Method::get) return 0;
    return (from_body<Args>() || ...) ? default_body_max : unread_body_max;
  }
  static void sign(json::Shapes& shapes, Contract& contract) {
    (sign_argument<std::remove_cvref_t<Args>>(shapes, contract), ...);
    using Way = json::Shapes::Way;
    if constexpr (std::is_void_v<R>) {
      contract.answers.push_back({204, std::nullopt, {}});
    } else if constexpr (IsReply<R>::value) {
      contract.answers.push_back({200, shapes.add<typename ReplyBodyOf<R>::type>(Way::written)});
    } else if constexpr (!std::is_same_v<R, Response>) {
      contract.answers.push_back({200, shapes.add<R>(Way::written)});
    }
  }
  template <class T>
  static void sign_argument(json::Shapes& shapes, Contract& contract) {
    if constexpr (IsQuery<T>::value) {
      using Fields = typename QueryFieldsOf<T>::type;
      for_each_field<Fields>([&](std::string_view name, auto member) {
        using F = std::remove_cvref_t<decltype(std::declval<Fields>().*member)>;
        contract.query.push_back({name, query_shape<F>(shapes)});
      });
    } else if constexpr (parsed<T>()) {
      contract.body = shapes.add<T>(json::Shapes::Way::read);
      if constexpr (!std::is_same_v<T, RawJson>) contract.body_refusals = json::codes_of<T>();
    }
  }
  static io::Task<Response> call(void* service, Request& request) {
    S& self = *static_cast<S*>(service);
    typename Class::Caller caller = Class::prove(request.principal);
    using Bindings = std::optional<std::tuple<Kept<Args>...>>;
    auto bind_all = [&] {
      std::size_t next_param = 0;
      // Braced initialisation binds the parameters from left to right.
      return Bindings{std::in_place, bind<Args>(request, next_param)...};
    };
    const bool aside =
        (parsed<Args>() || ...) && request.aside && request.body.size() > io::short_text_max;
    Bindings args = aside ? Bindings() : bind_all();
    if (aside) {
      Bindings read = co_await request.aside->run(bind_all);
      args.emplace(std::move(*read));
    }
    // What was read is the handler's to keep, or to refer to: it lives until the handler has ended.
    auto task = std::apply(
        [&](auto&... bound) { return (self.*method)(caller, static_cast<Args&&>(bound)...); },
        *args);
    if constexpr (std::is_void_v<R>) {
      co_await task;
      Response empty;
      empty.status = 204;
      co_return empty;
    } else {
      R result = co_await task;
      co_return respond(std::move(result));
    }
  }
};

template <class Class, auto method>
constexpr Route make(Method verb, std::string_view pattern) {
  using Call = Bound<Class, method>;
  return Route{.method = verb,
               .pattern = pattern,
               .access = &Class::access,
               .body_max = Call::body_max(verb),
               .call = &Call::call,
               .sign = &Call::sign};
}

}  // namespace detail

template <class Class, auto method>
constexpr Route get(std::string_view pattern) {
  return detail::make<Class, method>(Method::get, pattern);
}
template <class Class, auto method>
constexpr Route post(std::string_view pattern) {
  return detail::make<Class, method>(Method::post, pattern);
}
template <class Class, auto method>
constexpr Route put(std::string_view pattern) {
  return detail::make<Class, method>(Method::put, pattern);
}
template <class Class, auto method>
constexpr Route patch(std::string_view pattern) {
  return detail::make<Class, method>(Method::patch, pattern);
}
template <class Class, auto method>
constexpr Route del(std::string_view pattern) {
  return detail::make<Class, method>(Method::del, pattern);
}

template <class... Routes>
constexpr std::array<Route, sizeof...(Routes)> table(Routes... routes) {
  return {routes...};
}

// Decides who may call a route, before the body is read. Implemented once, by server/auth.
class Gate {
 public:
  virtual ~Gate() = default;
  // Sets request.principal and returns nothing, or the refusal to send; tells request.quota either
  // way. request.params is filled.
  virtual std::optional<Response> admit(const Route& route, Request& request) = 0;
  // Asked again for an admitted request that holds something open (a stream, a WebSocket, a read
  // that waits) when credentials have changed or principal.lasts is over. Nothing: it goes on, and
  // `lasts` is new. Else the refusal that ends it. Counts nothing and marks nothing as used.
  virtual std::optional<Response> review(const Route& route, Request& request) = 0;
};

// All mounted tables. A segment is literal, "{name}", or "{name}:suffix" with a literal suffix;
// "{name...}" at a pattern's end takes all that is left, slashes included. Literal segments win,
// what takes the rest comes last. A known path with another method is 405 with Allow; HEAD is answered by GET
// without a body; a path that only has a slash too many is redirected; unknown paths go to the
// fallback (the canvas), whatever the method. Mounting is done before serving; find() is for any
// thread.
class Router {
 public:
  explicit Router(Gate& gate);
  ~Router();

  template <class S>
  void mount(std::span<const Route> routes, S& service) {
    for (const Route& route : routes) add(route, &service);
  }
  void fallback(std::function<Response(const Request&)> answer);
  // Where bodies too long for a loop are read; it outlives the servers. Without it loops do.
  void read_aside(io::Aside& aside) { aside_ = &aside; }
  io::Aside* aside() const { return aside_; }

  struct Match {
    const Route* route = nullptr;  // Null: see `refusal`, or use the fallback.
    void* service = nullptr;
    std::optional<Response> refusal;
    std::size_t index = 0;  // Of the route in all().
  };
  // Finds the route and fills request.params. Does not ask the gate.
  Match find(Request& request) const;
  Gate& gate() const { return gate_; }
  const std::function<Response(const Request&)>& fallback() const { return fallback_; }
  // Every mounted route, for tests and the reference pages.
  std::vector<Route> all() const;

 private:
  struct Node;
  struct Leaf;
  const Leaf* walk(const Node& node, std::string_view rest, Method method, Request& request,
                   unsigned& allowed) const;
  void add(const Route& route, void* service);

  Gate& gate_;
  io::Aside* aside_ = nullptr;
  std::unique_ptr<Node> root_;
  std::vector<Route> routes_;
  std::function<Response(const Request&)> fallback_;
};

}  // namespace molecule::http
