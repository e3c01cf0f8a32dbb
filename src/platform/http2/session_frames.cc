// What the library tells of frames, and what it is told to send.
#include <array>
#include <exception>
#include <new>
#include <utility>

#include "platform/http2/session.h"

namespace molecule::http2 {
namespace {

constexpr std::size_t settings_max = 8;  // Entries of a peer's SETTINGS.

struct FreeOption {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct FreeCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// The library copies what it is given.
nghttp2_nv field(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> fields_of(const Fields& fields) {
  std::vector<nghttp2_nv> all;
  all.reserve(fields.size() + 1);
  for (const auto& [name, value] : fields) all.push_back(field(name, value));
  return all;
}

}  // namespace

// What an exception would cross if it left is C.
struct Session::Calls {
  template <class Fn>
  static int safely(Fn work) noexcept {
    try {
      return work();
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  static Session& of(void* user) { return *static_cast<Session*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    return safely([&] { return of(user).on_frame(*head), 0; });
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return safely([&] { return of(user).on_head_begins(*frame); });
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    return safely([&] {
      return of(user).on_field(frame->hd.stream_id, view(name, name_size), view(value, value_size));
    });
  }
  // Without it the library would leave such a field out and go on.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                            std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return safely([&] { return of(user).on_whole_frame(*frame), 0; });
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t number, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    return safely([&] { return of(user).on_data(number, view(bytes, size)), 0; });
  }
  static int closed(nghttp2_session*, std::int32_t number, std::uint32_t, void* user) {
    return safely([&] { return of(user).on_closed(number), 0; });
  }
  static int sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return safely([&] { return of(user).on_sent(*frame), 0; });
  }
  static ssize_t give(nghttp2_session*, std::int32_t number, std::uint8_t* into, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    ssize_t given = 0;
    const int result = safely([&] {
      given = of(user).give(number, {into, size}, *flags);
      return 0;
    });
    return result == 0 ? given : result;
  }

