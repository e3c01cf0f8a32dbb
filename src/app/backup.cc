#include "app/backup.h"

#include <array>
#include <filesystem>
#include <iostream>
#include <vector>

#include "app/belongings.h"
#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"
#include "platform/process/environment.h"
#include "platform/sql/sqlite_backup.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view database_name = "molecule.db";
// Beside the database. Read after it, so that no key is missing that something in it needs: keys
// are added before they are used, and never taken away.
constexpr std::array<std::string_view, 4> small_files{"sealing_key", "platform_key", "admin_token",
                                                      "molecule.conf"};
// What a platform leaves behind in a data directory, besides its lock.
constexpr std::array<std::string_view, 7> traces{
    "molecule.db",  "molecule.db-wal", "molecule.db-shm", "sealing_key",
    "platform_key", "admin_token",     "store_mark"};

void copy_small(const fs::path& from, const fs::path& to, std::vector<std::string>& copied) {
  for (std::string_view name : small_files) {
    if (fs::exists(to / name)) continue;
    auto text = files::read(from / name);
    if (!text) continue;
    files::write_private(to / name, *text);
    copied.emplace_back(name);
  }
}

void tell(const AdminOptions& options, const fs::path& directory, std::int64_t bytes,
          const std::vector<std::string>& files, std::string_view sentence) {
  if (options.output == "json") {
    std::cout << json::Object{}
                     .add("directory", directory.string())
                     .add("database_bytes", bytes)
                     .add("files", files)
                     .text()
              << "\n";
    return;
  }
  std::string all;
  for (const std::string& file : files) all += (all.empty() ? "" : ", ") + file;
  std::cout << fmt::format("{}: {} ({} KiB of database)\n", sentence, all, bytes / 1024);
}

}  // namespace

void back_up(const Config& config, const AdminOptions& options) {
  const fs::path data = config.text("data");
  const fs::path directory = options.directory;
  const Belongings belongings(config);
  if (!config.text("database-url").empty()) {
    throw conflict(
        "store_elsewhere",
        fmt::format("the store is a PostgreSQL server's: `pg_dump --format=custom --file=FILE "
                    "\"$DATABASE_URL\"`, then copy {}, {} and {} beside it",
                    belongings.sealing_key().string(), belongings.platform_key().string(),
                    belongings.admin_token().string()));
  }
  if (!fs::exists(belongings.database())) {
    throw Fault(
        Kind::not_found, "no_data",
        fmt::format("{} holds no platform; name its data directory with --data", data.string()));
  }
  if (fs::exists(directory)) {
    throw conflict(
        "file_exists",
        fmt::format("{} is there already; a backup is a directory of its own", directory.string()));
  }
  files::make_private_directory(directory);
  const std::int64_t bytes =
      sql::copy_sqlite(belongings.database().string(), (directory / database_name).string(),
                       belongings.mark().string());
  std::vector<std::string> files{std::string(database_name)};
  copy_small(data, directory, files);
  tell(options, directory, bytes, files, "Backed up");
  if (!fs::exists(belongings.sealing_key())) {
    std::cerr << "There is no sealing key in the data directory: keep SECRETS_ENCRYPTION_KEY too, "
                 "without it the secrets in this backup cannot be opened.\n";
  }
  if (!fs::exists(belongings.platform_key())) {
    std::cerr << "There is no platform key in the data directory: keep MOLECULE_PLATFORM_KEY too, "
                 "without it agents that joined by ticket do not know this platform.\n";
  }
}

void restore(const Config& config, const AdminOptions& options) {
  const fs::path data = config.text("data");
  const fs::path backup = options.directory;
  if (!fs::exists(backup / database_name)) {
    throw Fault(Kind::not_found, "no_backup",
                fmt::format("{} holds no {}; name a directory that `molecule admin backup` made",
                            backup.string(), database_name));
  }
  if (!config.text("database-url").empty()) {
    throw conflict("store_elsewhere",
                   "DATABASE_URL names a PostgreSQL server, and this backup is of a database file; "
                   "use pg_restore with what pg_dump made, or unset DATABASE_URL");
  }
  files::make_private_directory(data);
  const process::DirectoryLock lock(data);
  std::string there;
  for (std::string_view name : traces) {
    if (fs::exists(data / name)) there += fmt::format("{}{}", there.empty() ? "" : ", ", name);
  }
  if (!there.empty()) {
    throw conflict(
        "data_not_empty",
        fmt::format("{} holds a platform or parts of one: {}. Move them away, or restore "
                    "into another directory with --data; nothing was changed",
                    data.string(), there));
  }
  // The keys first: what is left by an interruption is refused at a start, not begun anew.
  std::vector<std::string> files;
  copy_small(backup, data, files);
  const std::int64_t bytes =
      sql::copy_sqlite((backup / database_name).string(), (data / database_name).string(), {});
  files.emplace_back(database_name);
  tell(options, data, bytes, files, "Restored");
}

}  // namespace molecule::app
