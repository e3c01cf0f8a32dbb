#include "mcp/platforms.h"

namespace molecule::mcp {

Platforms::Platforms(const Settings& settings, const io::Clock& clock, io::Random& random) {
  for (std::size_t i = 0; i < settings.members.size(); ++i) {
    const std::string& url = settings.url_of(i);
    auto [at, made] = all_.try_emplace(url, url, settings.ca_file, clock, random);
    of_[settings.members[i].workspace()] = &at->second;
  }
}

io::Task<client::Answer> Platforms::ask(client::Credential& as, const client::Ask& what) {
  client::Platform* const platform = of_.at(as.workspace());
  std::optional<client::Answer> answer;
  try {
    answer = co_await platform->ask(as, what);
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::cancelled) away_.insert(platform);
    throw;
  }
  if (answer->status >= 500) {
    away_.insert(platform);
  } else if (away_.erase(platform) > 0) {
    again_.notify();
  }
  co_return std::move(*answer);
}

void Platforms::close() {
  for (auto& [url, platform] : all_) platform.close();
}

}  // namespace molecule::mcp
