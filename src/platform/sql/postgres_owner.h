// That one platform at a time writes to a PostgreSQL store. What a platform remembers of the store
// is true only as long as nobody else changes it, so the writer's own connection holds an advisory
// lock of the server: it goes when the connection goes, however that ends, and a writer that lost
// its connection writes again only when it holds the lock again and nobody wrote meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "platform/sql/postgres_connection.h"

namespace molecule::sql {

// The first half of the lock's number; the other is the schema's.
inline constexpr std::int32_t store_lock = 1836018789;

class PostgresOwner {
 public:
  // At start. Waits a moment for a predecessor whose end the server has not noticed yet; throws
  // Fault conflict `store_in_use`, which says who holds the store.
  void take_first(PostgresConnection& connection);
  // On a connection that takes the place of a lost one. Throws StoreLost while another holds the
  // lock, and for good once another platform has taken the store over.
  void take_again(PostgresConnection& connection);
  // This process's run, as the store's facts say it from now on. Any thread.
  void stands_for(std::uint32_t run) { run_ = run; }
  // Any thread.
  bool taken_over() const { return taken_over_; }
  // Of the server, which holds the lock; 0 as long as none did. Any thread.
  std::int64_t session() const { return backend_; }

 private:
  bool try_lock(PostgresConnection& connection);
  std::string holder(PostgresConnection& connection);

  std::atomic<std::uint32_t> run_{0};     // 0 until the store was taken over.
  std::atomic<std::int64_t> backend_{0};  // Of the connection that held the lock last.
  std::atomic<bool> taken_over_ = false;  // By somebody else.
};

}  // namespace molecule::sql
