// Files that go up from chat and agents and come back down.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "platform/json/shape.h"

namespace molecule::api {

using AttachmentId = Id<struct AttachmentTag>;

struct UploadLimits {
  std::int64_t per_file_bytes = 0;
  std::int64_t per_request_bytes = 0;
  std::int64_t max_attachments_per_message = 0;
};
BOOST_DESCRIBE_STRUCT(UploadLimits, (),
                      (per_file_bytes, per_request_bytes, max_attachments_per_message))

struct UploadedFile {
  std::string uri;
  std::string name;
  std::string mimeType;
  std::int64_t size = 0;

  static constexpr std::array about{
      json::About{"uri", "platform-pending:{workspace}/{file}: what a message's file part names"},
      json::About{"name", "as it is kept: letters, digits, dot, dash and underscore"},
      json::About{"mimeType", "told by the bytes, where they tell it"},
      json::About{"size", "bytes"}};
};
BOOST_DESCRIBE_STRUCT(UploadedFile, (), (uri, name, mimeType, size))

struct Uploaded {
  std::vector<UploadedFile> files;
};
BOOST_DESCRIBE_STRUCT(Uploaded, (), (files))

struct UploadAcked {
  bool acked = true;
};
BOOST_DESCRIBE_STRUCT(UploadAcked, (), (acked))

// request_body of the row that tells a polling agent of a file.
struct UploadNotice {
  AttachmentId file_id;
  std::string name;
  std::string mimeType;
  std::int64_t size = 0;
  std::string uri;
};
BOOST_DESCRIBE_STRUCT(UploadNotice, (), (file_id, name, mimeType, size, uri))

}  // namespace molecule::api
