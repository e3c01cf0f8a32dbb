// ProtoJSON as a message's bytes. Members that the table does not know are left out: the bytes have
// no place for them.
#pragma once

#include <string>

#include "platform/json/json.h"
#include "platform/protobuf/schema.h"

namespace molecule::protobuf {

// Throws Fault bad_request `bad_message`, which names the member, for one that is of another type.
// Null is a member that is not there, except where any value may stand.
std::string bytes_of(json::Node object, const Message& message);

}  // namespace molecule::protobuf
