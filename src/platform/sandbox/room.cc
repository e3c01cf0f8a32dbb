#include "platform/sandbox/room.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/files/descriptor.h"
#include "platform/files/made_file.h"

namespace molecule::sandbox {
namespace {

constexpr long mount_setattr = 442;
constexpr unsigned recursive = 0x8000;
struct MountAttributes {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;
  std::uint64_t user_namespace = 0;
};
constexpr std::uint64_t read_only = 0x1;
constexpr std::uint64_t no_setuid = 0x2;
constexpr std::uint64_t no_devices = 0x4;

int restrict_mount(const std::string& at, std::uint64_t attributes, unsigned flags) {
  MountAttributes wanted;
  wanted.set = attributes;
  return ::syscall(mount_setattr, AT_FDCWD, at.c_str(), flags, &wanted, sizeof(wanted)) == 0
             ? 0
             : errno;
}

bool exists(const std::string& path) {
  struct stat what{};
  return ::lstat(path.c_str(), &what) == 0;
}

// The directories on the way to `path`, and it itself as a directory or an empty file.
int make_place(const std::string& path, bool directory) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    if (::mkdir(path.substr(0, at).c_str(), 0755) != 0 && errno != EEXIST) return errno;
  }
  if (exists(path)) return 0;
  if (directory) return ::mkdir(path.c_str(), 0755) == 0 ? 0 : errno;
  const files::Descriptor made =
      files::made_file(AT_FDCWD, path.c_str(), O_WRONLY, 0644, files::Made::or_opened);
  return made.open() ? 0 : errno;
}

class Tree {
 public:
  explicit Tree(std::string root) : root_(std::move(root)) {}

  std::string in(const std::string& path) const { return root_ + path; }

  int show(const std::string& path, std::uint64_t attributes) {
    return show_at(path, path, attributes);
  }
  int show_at(const std::string& path, const std::string& as, std::uint64_t attributes) {
    struct stat what{};
    if (::stat(path.c_str(), &what) != 0) return errno == ENOENT || errno == EACCES ? 0 : errno;
    const std::string there = in(as);
    if (const int error = make_place(there, S_ISDIR(what.st_mode))) return error;
    if (::mount(path.c_str(), there.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return errno;
    return attributes == 0 ? 0 : restrict_mount(there, attributes, recursive);
  }
  // A directory at the top that is a link on many systems (/bin).
  int show_top(const std::string& path) {
    std::array<char, PATH_MAX> to{};
    const ssize_t length = ::readlink(path.c_str(), to.data(), to.size() - 1);
    if (length <= 0) return show(path, read_only | no_setuid | no_devices);
    return ::symlink(to.data(), in(path).c_str()) == 0 ? 0 : errno;
  }
  int empty(const std::string& path) { return make_place(in(path), true); }
  int link(const std::string& path, const char* to) {
    return ::symlink(to, in(path).c_str()) == 0 || errno == EEXIST ? 0 : errno;
  }
  int fresh(const std::string& path, const char* kind, unsigned long flags, const char* options) {
    if (const int error = empty(path)) return error;
    return ::mount(kind, in(path).c_str(), kind, flags, options) == 0 ? 0 : errno;
  }

 private:
  std::string root_;
};

int show_devices(Tree& tree) {
  if (const int error = tree.empty("/dev")) return error;
  for (const char* device :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    if (const int error = tree.show(device, 0)) return error;
  }
  if (const int error = tree.fresh("/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=64m"))
    return error;
  // Programs do without these two.
  if (tree.fresh("/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                 "newinstance,mode=0620,ptmxmode=0666") == 0)
    tree.link("/dev/ptmx", "pts/ptmx");
  tree.link("/dev/fd", "/proc/self/fd");
  tree.link("/dev/stdin", "/proc/self/fd/0");
  tree.link("/dev/stdout", "/proc/self/fd/1");
  tree.link("/dev/stderr", "/proc/self/fd/2");
  return 0;
}

// Where names are looked up may be said in a file outside of the system's directories.
int show_resolver(Tree& tree) {
  std::array<char, PATH_MAX> real{};
  if (!::realpath("/etc/resolv.conf", real.data())) return 0;
  const std::string path = real.data();
  if (path.starts_with("/etc/") || path.starts_with("/usr/")) return 0;
  return tree.show(path, read_only | no_setuid | no_devices);
}

bool is_in_tmp(const std::string& path) { return path.starts_with("/tmp/"); }

// Places below /tmp are made in an empty one: in the program's own it could have put links, which
// would be followed out of the room.
int show_temporary(Tree& tree, const Confinement& granted) {
  if (granted.temporary.empty()) return tree.empty("/tmp");
  if (std::ranges::any_of(granted.writable, is_in_tmp) ||
      std::ranges::any_of(granted.readable, is_in_tmp))
    return tree.fresh("/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=64m");
  return tree.show_at(granted.temporary, "/tmp", no_setuid | no_devices);
}

int write_text(const char* path, const std::string& text) {
  const files::Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file.open()) return errno;
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  return written == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

}  // namespace

int room_flags(bool as_root) {
  const int rooms = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC;
  return as_root ? rooms : rooms | CLONE_NEWUSER;
}

int keep_identity(unsigned user, unsigned group) {
  if (const int error = write_text("/proc/self/setgroups", "deny"); error != 0 && error != ENOENT)
    return error;
  if (const int error = write_text("/proc/self/uid_map", fmt::format("{0} {0} 1", user)))
    return error;
  return write_text("/proc/self/gid_map", fmt::format("{0} {0} 1", group));
}

Built build_room(const std::string& place, const Confinement& granted, const std::string& program,
                 std::vector<std::string>& notes) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return {errno, "keep mounts to itself"};
  if (::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0)
    return {errno, "mount an empty tree"};
  ::umask(022);  // Whoever lives in it may be another user.
  Tree tree(place);
  constexpr std::uint64_t quiet = no_setuid | no_devices;
  for (const std::string& path : system_directories()) {
    if (const int error = tree.show_top(path)) return {error, "show the system's directories"};
  }
  if (const int error = show_devices(tree)) return {error, "show devices"};
  if (const int error = show_resolver(tree)) return {error, "show the resolver's file"};
  if (tree.fresh("/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    notes.push_back(fmt::format("own /proc: {}", std::strerror(errno)));
    if (const int error = tree.show("/proc", quiet | read_only)) return {error, "show /proc"};
  }
  if (const int error = show_temporary(tree, granted)) return {error, "show /tmp"};
  for (const std::string& path : granted.readable) {
    if (const int error = tree.show(path, quiet | read_only))
      return {error, "show what may be read"};
  }
  if (!exists(tree.in(program))) {
    if (const int error = tree.show(program, quiet | read_only)) return {error, "show the program"};
  }
  for (const std::string& path : granted.writable) {
    if (const int error = tree.show(path, quiet)) return {error, "show what may be written"};
  }
  if (::chdir(place.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0)
    return {errno, "move into the tree"};
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) return {errno, "leave the old tree"};
  restrict_mount("/", read_only, 0);
  return {};
}

}  // namespace molecule::sandbox
