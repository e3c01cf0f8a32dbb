#include "platform/sandbox/seccomp.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace molecule::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t other_numbers = 0x40000000;  // x32's, which would pass by every name here.
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t other_numbers = 0;
#else
#error "the numbers of system calls of this machine are not known here"
#endif

// Numbers that headers may lack are the same on every machine since Linux 5.
constexpr std::uint32_t open_tree = 428;
constexpr std::uint32_t move_mount = 429;
constexpr std::uint32_t fsopen = 430;
constexpr std::uint32_t fsconfig = 431;
constexpr std::uint32_t fsmount = 432;
constexpr std::uint32_t fspick = 433;
constexpr std::uint32_t clone3 = 435;
constexpr std::uint32_t pidfd_getfd = 438;
constexpr std::uint32_t process_madvise = 440;
constexpr std::uint32_t mount_setattr = 442;
constexpr std::uint32_t quotactl_fd = 443;

constexpr std::uint32_t refused[] = {
    // Other processes, from within.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, pidfd_getfd, process_madvise,
    SYS_move_pages, SYS_migrate_pages,
    // The tree of files, and other rooms.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare,
    SYS_open_by_handle_at, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr,
    // The kernel itself.
    SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_lookup_dcookie, SYS_syslog,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
    // Keys of others.
    SYS_keyctl, SYS_add_key, SYS_request_key,
    // The machine.
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl, quotactl_fd,
    SYS_vhangup};

constexpr std::uint32_t tioclinux = 0x541c;  // Types and copies at a console; TIOCSTI types too.

// Programs go on without them when they seem not to be there.
constexpr std::uint32_t absent[] = {clone3, SYS_io_uring_setup, SYS_io_uring_enter,
                                    SYS_io_uring_register};

// Sockets of these families, and of the network's those protocols that Landlock knows or that carry
// no streams: by another (MPTCP, SCTP) a port would be reached that is not granted.
constexpr std::uint32_t families[] = {AF_UNIX, AF_NETLINK};
constexpr std::uint32_t network_families[] = {AF_INET, AF_INET6};
constexpr std::uint32_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6};

// Calls that connect as they send, which nobody asks Landlock about, and where their flags stand.
struct Sending {
  std::uint32_t number;
  std::size_t flags;
};
constexpr Sending sendings[] = {{SYS_sendto, 3}, {SYS_sendmsg, 2}, {SYS_sendmmsg, 3}};

constexpr std::uint32_t new_rooms = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                    CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// Of System V memory, which belongs to no process and is counted nowhere: room for the few words by
// which databases find each other.
constexpr std::uint32_t shared_segment_max = 4096;

class Filter {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  void load_argument(std::size_t which) {
    load(offsetof(seccomp_data, args) + which * sizeof(std::uint64_t));
  }
  // Of a number of 64 bits, the half that is 0 for every small one.
  void load_upper_half(std::size_t which) {
    load(offsetof(seccomp_data, args) + which * sizeof(std::uint64_t) + sizeof(std::uint32_t));
  }
  void answer(std::uint32_t what) { add(BPF_RET | BPF_K, what); }
  static std::uint32_t failing(int error) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
  }
  // The answer for one value of what was loaded.
  void on(std::uint32_t value, std::uint32_t what) {
    jump(BPF_JEQ, value, 0, 1);
    answer(what);
  }
  void on_bits(std::uint32_t bits, std::uint32_t what) {
    jump(BPF_JSET, bits, 0, 1);
    answer(what);
  }
  void on_more(std::uint32_t than, std::uint32_t what) {
    jump(BPF_JGT, than, 0, 1);
    answer(what);
  }
  // Both pass by the next `count` instructions.
  void skip_if(std::uint32_t value, std::uint8_t count) { jump(BPF_JEQ, value, count, 0); }
  void skip_unless(std::uint32_t value, std::uint8_t count) { jump(BPF_JEQ, value, 0, count); }
  int apply() {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(code_.size());
    program.filter = code_.data();
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
  }

 private:
  void add(int code, std::uint32_t value) {
    sock_filter one{};
    one.code = static_cast<std::uint16_t>(code);
    one.k = value;
    code_.push_back(one);
  }
  void jump(int how, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    add(BPF_JMP | how | BPF_K, value);
    code_.back().jt = yes;
    code_.back().jf = no;
  }
  std::vector<sock_filter> code_;
};

}  // namespace

bool has_call_filters() {
  // A filter without an address is a fault only where there are filters.
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) != 0 && errno == EFAULT;
}

int filter_calls() {
  Filter filter;
  filter.load(offsetof(seccomp_data, arch));
  filter.skip_if(own_architecture, 1);
  filter.answer(SECCOMP_RET_KILL_PROCESS);
  filter.load(offsetof(seccomp_data, nr));
  if (other_numbers != 0) filter.on_bits(other_numbers, Filter::failing(ENOSYS));
  for (const std::uint32_t number : refused) filter.on(number, Filter::failing(EPERM));
  for (const std::uint32_t number : absent) filter.on(number, Filter::failing(ENOSYS));
  filter.skip_unless(SYS_clone, 4);
  filter.load_argument(0);
  filter.on_bits(new_rooms, Filter::failing(EPERM));
  filter.answer(SECCOMP_RET_ALLOW);
  filter.skip_unless(SYS_ioctl, 6);
  filter.load_argument(1);
  filter.on(TIOCSTI, Filter::failing(EPERM));
  filter.on(tioclinux, Filter::failing(EPERM));
  filter.answer(SECCOMP_RET_ALLOW);
  filter.skip_unless(SYS_shmget, 7);
  filter.load_upper_half(1);
  filter.on_more(0, Filter::failing(ENOMEM));
  filter.load_argument(1);
  filter.on_more(shared_segment_max, Filter::failing(ENOMEM));
  filter.answer(SECCOMP_RET_ALLOW);
  for (const Sending& each : sendings) {
    filter.skip_unless(each.number, 4);
    filter.load_argument(each.flags);
    filter.on_bits(MSG_FASTOPEN, Filter::failing(EOPNOTSUPP));
    filter.answer(SECCOMP_RET_ALLOW);
  }
  constexpr auto of_network = 2 * std::size(protocols) + 2;
  filter.skip_unless(SYS_socket,
                     static_cast<std::uint8_t>(2 * std::size(families) + 4 + of_network));
  filter.load_argument(0);
  for (const std::uint32_t family : families) filter.on(family, SECCOMP_RET_ALLOW);
  filter.skip_if(network_families[0], 2);
  filter.skip_if(network_families[1], 1);
  filter.answer(Filter::failing(EAFNOSUPPORT));
  filter.load_argument(2);
  for (const std::uint32_t protocol : protocols) filter.on(protocol, SECCOMP_RET_ALLOW);
  filter.answer(Filter::failing(EPROTONOSUPPORT));
  filter.answer(SECCOMP_RET_ALLOW);
  return filter.apply();
}

}  // namespace molecule::sandbox
