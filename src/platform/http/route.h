// Route tables. A route is made by naming its access class and a service method; without a class it
// does not compile, and a method whose first parameter is Caller<Admin> cannot be put behind a
// weaker class. A table is constexpr data, so tests and the reference pages walk it.
//
//   constexpr auto routes = http::table(
//       http::post<auth::Admin>("/workspaces", &Service::create),
//       http::get<auth::Self>("/workspaces/{id}/state", &Service::state));
//
// After the Caller, parameters are bound by type: ids take the pattern's {names} in order;
// http::Query<T> is read from the query string by T's field list; const http::Request& is the
// request; any other described type, or RawJson, is the JSON body. Results: a described type,
// vector, RawJson or map-like text become JSON with 200; Reply<T> carries a status and headers;
// Response is sent as it is; void is 204.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/fault.h"
#include "platform/http/message.h"
#include "platform/io/task.h"
#include "platform/json/json.h"

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

struct Route {
  Method method;
  std::string_view pattern;
  const Access* access;
  std::size_t body_max = default_body_max;
  // Never refused for being asked often: probes, which cost nothing.
  bool uncounted = false;
  // The bound call: reads arguments, calls the service, writes the result. Throws Fault.
  io::Task<Response> (*call)(void* service, Request& request) = nullptr;

  // A smaller or larger body cap for this route.
  constexpr Route body_limit(std::size_t bytes) const {
    Route copy = *this;
    copy.body_max = bytes;
    return copy;
  }
  constexpr Route not_counted() const {
    Route copy = *this;
    copy.uncounted = true;
    return copy;
  }
};

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
  std::vector<std::pair<std::string, std::string>> headers;
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

// Whether a parameter of a handler is read from the body, or may be.
template <class P>
constexpr bool from_body() {
  using T = std::remove_cvref_t<P>;
  return !IsPathId<T>::value && !IsQuery<T>::value && !std::is_same_v<T, std::string>;
}

template <class P>
P bind(Request& request, std::size_t& next_param) {
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

template <class R>
Response respond(R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (std::is_same_v<T, Response>) {
    return std::move(result);
  } else if constexpr (IsReply<T>::value) {
    Response response = Response::json(result.status, json::text(result.body));
    response.headers = std::move(result.headers);
    return response;
  } else {
    return Response::json(200, json::text(result));
  }
}

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
  static io::Task<Response> call(void* service, Request& request) {
    S& self = *static_cast<S*>(service);
    typename Class::Caller caller = Class::prove(request.principal);
    std::size_t next_param = 0;
    // Braced initialisation binds the parameters from left to right.
    std::tuple<
        std::conditional_t<std::is_lvalue_reference_v<Args>, Args, std::remove_cvref_t<Args>>...>
        args{bind<Args>(request, next_param)...};
    auto task = std::apply(
        [&](auto&... bound) { return (self.*method)(caller, static_cast<Args>(bound)...); }, args);
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
               .call = &Call::call};
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
// literal segments win. A known path with another method is 405 with Allow; HEAD is answered by GET
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
  std::unique_ptr<Node> root_;
  std::vector<Route> routes_;
  std::function<Response(const Request&)> fallback_;
};

}  // namespace molecule::http
