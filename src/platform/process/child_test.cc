#include "platform/process/child.h"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::process {
namespace {

struct End {
  explicit End(int descriptor) : fd(descriptor) {}
  ~End() {
    if (fd >= 0) ::close(fd);
  }
  End(const End&) = delete;
  bool ready(int within_ms = 10'000) const {
    pollfd at{fd, POLLIN, 0};
    return ::poll(&at, 1, within_ms) == 1;
  }
  std::string all() const {
    std::string text;
    char part[4096];
    while (ready()) {
      const ssize_t got = ::read(fd, part, sizeof part);
      if (got <= 0) break;
      text.append(part, static_cast<std::size_t>(got));
    }
    return text;
  }
  int fd;
};

TEST(Child, HasTheEnvironmentAndTheDirectoryThatItIsGivenAndNoOther) {
  ::setenv("MOLECULE_TEST_SECRET", "ours", 1);
  Program program;
  program.arguments = {"/bin/sh", "-c", "pwd; env"};
  program.environment = {{"NAME", "value"}};
  program.inherits = false;
  program.directory = "/usr";
  Child child(program);
  const End out(child.take_output());
  const std::string said = out.all();
  EXPECT_TRUE(said.starts_with("/usr\n")) << said;
  EXPECT_NE(said.find("NAME=value"), std::string::npos) << said;
  EXPECT_EQ(said.find("MOLECULE_TEST_SECRET"), std::string::npos) << said;
}

TEST(Child, IsSpokenToAsLongAsItsInputStaysOpen) {
  Program program;
  program.arguments = {"/bin/sh", "-c",
                       "read line; echo \"heard $line\"; echo why >&2; cat >/dev/null; exit 3"};
  program.talks = program.hears_errors = true;
  Child child(program);
  const End out(child.take_output()), errors(child.take_errors());
  const End over(child.take_end());
  End in(child.take_input());
  ASSERT_EQ(::write(in.fd, "hello\n", 6), 6);
  ASSERT_TRUE(out.ready());
  char part[64];
  const ssize_t got = ::read(out.fd, part, sizeof part);
  EXPECT_EQ(std::string_view(part, static_cast<std::size_t>(got)), "heard hello\n");
  EXPECT_FALSE(over.ready(0)) << "it waits for the end of its input";
  ::close(in.fd);
  in.fd = -1;
  ASSERT_TRUE(over.ready());
  EXPECT_EQ(child.ended(), 3);
  EXPECT_EQ(errors.all(), "why\n");
}

TEST(Child, IsAskedToEndWithAllThatItStarted) {
  Program program;
  program.arguments = {"/bin/sh", "-c", "sleep 60 & echo $!; wait"};
  Child child(program);
  const End out(child.take_output());
  const End over(child.take_end());
  ASSERT_TRUE(out.ready());
  child.terminate();
  ASSERT_TRUE(over.ready());
  EXPECT_EQ(child.ended(), 128 + SIGTERM);
  const std::string said = out.all();  // Ends once its child has closed it, too.
  EXPECT_NE(said, "");
}

TEST(Child, ThatIsNotThereIsRefusedWithTheReason) {
  EXPECT_EQ(found("no-such-program", "/bin:/usr/bin"), "");
  EXPECT_EQ(found("sh", "/nowhere:/bin"), "/bin/sh");
  EXPECT_EQ(found("/bin/sh", ""), "/bin/sh");
  Program program;
  program.arguments = {"/nowhere/program"};
  EXPECT_THROW(Child child(program), Fault);
}

}  // namespace
}  // namespace molecule::process
