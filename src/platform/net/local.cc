#include "platform/net/local.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/net/socket.h"
#include "platform/net/wheel.h"

namespace molecule::net {
namespace {

// The name of a file in a socket's address is short, and directories of data may lie deep: a
// longer one is spelled by way of its directory, held open as long as this is.
class Name {
 public:
  explicit Name(const std::filesystem::path& file) {
    at_.sun_family = AF_UNIX;
    std::string text = file.string();
    if (text.size() >= sizeof at_.sun_path) {
      directory_ = ::open(file.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      text = fmt::format("/proc/self/fd/{}/{}", directory_, file.filename().string());
    }
    fits_ = text.size() < sizeof at_.sun_path;
    if (fits_) std::memcpy(at_.sun_path, text.c_str(), text.size() + 1);
  }
  ~Name() {
    if (directory_ >= 0) ::close(directory_);
  }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  bool fits() const { return fits_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&at_); }
  static constexpr socklen_t size = sizeof(sockaddr_un);
  const char* path() const { return at_.sun_path; }

 private:
  sockaddr_un at_{};
  int directory_ = -1;
  bool fits_ = false;
};

bool somebody_listens(const Name& name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // One whose queue is full has a listener, too.
  const bool answered = ::connect(fd, name.get(), Name::size) == 0 || errno == EAGAIN;
  ::close(fd);
  return answered;
}

}  // namespace

io::Task<std::unique_ptr<Stream>> LocalConnector::dial(const Url&) {
  const Name name(file_);
  if (!name.fits())
    throw Fault(Kind::bad_gateway, "agent_unreachable", file_ + " is too long for a socket");
  std::unique_ptr<Socket> made;
  std::string why;
  try {
    made =
        co_await Socket::connect(name.get(), Name::size, "local", Wheel::now() + connect_timeout);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    why = fault.text();
  }
  if (!made)
    throw Fault(Kind::bad_gateway, "agent_unreachable",
                fmt::format("{} cannot be reached: {}", file_, why));
  co_return made;
}

int listen_at(const std::filesystem::path& file) {
  const Name name(file);
  const auto fail = [&file](int fd, int error) {
    if (fd >= 0) ::close(fd);
    throw bad_request("bad_listen_address", fmt::format("cannot listen at {}: {}", file.string(),
                                                        std::generic_category().message(error)));
  };
  if (!name.fits()) fail(-1, ENAMETOOLONG);
  if (somebody_listens(name))
    throw conflict("address_in_use", file.string() + " is in use by another process");
  struct stat there{};
  if (::lstat(name.path(), &there) == 0 && S_ISSOCK(there.st_mode)) ::unlink(name.path());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail(fd, errno);
  if (::bind(fd, name.get(), Name::size) != 0) fail(fd, errno);
  if (::chmod(name.path(), 0666) != 0) fail(fd, errno);
  if (::listen(fd, 4096) != 0) fail(fd, errno);
  return fd;
}

}  // namespace molecule::net
