#include "platform/crypto/key_file.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

namespace fs = std::filesystem;

struct Counting {
  std::uint8_t next = 0;
  void fill(std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = next++;
  }
};

class KeyFile : public ::testing::Test {
 protected:
  KeyFile() {
    std::string name = (fs::temp_directory_path() / "key_file_test.XXXXXX").string();
    folder = ::mkdtemp(name.data());  // Made with mode 0700.
    file = folder / "sealing_keys";
  }
  ~KeyFile() override { fs::remove_all(folder); }

  std::string read() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text, mode_t mode = 0600) const {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
  }
  std::string code(auto&& call) const {
    try {
      call();
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }
  std::string load_code() const {
    return code([&] { load_keys(file); });
  }

  fs::path folder, file;
  Counting random;
};

const std::string one = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const std::string two = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  Keyring keys = load_or_create_keys(file, "", random);
  struct stat found{};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(read(),
            "# sealing keys of this instance; the last one seals, all of them open\n"
            "molecule-sealing-keys 1\n" +
                one + "\n");
  Keyring again = load_or_create_keys(file, "", random);
  EXPECT_EQ(again.size(), 1u);
  EXPECT_EQ(again.sealing().id(), keys.sealing().id());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(KeyFile, IsNotReplacedByAProcessThatStartsLater) {
  Keyring first, second;
  first.add(SealingKey::random(random));
  second.add(SealingKey::random(random));
  EXPECT_TRUE(create_keys(file, first));
  EXPECT_FALSE(create_keys(file, second));
  EXPECT_EQ(load_keys(file).sealing().id(), first.sealing().id());
}

TEST_F(KeyFile, RotationAddsAKeyAndKeepsTheOld) {
  Keyring before = load_or_create_keys(file, "", random);
  Sealed sealed = before.seal(random, "value", "place");
  Keyring after = rotate_keys(file, random);
  EXPECT_EQ(after.size(), 2u);
  EXPECT_NE(after.sealing().id(), before.sealing().id());
  EXPECT_EQ(load_keys(file).sealing().id(), after.sealing().id());
  EXPECT_EQ(load_keys(file).open(sealed, "place").reveal(), "value");
}

TEST_F(KeyFile, TheEnvironmentsKeySealsAndTheFilesKeysOpen) {
  Keyring before = load_or_create_keys(file, "", random);
  Sealed sealed = before.seal(random, "value", "place");
  Keyring both = load_or_create_keys(file, "0123456789abcdef0123456789abcdef", random);
  EXPECT_EQ(both.size(), 2u);
  EXPECT_EQ(text_of(both.sealing().reveal()), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(both.open(sealed, "place").reveal(), "value");
}

TEST_F(KeyFile, IsNotMadeWhenTheEnvironmentHasAKey) {
  Keyring keys = load_or_create_keys(file, two, random);
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(code([&] { load_or_create_keys(file, "too short", random); }), "sealing_key_invalid");
}

TEST_F(KeyFile, IsRefusedWhenOthersCouldReadIt) {
  write("molecule-sealing-keys 1\n" + one + "\n", 0640);
  EXPECT_EQ(load_code(), "key_file_unsafe");
  write("molecule-sealing-keys 1\n" + one + "\n", 0604);
  EXPECT_EQ(load_code(), "key_file_unsafe");
}

TEST_F(KeyFile, IsRefusedInADirectoryOthersMayEnter) {
  load_or_create_keys(file, "", random);
  fs::permissions(folder, fs::perms{0750});
  EXPECT_EQ(load_code(), "key_file_unsafe");
  EXPECT_EQ(code([&] { rotate_keys(file, random); }), "key_file_unsafe");
}

TEST_F(KeyFile, IsRefusedWhenItIsALinkOrADirectory) {
  load_or_create_keys(file, "", random);
  fs::rename(file, folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", file);
  EXPECT_EQ(load_code(), "key_file_unreadable");
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(load_code(), "key_file_unsafe");
}

TEST_F(KeyFile, SaysWhichLineIsWrong) {
  const std::string title = "molecule-sealing-keys 1\n";
  for (const std::string& text :
       {std::string(), title, one + "\n", title + one, title + "AAAA\n", title + one + " \n",
        title + "0123456789abcdef0123456789abcdef\n", "molecule-sealing-keys 2\n" + one + "\n",
        title + std::string(17 * 1024, '#') + "\n"}) {
    write(text);
    EXPECT_EQ(load_code(), "key_file_invalid") << text.substr(0, 80);
  }
  write("# mine\n\n" + title + "# first\n" + one + "\n# second\n" + two + "\n");
  EXPECT_EQ(load_keys(file).size(), 2u);
  EXPECT_EQ(base64_encode(load_keys(file).sealing().reveal()), two);
}

TEST_F(KeyFile, NeverNamesAKeyInAFault) {
  write("molecule-sealing-keys 1\n" + one.substr(0, 40) + "\n");
  try {
    load_keys(file);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.text().find(one.substr(0, 20)), std::string::npos);
    EXPECT_NE(fault.text().find("line 2"), std::string::npos);
  }
}

TEST_F(KeyFile, IsUnreadableWhenItsDirectoryIsMissing) {
  file = folder / "missing" / "keys";
  EXPECT_EQ(load_code(), "key_file_unreadable");
}

}  // namespace
}  // namespace molecule::crypto
