// What is called otherwise, or means something else when it is left out, in the two generations.
// Every such pair stands here and nowhere else; translate.cc walks the tables.
#pragma once

#include <array>
#include <string_view>

namespace molecule::a2a::detail {

struct Pair {
  std::string_view v03, v10;
};

constexpr Pair send_method{"message/send", "SendMessage"};
constexpr Pair subscribe_method{"tasks/resubscribe", "SubscribeToTask"};
constexpr Pair get_method{"tasks/get", "GetTask"};
constexpr Pair cancel_method{"tasks/cancel", "CancelTask"};
constexpr Pair stream_method{"message/stream", "SendStreamingMessage"};

// What a stream tells of a task: the kind of the object, and the member around it.
constexpr std::array<Pair, 2> updates{{
    {"status-update", "statusUpdate"},
    {"artifact-update", "artifactUpdate"},
}};

// The last stands for whatever is none.
constexpr std::array<Pair, 9> states{{
    {"submitted", "TASK_STATE_SUBMITTED"},
    {"working", "TASK_STATE_WORKING"},
    {"input-required", "TASK_STATE_INPUT_REQUIRED"},
    {"completed", "TASK_STATE_COMPLETED"},
    {"canceled", "TASK_STATE_CANCELED"},
    {"failed", "TASK_STATE_FAILED"},
    {"rejected", "TASK_STATE_REJECTED"},
    {"auth-required", "TASK_STATE_AUTH_REQUIRED"},
    {"unknown", "TASK_STATE_UNSPECIFIED"},
}};

// Of a part that is a file: below `file` in 0.3, in the part itself in 1.0.
constexpr std::array<Pair, 4> file_members{{
    {"bytes", "raw"},
    {"uri", "url"},
    {"name", "filename"},
    {"mimeType", "mediaType"},
}};

// What 1.0 has in a text or data part itself, and 0.3 can only have in its metadata.
constexpr std::array<std::string_view, 2> described_in_metadata{"mediaType", "filename"};

enum class Value {
  opposite,  // true is false.
  push,      // A push configuration; what differs in it is `authentication`, below.
};

// A member of `configuration`.
struct Setting {
  Pair name;
  Value value;
  // Written for 0.3 where a sender of 1.0 left it out, because that means this to them while 0.3
  // leaves it to the agent. The other way round nothing needs to be written.
  std::string_view unset_means;
};
constexpr std::array<Setting, 2> settings{{
    {{"blocking", "returnImmediately"}, Value::opposite, "true"},
    {{"pushNotificationConfig", "taskPushNotificationConfig"}, Value::push, {}},
}};

// Of a push configuration's `authentication`: a list in 0.3, of which 1.0 has the first.
constexpr Pair push_scheme{"schemes", "scheme"};
// What 1.0 has beside them in a push configuration, and 0.3 around it.
constexpr std::array<std::string_view, 2> push_of_v10_alone{"taskId", "tenant"};

// Errors that 0.3 has no number for, and the one that says the least wrong.
constexpr std::array<int, 2> errors_of_v10_alone{-32008, -32009};
constexpr int error_in_their_place = -32004;

}  // namespace molecule::a2a::detail
