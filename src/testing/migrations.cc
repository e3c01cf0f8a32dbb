#include "testing/migrations.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace molecule::test {
namespace {

struct File {
  std::string name;
  std::string text;
};

std::vector<File> read_files() {
  std::filesystem::path folder = MOLECULE_MIGRATIONS;  // Of the source tree; the build names it.
  std::vector<File> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sql") continue;
    std::ifstream in(entry.path());
    files.push_back({entry.path().stem().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.name < b.name; });
  return files;
}

}  // namespace

std::span<const sql::Migration> migrations() {
  static const std::vector<File> files = read_files();
  static const std::vector<sql::Migration> found = [] {
    std::vector<sql::Migration> list;
    for (const File& file : files) {
      std::size_t dash = file.name.find('_');
      int version = 0;
      std::from_chars(file.name.data(), file.name.data() + std::min(dash, file.name.size()),
                      version);
      if (version == 0 || dash == std::string::npos) {
        throw std::logic_error("a migration is not named NNNN_name.sql: " + file.name);
      }
      list.push_back({version, std::string_view(file.name).substr(dash + 1), file.text});
    }
    return list;
  }();
  return found;
}

}  // namespace molecule::test
