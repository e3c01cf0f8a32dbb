#include "server/attachments/naming.h"

#include <algorithm>
#include <array>

namespace molecule::attachments {
namespace {

constexpr std::size_t name_max = 100;
constexpr std::size_t extension_max = 16;
constexpr std::size_t declared_max = 100;
constexpr std::string_view unknown = "application/octet-stream";

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view type;
};
using namespace std::string_view_literals;
constexpr std::array magics{
    Magic{0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
    Magic{0, "\xff\xd8\xff"sv, "image/jpeg"},
    Magic{0, "GIF87a"sv, "image/gif"},
    Magic{0, "GIF89a"sv, "image/gif"},
    Magic{8, "WEBP"sv, "image/webp"},
    Magic{8, "WAVE"sv, "audio/wav"},
    Magic{0, "%PDF-"sv, "application/pdf"},
    Magic{0, "PK\x03\x04"sv, "application/zip"},
    Magic{0, "\x1f\x8b"sv, "application/gzip"},
    Magic{0, "OggS"sv, "audio/ogg"},
    Magic{0, "ID3"sv, "audio/mpeg"},
    Magic{0, "fLaC"sv, "audio/flac"},
    Magic{0, "\x1a\x45\xdf\xa3"sv, "video/webm"},
    Magic{4, "ftyp"sv, "video/mp4"},
    Magic{0,
          "\x7f"
          "ELF"sv,
          "application/x-executable"},
    Magic{0, "MZ"sv, "application/x-msdownload"},
};

constexpr std::array texts{
    std::pair{"md"sv, "text/markdown"sv},      std::pair{"csv"sv, "text/csv"sv},
    std::pair{"json"sv, "application/json"sv}, std::pair{"html"sv, "text/html"sv},
    std::pair{"htm"sv, "text/html"sv},         std::pair{"svg"sv, "image/svg+xml"sv},
    std::pair{"xml"sv, "application/xml"sv},   std::pair{"yaml"sv, "application/yaml"sv},
    std::pair{"yml"sv, "application/yaml"sv},
};

std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  std::string out;
  if (dot == std::string_view::npos) return out;
  for (char c : name.substr(dot + 1)) out += lower(c);
  return out;
}

// No control characters; what is cut off at the end may be half a character.
bool is_text(std::string_view bytes) {
  return !bytes.empty() && std::ranges::none_of(bytes, [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f';
  });
}

// type/subtype, without parameters; empty when it is none.
std::string essence(std::string_view declared) {
  declared = declared.substr(0, declared.find(';'));
  while (declared.ends_with(' ')) declared.remove_suffix(1);
  std::string out;
  std::size_t slashes = 0;
  for (char c : declared) {
    if (c == '/') ++slashes;
    if (!plain(c) && c != '/' && c != '+') return {};
    out += lower(c);
  }
  if (slashes != 1 || out.size() > declared_max || out.front() == '/' || out.back() == '/')
    return {};
  return out;
}

}  // namespace

std::string safe_name(std::string_view sent) {
  sent = sent.substr(sent.find_last_of("/\\") + 1);
  std::string name;
  for (char c : sent) {
    // One mark for each character, however many bytes it has.
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
    name += plain(c) ? c : '_';
  }
  if (name.size() > name_max) {
    const std::size_t dot = name.rfind('.');
    std::string extension;
    if (dot != std::string::npos && name.size() - dot <= extension_max)
      extension = name.substr(dot);
    name.resize(name_max - extension.size());
    name += extension;
  }
  if (name.find_first_not_of('.') == std::string::npos) return "file";
  return name;
}

std::string media_type_of(std::string_view beginning, std::string_view name,
                          std::string_view declared) {
  const std::string said = essence(declared);
  for (const Magic& magic : magics) {
    if (beginning.size() < magic.at || !beginning.substr(magic.at).starts_with(magic.bytes))
      continue;
    if (magic.at == 8 && !beginning.starts_with("RIFF")) continue;
    // Many formats are archives by their bytes.
    const bool finer = magic.type == "application/zip" && said.starts_with("application/");
    if (finer && said != unknown) return said;
    return std::string(magic.type);
  }
  if (is_text(beginning)) {
    const std::string extension = extension_of(name);
    for (const auto& [known, type] : texts) {
      if (extension == known) return std::string(type);
    }
    return said.starts_with("text/") ? said : "text/plain";
  }
  // Nothing that a reader may trust to be what it says.
  const bool told =
      said.starts_with("audio/") || said.starts_with("video/") || said.starts_with("application/");
  return told ? said : std::string(unknown);
}

}  // namespace molecule::attachments
