#include "server/attachments/scan.h"

#include <memory>

#include <unistd.h>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/log/log.h"
#include "platform/process/child.h"

namespace molecule::attachments {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 10ms;
constexpr int refuses = 1;

// What the platform was started with and no program of somebody else needs to know.
const std::vector<std::pair<std::string, std::string>> withheld{{"ADMIN_TOKEN", ""},
                                                                {"SECRETS_ENCRYPTION_KEY", ""},
                                                                {"MOLECULE_PLATFORM_KEY", ""},
                                                                {"DATABASE_URL", ""},
                                                                {"REDIS_URL", ""}};

// Reads what is there; waits for nothing. False at the end.
void drain(int output, std::string& said) {
  char room[4096];
  for (;;) {
    const ssize_t n = ::read(output, room, sizeof room);
    if (n <= 0) return;
    const std::size_t left = Scan::reason_max - std::min(Scan::reason_max, said.size());
    said.append(room, std::min(left, static_cast<std::size_t>(n)));
  }
}

Fault failed(std::string_view why) {
  log::error("a file could not be scanned", log::field("error", why));
  return {Kind::unavailable, "scan_failed",
          "the file could not be looked into, so it was not taken; try again later"};
}

}  // namespace

io::Task<void> Scan::pass(std::filesystem::path file, std::string name,
                          std::string media_type) const {
  if (program_.empty()) co_return;
  auto environment = withheld;
  environment.emplace_back("MOLECULE_FILE_NAME", name);
  environment.emplace_back("MOLECULE_FILE_TYPE", media_type);
  std::unique_ptr<process::Child> child;
  try {
    child = std::make_unique<process::Child>(std::vector<std::string>{program_, file.string()},
                                             environment, std::string_view());
  } catch (const Fault& fault) {
    throw failed(fault.text());
  }
  const files::Descriptor output(child->take_output());
  std::string said;
  std::optional<int> status;
  for (auto waited = 0ms; !status; waited += look_every) {
    if (waited > patience) throw failed("the program took too long");
    co_await io::sleep(look_every);
    drain(output.get(), said);
    status = child->ended();
  }
  drain(output.get(), said);
  if (*status == 0) co_return;
  if (*status != refuses) throw failed(fmt::format("the program ended with status {}", *status));
  said.resize(std::min(said.size(), said.find('\n')));
  throw Fault(Kind::unprocessable, "attachment_refused",
              said.empty() ? fmt::format("{} was refused", name)
                           : fmt::format("{} was refused: {}", name, said));
}

}  // namespace molecule::attachments
