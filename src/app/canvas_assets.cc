#include "app/canvas_assets.h"

#include <algorithm>
#include <array>

#include "assets/canvas_table.inc"

namespace molecule::app {
namespace {

const Asset* find_asset(std::string_view path) {
  for (const Asset& asset : canvas_assets) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

bool accepts(const http::Request& request, std::string_view header, std::string_view wanted) {
  auto value = request.header(header);
  return value && value->find(wanted) != std::string_view::npos;
}

http::Response no_such_route() {
  return http::error_response(404, "route_not_found",
                              "no such route; see /openapi.json for what this platform offers");
}

http::Response serve(const Asset& asset, const http::Request& request) {
  http::Response response;
  response.content_type = asset.content_type;
  response.headers.emplace_back("ETag", std::string(asset.etag));
  // Files below /assets/ carry their digest in their name; the page itself is asked for each time.
  bool named_by_content = asset.path.starts_with("/assets/");
  response.headers.emplace_back(
      "Cache-Control", named_by_content ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (auto seen = request.header("If-None-Match");
      seen && seen->find(asset.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  const Blob* blob = &asset.plain;
  if (asset.brotli.data && accepts(request, "Accept-Encoding", "br")) {
    blob = &asset.brotli;
    response.headers.emplace_back("Content-Encoding", "br");
  } else if (asset.gzip.data && accepts(request, "Accept-Encoding", "gzip")) {
    blob = &asset.gzip;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  response.fixed = std::string_view(blob->data, blob->size);
  return response;
}

// Addresses that a person opens are no deeper than /w/ID/TAB; this leaves room for what comes.
constexpr std::ptrdiff_t depth_max = 8;

// The page names its files from the root, "./assets/…". Below the root it is told how far up that
// is. So the canvas works wherever a proxy puts the platform, without anybody saying where.
http::Response page_at(const Asset& page, const http::Request& request) {
  const auto depth = std::count(request.path.begin(), request.path.end(), '/') - 1;
  if (depth == 0) return serve(page, request);
  if (depth > depth_max) return no_such_route();
  constexpr std::string_view from_root = "=\"./";
  std::string up;
  for (std::ptrdiff_t step = 0; step < depth; ++step) up += "../";
  http::Response response;
  response.content_type = page.content_type;
  response.headers.emplace_back("Cache-Control", "no-cache");
  std::string_view rest(page.plain.data, page.plain.size);
  for (auto at = rest.find(from_root); at != std::string_view::npos; at = rest.find(from_root)) {
    response.body += rest.substr(0, at + 2);
    response.body += up;
    rest.remove_prefix(at + from_root.size());
  }
  response.body += rest;
  return response;
}

http::Response without_canvas() {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<!doctype html><title>Molecule AI</title><p>This binary was built without the canvas. "
      "Run <code>./dev build</code>, which builds and embeds it.</p>";
  return response;
}

}  // namespace

http::Response canvas_response(const http::Request& request) {
  bool reading = request.method == http::Method::get || request.method == http::Method::head;
  const bool home = request.path == "/";
  const Asset* asset = find_asset(request.path);
  if (!reading && (home || asset)) {
    http::Response refusal = http::error_response(405, "method_not_allowed", "this is only read");
    refusal.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return refusal;
  }
  if (asset) return serve(*asset, request);
  // The front door, whoever knocks, and an address a person opened or reloaded: the canvas finds
  // its view from it.
  if (home || (reading && accepts(request, "Accept", "text/html"))) {
    const Asset* page = find_asset("/index.html");
    return page ? page_at(*page, request) : without_canvas();
  }
  return no_such_route();
}

std::size_t canvas_size() {
  std::size_t size = 0;
  for (const Asset& asset : canvas_assets)
    size += asset.plain.size + asset.brotli.size + asset.gzip.size;
  return size;
}

}  // namespace molecule::app
