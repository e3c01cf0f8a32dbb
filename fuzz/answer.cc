// An answer from an agent is refused or cut in one way only: however the bytes arrive, the head
// reads the same, the body ends at the same place and holds the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/http/answer_head.h"

namespace {

using namespace molecule::http;
using State = AnswerBody::State;

constexpr std::size_t body_max = 4096;

struct Read {
  State state = State::more;
  std::string body;
  std::size_t unused = 0;
};

Read read_body(const AnswerHead& head, std::string_view text, std::size_t step) {
  AnswerBody body(head, body_max);
  Read read;
  std::string_view left = text;
  while (body.state() == State::more && !left.empty()) {
    std::string_view piece = left.substr(0, step);
    const std::size_t size = piece.size();
    body.read(piece, read.body);
    left.remove_prefix(size - piece.size());
    if (body.state() == State::more && !piece.empty()) std::abort();
  }
  read.state = body.state() == State::more ? body.end() : body.state();
  read.unused = left.size();
  if (read.body.size() > body_max) std::abort();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Method method = data[0] % 2 == 0 ? Method::get : Method::head;
  const std::size_t step = 1 + data[1] % 64;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return 0;
  const auto head = read_answer_head(text.substr(0, end + 4), method);
  if (!head) return 0;
  if (head->status < 100 || head->status > 599) std::abort();
  if (method == Method::head && head->framing != AnswerHead::Framing::none) std::abort();
  header_in(text.substr(0, end + 4), "content-type");

  const std::string_view rest = text.substr(end + 4);
  const Read whole = read_body(*head, rest, rest.size() + 1);
  const Read split = read_body(*head, rest, step);
  if (whole.state != split.state) std::abort();
  if (whole.state == State::done && (whole.body != split.body || whole.unused != split.unused))
    std::abort();
  return 0;
}