  static nghttp2_session* make(Session& session) {
    nghttp2_option* option_made = nullptr;
    nghttp2_session_callbacks* callbacks_made = nullptr;
    nghttp2_session* made = nullptr;
    if (nghttp2_option_new(&option_made) != 0) throw std::bad_alloc();
    const std::unique_ptr<nghttp2_option, FreeOption> option(option_made);
    if (nghttp2_session_callbacks_new(&callbacks_made) != 0) throw std::bad_alloc();
    const std::unique_ptr<nghttp2_session_callbacks, FreeCallbacks> callbacks(callbacks_made);
    nghttp2_option_set_no_auto_window_update(option.get(), 1);
    nghttp2_option_set_max_settings(option.get(), settings_max);
    nghttp2_option_set_max_outbound_ack(option.get(), session.bounds_.frames_waiting);
    // Those of closed streams serve priorities, which are not followed.
    nghttp2_option_set_no_closed_streams(option.get(), 1);
    nghttp2_session_callbacks* to = callbacks.get();
    nghttp2_session_callbacks_set_on_begin_frame_callback(to, begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(to, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(to, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(to, invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(to, frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, data);
    nghttp2_session_callbacks_set_on_stream_close_callback(to, closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(to, sent);
    if (nghttp2_session_server_new2(&made, to, &session, option.get()) != 0) throw std::bad_alloc();
    return made;
  }
};

nghttp2_session* Session::make() { return Calls::make(*this); }

Exchange* Session::find(std::int32_t number) {
  auto found = exchanges_.find(number);
  return found == exchanges_.end() ? nullptr : found->second.get();
}

// Frames that bring nothing are what floods are made of: each costs its sender nine bytes.
void Session::on_frame(const nghttp2_frame_hd& head) {
  const bool brings = head.type == NGHTTP2_HEADERS ||
                      (head.type == NGHTTP2_DATA &&
                       (head.length > 0 || (head.flags & NGHTTP2_FLAG_END_STREAM) != 0));
  said_something_ = true;
  if (!brings) count_empty();
}

void Session::count_empty() {
  if (frames_.take(net::Wheel::now())) return;
  probe_.floods.add();
  end(NGHTTP2_ENHANCE_YOUR_CALM);
}

int Session::on_head_begins(const nghttp2_frame& frame) {
  in_head_ = true;
  unread_weight_ = 0;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const std::int32_t number = frame.hd.stream_id;
  // Whoever resets and asks anew does not have more at once for it.
  if (served_ + fresh_.size() >= bounds_.requests || draining_) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, number, NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  exchanges_.emplace(number, std::make_shared<Exchange>(*this, number));
  return 0;
}

int Session::on_field(std::int32_t number, std::string_view name, std::string_view value) {
  Exchange* exchange = find(number);
  std::size_t weight = 0;
  if (exchange && !exchange->begun()) {
    if (!exchange->request.add(name, value)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    weight = exchange->request.weight();
  } else {
    // Of a request that is refused, or behind a body: nobody reads it, but a byte of it may stand
    // for thousands (RFC 7541 §6.1), and they were made of it already.
    weight = unread_weight_ += RequestText::weight_of(name, value);
  }
  if (weight > bounds_.fields_weight) {
    probe_.floods.add();
    end(NGHTTP2_ENHANCE_YOUR_CALM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return 0;
}

void Session::on_whole_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS) greeted_ = true;
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  if (frame.hd.type == NGHTTP2_HEADERS) in_head_ = false;
  auto found = exchanges_.find(frame.hd.stream_id);
  if (found == exchanges_.end()) return;
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!found->second->begun()) {
    if (!found->second->begin(!last)) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id,
                                NGHTTP2_PROTOCOL_ERROR);
      return;
    }
    fresh_.push_back(found->second);
  } else if (last) {
    found->second->end_request();
  }
}

void Session::on_data(std::int32_t number, std::string_view data) {
  said_something_ = true;
  if (Exchange* exchange = find(number)) {
    exchange->take(data);
  } else {
    nghttp2_session_consume_connection(session_.get(), data.size());
  }
}

void Session::on_closed(std::int32_t number) {
  in_head_ = false;
  auto found = exchanges_.extract(number);
  if (!found) return;
  std::erase(fresh_, found.mapped());
  found.mapped()->close();
  more_.notify();
}

void Session::on_sent(const nghttp2_frame& frame) {
  // The peer answers data with credit, for the request and for the connection.
  if (frame.hd.type == NGHTTP2_DATA) frames_.give(2);
  // What we turn down costs us a frame too.
  if (frame.hd.type == NGHTTP2_RST_STREAM && frame.rst_stream.error_code != NGHTTP2_NO_ERROR &&
      !draining_)
    count_empty();
  const bool ends = (frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS) &&
                    (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!ends) return;
  const Exchange* exchange = find(frame.hd.stream_id);
  // The answer is whole; what is left of the request is of no use (RFC 9113 §8.1).
  if (exchange && !exchange->request_ended())
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id,
                              NGHTTP2_NO_ERROR);
}

ssize_t Session::give(std::int32_t number, std::span<std::uint8_t> into, std::uint32_t& flags) {
  Exchange* exchange = find(number);
  if (!exchange) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t bytes = exchange->give(into);
  if (exchange->given()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (const Fields trailers = exchange->trailers(); !trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto all = fields_of(trailers);
      nghttp2_submit_trailer(session_.get(), number, all.data(), all.size());
    }
  } else if (bytes == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(bytes);
}

void Session::read_on(std::int32_t number, std::size_t bytes, bool goes_on) {
  if (bytes == 0 || broken_) return;
  if (goes_on) {
    nghttp2_session_consume(session_.get(), number, bytes);
    more_.notify();
  } else {
    nghttp2_session_consume_connection(session_.get(), bytes);
  }
}

void Session::tell_interim(std::int32_t number, const AnswerText::Head& head) {
  const std::string status = std::to_string(head.status);
  const nghttp2_nv only = field(":status", status);
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, number, nullptr, &only, 1, nullptr);
  more_.notify();
}

void Session::tell(std::int32_t number, const AnswerText::Head& head, bool whole) {
  const std::string status = std::to_string(head.status);
  std::vector<nghttp2_nv> all = fields_of(head.fields);
  all.insert(all.begin(), field(":status", status));
  nghttp2_data_provider body{};
  body.read_callback = Calls::give;
  nghttp2_submit_response(session_.get(), number, all.data(), all.size(), whole ? nullptr : &body);
  more_.notify();
}

void Session::go_on(std::int32_t number) {
  nghttp2_session_resume_data(session_.get(), number);
  more_.notify();
}

void Session::reset(std::int32_t number, bool begun) {
  if (broken_) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, number,
                            begun ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_REFUSED_STREAM);
  more_.notify();
}

}  // namespace molecule::http2
