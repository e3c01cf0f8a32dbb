#include "platform/process/strays.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/process/child.h"

namespace molecule::process {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator(in), {});
}

// As the system lists them, by the thread that they belong to.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& thread : fs::directory_iterator("/proc/self/task", ignored)) {
    const std::string list = content_of((thread.path() / "children").string());
    const char* at = list.data();
    const char* const end = at + list.size();
    while (at < end) {
      pid_t pid = 0;
      const auto [stop, bad] = std::from_chars(at, end, pid);
      if (bad == std::errc() && pid > 0) found.push_back(pid);
      at = stop + 1;
    }
  }
  return found;
}

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

// None in the moment in which it becomes another program: then nothing can be read.
std::optional<bool> has_mark(pid_t pid, std::string_view mark) {
  const std::string environment = content_of(fmt::format("/proc/{}/environ", pid));
  if (environment.empty()) return std::nullopt;
  const std::string entry = fmt::format("{}={}", mark_variable, mark);
  return ('\0' + environment).find('\0' + entry + '\0') != std::string::npos;
}

}  // namespace

std::string fresh_mark() {
  static std::atomic<std::uint64_t> made = 0;
  return fmt::format("{}-{}", ::getpid(), ++made);
}

void adopt_strays() noexcept { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

Strays end_strays(std::string_view mark) {
  Strays found = Strays::none;
  for (const pid_t each : children()) {
    if (Child::is_one(each)) continue;
    if (has_ended(each)) {
      ::waitpid(each, nullptr, WNOHANG);
      continue;
    }
    const std::optional<bool> ours = has_mark(each, mark);
    if (!ours) {
      found = std::max(found, Strays::unsure);
    } else if (*ours) {
      ::kill(each, SIGKILL);
      found = Strays::some;
    }
  }
  return found;
}

}  // namespace molecule::process
