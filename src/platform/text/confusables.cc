#include "platform/text/confusables.h"

#include <algorithm>
#include <array>

namespace molecule::text {
namespace {

struct Pair {
  std::uint16_t code;
  char latin;
};

// By code point. Latin, Greek, Cyrillic and a few Armenian letters and marks as the usual fonts
// draw them; what is only similar (и and u) is left apart.
constexpr auto pairs = std::to_array<Pair>({
    {0x00B4, '\''}, {0x0131, 'i'},  {0x01C0, 'l'}, {0x0251, 'a'}, {0x0261, 'g'}, {0x0269, 'i'},
    {0x02B9, '\''}, {0x02BC, '\''}, {0x02D7, '-'}, {0x037F, 'J'}, {0x0391, 'A'}, {0x0392, 'B'},
    {0x0395, 'E'},  {0x0396, 'Z'},  {0x0397, 'H'}, {0x0399, 'I'}, {0x039A, 'K'}, {0x039C, 'M'},
    {0x039D, 'N'},  {0x039F, 'O'},  {0x03A1, 'P'}, {0x03A4, 'T'}, {0x03A5, 'Y'}, {0x03A7, 'X'},
    {0x03B1, 'a'},  {0x03B3, 'y'},  {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'},
    {0x03C1, 'p'},  {0x03C4, 't'},  {0x03C5, 'u'}, {0x03C7, 'x'}, {0x03F2, 'c'}, {0x03F3, 'j'},
    {0x03F9, 'C'},  {0x0405, 'S'},  {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'}, {0x0412, 'B'},
    {0x0415, 'E'},  {0x041A, 'K'},  {0x041C, 'M'}, {0x041D, 'H'}, {0x041E, 'O'}, {0x0420, 'P'},
    {0x0421, 'C'},  {0x0422, 'T'},  {0x0423, 'Y'}, {0x0425, 'X'}, {0x042C, 'b'}, {0x0430, 'a'},
    {0x0433, 'r'},  {0x0435, 'e'},  {0x043A, 'k'}, {0x043C, 'm'}, {0x043E, 'o'}, {0x0440, 'p'},
    {0x0441, 'c'},  {0x0442, 't'},  {0x0443, 'y'}, {0x0445, 'x'}, {0x044C, 'b'}, {0x0455, 's'},
    {0x0456, 'i'},  {0x0458, 'j'},  {0x0461, 'w'}, {0x0475, 'v'}, {0x04AE, 'Y'}, {0x04AF, 'y'},
    {0x04BB, 'h'},  {0x04BD, 'e'},  {0x04C0, 'l'}, {0x04CF, 'i'}, {0x0501, 'd'}, {0x050C, 'G'},
    {0x051A, 'Q'},  {0x051B, 'q'},  {0x051C, 'W'}, {0x051D, 'w'}, {0x054F, 'S'}, {0x0555, 'O'},
    {0x0566, 'q'},  {0x0570, 'h'},  {0x0578, 'n'}, {0x057D, 'u'}, {0x0581, 'g'}, {0x0585, 'o'},
    {0x0589, ':'},  {0x0660, '.'},  {0x06D4, '.'}, {0x1D04, 'c'}, {0x1D0B, 'k'}, {0x1D0D, 'm'},
    {0x1D0F, 'o'},  {0x1D1B, 't'},  {0x1D1C, 'u'}, {0x1D20, 'v'}, {0x1D21, 'w'}, {0x1D22, 'z'},
    {0x1D8C, 'y'},  {0x2010, '-'},  {0x2011, '-'}, {0x2012, '-'}, {0x2013, '-'}, {0x2018, '\''},
    {0x2019, '\''}, {0x2024, '.'},  {0x2044, '/'}, {0x212A, 'K'}, {0x212E, 'e'}, {0x2212, '-'},
    {0x2215, '/'},  {0x2223, 'l'},  {0x2236, ':'}, {0xA789, ':'},
});

}  // namespace

std::uint32_t looks_like(std::uint32_t code) {
  auto found =
      std::lower_bound(pairs.begin(), pairs.end(), code,
                       [](const Pair& pair, std::uint32_t wanted) { return pair.code < wanted; });
  if (found == pairs.end() || found->code != code) return code;
  return static_cast<unsigned char>(found->latin);
}

}  // namespace molecule::text
