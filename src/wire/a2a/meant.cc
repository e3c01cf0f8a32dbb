#include "wire/a2a/meant.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace molecule::a2a {
namespace {

constexpr std::array<std::string_view, 22> methods{"message/send",
                                                   "message/stream",
                                                   "tasks/get",
                                                   "tasks/list",
                                                   "tasks/cancel",
                                                   "tasks/resubscribe",
                                                   "tasks/pushNotificationConfig/set",
                                                   "tasks/pushNotificationConfig/get",
                                                   "tasks/pushNotificationConfig/list",
                                                   "tasks/pushNotificationConfig/delete",
                                                   "agent/getAuthenticatedExtendedCard",
                                                   "SendMessage",
                                                   "SendStreamingMessage",
                                                   "GetTask",
                                                   "ListTasks",
                                                   "CancelTask",
                                                   "SubscribeToTask",
                                                   "CreateTaskPushNotificationConfig",
                                                   "GetTaskPushNotificationConfig",
                                                   "ListTaskPushNotificationConfigs",
                                                   "DeleteTaskPushNotificationConfig",
                                                   "GetExtendedAgentCard"};
constexpr std::size_t written_max = 64;
constexpr std::size_t slips_max = 3;

char lower(char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each + 32) : each; }

// Letters to put in, leave out or change until one is the other, whatever their case.
std::size_t slips(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t before = row[0]++;
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t same = before + (lower(one[i]) == lower(other[j]) ? 0 : 1);
      before = row[j + 1];
      row[j + 1] = std::min({same, row[j] + 1, before + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view method_meant(std::string_view written) {
  std::string_view meant;
  if (written.size() > written_max) return meant;
  // Of a short name fewer: what has another letter in every third place is another word.
  std::size_t least = std::min(slips_max, written.size() / 3) + 1;
  for (std::string_view method : methods) {
    const std::size_t count = slips(written, method);
    if (count >= least) continue;
    least = count;
    meant = method;
  }
  return meant;
}

}  // namespace molecule::a2a
