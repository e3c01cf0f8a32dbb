#include "testing/each_database.h"

#include <cstdlib>
#include <filesystem>

#include <unistd.h>

#include "base/fault.h"
#include "platform/io/clock.h"

namespace molecule::test {
namespace {

std::string postgres_url() {
  const char* url = std::getenv("MOLECULE_TEST_DATABASE_URL");
  return url ? url : "";
}
bool postgres_required() {
  const char* required = std::getenv("MOLECULE_REQUIRE_POSTGRES");
  return required && std::string_view(required) == "1";
}

std::string fresh_name() {
  io::SystemRandom random;
  return "molecule_test_" + std::to_string(::getpid()) + "_" + std::to_string(random.number());
}

// One statement whose text is made here, outside any schema.
void execute(const std::string& text) {
  io::Loop loop;
  metrics::Registry metrics;
  sql::Settings settings;
  settings.url = postgres_url();
  settings.readers = 1;
  auto db = sql::open(settings, metrics);
  const sql::Query<void()> statement{"testing.execute", text};
  io::run(loop, db->write([&](sql::Tx& tx) { tx.run(statement); }));
}

}  // namespace

std::vector<Engine> engines() {
  if (postgres_url().empty() && !postgres_required()) return {Engine::sqlite};
  return {Engine::sqlite, Engine::postgresql};
}

std::vector<Engine> postgresql_only() {
  auto found = engines();
  std::erase(found, Engine::sqlite);
  return found;
}

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "sqlite" : "postgresql";
}

StorePlace::StorePlace(Engine engine) {
  if (engine == Engine::sqlite) {
    directory = std::filesystem::temp_directory_path() / fresh_name();
    std::filesystem::create_directory(directory);
    settings.path = directory + "/store.db";
    return;
  }
  const std::string url = postgres_url();
  if (url.empty()) throw bad_request("MOLECULE_TEST_DATABASE_URL is not set; ./dev test sets it");
  schema_ = fresh_name();
  execute("CREATE SCHEMA " + schema_);
  const char* separator = url.find('?') == std::string::npos ? "?" : "&";
  settings.url = url + separator + "options=-csearch_path%3D" + schema_;
}

StorePlace::~StorePlace() {
  try {
    if (!schema_.empty()) execute("DROP SCHEMA " + schema_ + " CASCADE");
    if (!directory.empty()) std::filesystem::remove_all(directory);
  } catch (const std::exception& failure) {
    ADD_FAILURE() << "cleaning up after the test: " << failure.what();
  }
}

void EachDatabase::SetUp() {
  place = std::make_unique<StorePlace>(GetParam());
  db_ = sql::open(place->settings, metrics);
}

void EachDatabase::TearDown() {
  db_.reset();
  place.reset();
}

void EachDatabase::reopen() {
  db_.reset();
  db_ = sql::open(place->settings, metrics);
}

}  // namespace molecule::test
