// A platform's store and keys as a directory that can be kept elsewhere and put back.
#pragma once

#include "app/admin.h"
#include "app/config.h"

namespace molecule::app {

// Copies the database, as it is at one moment, then the key files and the configuration file into a
// new directory, 0700. The platform may run meanwhile. Throws Fault conflict when the directory is
// there already or the store is a PostgreSQL server's, not_found `no_data` when there is no
// platform.
void back_up(const Config& config, const AdminOptions& options);

// Puts such a directory into a data directory that holds no platform. Throws Fault conflict when
// one runs on it or parts of one lie there, not_found when the backup is none.
void restore(const Config& config, const AdminOptions& options);

}  // namespace molecule::app
