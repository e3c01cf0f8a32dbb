// A confined program that somebody sits in front of: at a terminal, or at its three streams. It
// ends with the connection to whoever started it, and all that it started ends with it.
//
// An attendant, a small process of ours, starts it and moves bytes between it and a link, a stream
// of frames. It reads no more of the one than the other takes, and holds one piece each way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/files/descriptor.h"
#include "platform/sandbox/confined.h"

namespace molecule::sandbox {

struct Attention {
  Program program;
  std::string run;       // A directory that no confined program can write; a room is made in it.
  bool terminal = true;  // Else it has three streams.
  std::int64_t columns = 80;
  std::int64_t rows = 24;
};
BOOST_DESCRIBE_STRUCT(Attention, (), (program, run, terminal, columns, rows))

// A frame of the link: its kind, four bytes of its size, highest first, and the bytes.
struct LinkFrame {
  enum class Kind : char {
    // To the attendant.
    attention = 'a',  // Attention; the first, sent by who starts it.
    input = 'i',      // Bytes for the program.
    size = 'z',       // Size; of a terminal.
    input_end = 'e',  // Nothing more is said to it.
    // From it.
    begun = 'b',     // Measures.
    refused = 'r',   // A text: why it could not begin. The last.
    output = 'o',    // Bytes that it says; of a terminal, all of them.
    errors = 'f',    // The same of its standard error.
    finished = 'x',  // Finished. The last.
  };
  Kind kind = Kind::output;
  std::string_view bytes;
};
inline constexpr std::size_t link_head = 5;
inline constexpr std::size_t link_frame_max = 64u << 10;
inline constexpr std::size_t link_piece = 4u << 10;  // Bytes of input or output in a frame at most.

struct Size {
  std::int64_t columns = 80;
  std::int64_t rows = 24;
};
BOOST_DESCRIBE_STRUCT(Size, (), (columns, rows))

struct Finished {
  std::int64_t status = 0;  // Its exit status; 128 and the signal that ended it.
  std::string reason;       // Why it was ended; empty: by itself.
};
BOOST_DESCRIBE_STRUCT(Finished, (), (status, reason))

void append_frame(std::string& out, LinkFrame::Kind kind, std::string_view bytes);
// The first frame of the bytes, when it is there as a whole. Throws Fault internal `link_broken`.
std::optional<LinkFrame> first_frame(std::string_view bytes);

// Word of a first argument by which this executable becomes an attendant.
inline constexpr std::string_view attendant_word = "attend-confined";
// Becomes one; its standard input is the link. Its exit status.
int attend();

// Whether this machine makes terminals.
bool makes_terminals();

class Attendant {
 public:
  // Starts one. Throws Fault internal `not_started`.
  static Attendant start(const Attention& attention);
  Attendant(Attendant&&) noexcept = default;
  Attendant& operator=(Attendant&&) noexcept = delete;
  // Ends it and what it attends to at once, and waits for it, where that has not happened yet.
  ~Attendant();

  // The link, non-blocking; whoever takes it closes it, by which the program is asked to end, and
  // made to a second later.
  int take_link();
  // Never waits.
  bool ended() const;
  void kill() const;

 private:
  Attendant(std::int64_t pid, files::Descriptor process, files::Descriptor link)
      : pid_(pid), process_(std::move(process)), link_(std::move(link)) {}
  std::int64_t pid_;
  files::Descriptor process_;
  files::Descriptor link_;
  mutable bool reaped_ = false;
};

}  // namespace molecule::sandbox
