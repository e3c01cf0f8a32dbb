// A URL from a stranger is refused or understood in one way only: its text reads back as itself,
// and no redirect from it leads to a text that does not.
#include "platform/net/url.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"

namespace {

using namespace molecule;

bool reads_back(const net::Url& url) {
  return net::Url::parse(url.text()) == url && !url.host.empty() && url.target.starts_with('/') &&
         url.text().find_first_of(" \r\n\t\\") == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cut = text.find('\n');
  try {
    const auto url = net::Url::parse(text.substr(0, cut));
    if (!reads_back(url)) std::abort();
  } catch (const Fault&) {}
  if (cut == text.npos) return 0;
  try {
    static const auto base = net::Url::parse("http://agent.example:8080/a/b?c");
    if (!reads_back(base.resolve(text.substr(cut + 1)))) std::abort();
  } catch (const Fault&) {}
  return 0;
}
