// The canvas inside the binary: every file of the web build, precompressed, served from read-only
// memory.
#pragma once

#include <cstddef>
#include <string_view>

#include "platform/http/message.h"

namespace molecule::app {

struct Blob {
  const char* data = nullptr;
  std::size_t size = 0;
};

struct Asset {
  std::string_view path;  // "/assets/index-….js"
  std::string_view content_type;
  std::string_view etag;  // Quoted.
  Blob plain;
  Blob brotli;  // Empty when not worth it.
  Blob gzip;
};

// Answers what no route answers: the canvas's files, the page itself for addresses that a browser
// opens, and a 404 that machines can read for everything else.
http::Response canvas_response(const http::Request& request);

// Number and size in bytes of the embedded files, for `molecule --version`.
std::size_t canvas_size();

}  // namespace molecule::app
