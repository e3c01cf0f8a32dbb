#include "mcp/platforms.h"

namespace molecule::mcp {

Platforms::Platforms(const Settings& settings, const io::Clock& clock, io::Random& random) {
  for (std::size_t i = 0; i < settings.members.size(); ++i) {
    const std::string& url = settings.url_of(i);
    auto [at, made] = all_.try_emplace(url, url, settings.ca_file, clock, random);
    of_[settings.members[i].workspace()] = &at->second;
  }
}

void Platforms::close() {
  for (auto& [url, platform] : all_) platform.close();
}

}  // namespace molecule::mcp
