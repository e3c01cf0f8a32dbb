#include "platform/crypto/sign.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

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

std::vector<std::uint8_t> raw(std::string_view hex) { return *hex_decode(hex); }
SigningKey key_of(std::string_view hex) {
  return SigningKey(std::span<const std::uint8_t, 32>(raw(hex)));
}

struct Vector {
  std::string_view seed, key, message, signature;
};
constexpr Vector vectors[] = {
    // RFC 8032 §7.1, tests 1 to 3 and the digest of "abc".
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0303dca179c138ac17ad9bef1177331a704"},
};

TEST(Sign, AnswersTheKnownSignatures) {
  for (const Vector& each : vectors) {
    const SigningKey key = key_of(each.seed);
    const auto message = raw(each.message);
    EXPECT_EQ(hex_encode(key.public_key().bytes), each.key);
    const Signature signature = key.sign(Bytes(message));
    EXPECT_EQ(hex_encode(signature), each.signature);
    EXPECT_TRUE(verify(key.public_key(), Bytes(message), signature));
  }
}

TEST(Sign, NoticesEveryFlippedBit) {
  const SigningKey key = key_of(vectors[2].seed);
  const std::string message = "a message";
  const Signature signature = key.sign(message);
  ASSERT_TRUE(verify(key.public_key(), message, signature));
  for (std::size_t i = 0; i < signature.size() * 8; ++i) {
    Signature changed = signature;
    changed[i / 8] ^= static_cast<std::uint8_t>(1 << (i % 8));
    EXPECT_FALSE(verify(key.public_key(), message, changed)) << "bit " << i;
  }
  for (std::size_t i = 0; i < message.size() * 8; ++i) {
    std::string changed = message;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(verify(key.public_key(), changed, signature)) << "bit " << i;
  }
  for (std::size_t i = 0; i < 256; ++i) {
    PublicKey changed = key.public_key();
    changed.bytes[i / 8] ^= static_cast<std::uint8_t>(1 << (i % 8));
    EXPECT_FALSE(verify(changed, message, signature)) << "bit " << i;
  }
}

TEST(Sign, RefusesSignaturesOfAnotherLengthAndASecondSpelling) {
  const SigningKey key = key_of(vectors[0].seed);
  const Signature signature = key.sign("text");
  EXPECT_FALSE(verify(key.public_key(), "text", Bytes()));
  EXPECT_FALSE(verify(key.public_key(), "text", Bytes(signature).first(63)));
  std::vector<std::uint8_t> longer(signature.begin(), signature.end());
  longer.push_back(0);
  EXPECT_FALSE(verify(key.public_key(), "text", longer));
  // S and S + L would both satisfy the equation; only S < L is a signature (§5.1.7).
  const auto order = raw("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Signature second = signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += second[32 + i] + order[i];
    second[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(verify(key.public_key(), "text", second));
}

// Under the point 1 the signature R = 1, S = 0 fits every message.
TEST(Sign, RefusesKeysUnderWhichEverybodyCouldSign) {
  PublicKey one;
  one.bytes[0] = 1;
  Signature forged{};
  forged[0] = 1;
  EXPECT_FALSE(verify(one, "whatever was never signed", forged));
  for (std::string_view hex :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}) {
    EXPECT_FALSE(public_key_from(base64url_encode(raw(hex)))) << hex;
  }
}

TEST(PublicKey, HasOneText) {
  const PublicKey key = key_of(vectors[0].seed).public_key();
  EXPECT_EQ(text_of(key), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  EXPECT_EQ(public_key_from(text_of(key)), key);
  EXPECT_EQ(fingerprint(key), "SHA256:If4x36FUomFia_hUBG_SJxt77UtqvkWqWId-9H-XIbk");
  for (std::string text : {std::string(), text_of(key) + "=", text_of(key).substr(1),
                           text_of(key) + "A", std::string(43, '*'), std::string(43, '_')}) {
    EXPECT_FALSE(public_key_from(text)) << text;
  }
}

TEST(Statement, KeepsItsPartsApart) {
  EXPECT_EQ(statement({"molecule something 1", "a", ""}), "20:molecule something 11:a0:");
  EXPECT_NE(statement({"ab", "c"}), statement({"a", "bc"}));
}

class SigningKeyFile : public ::testing::Test {
 protected:
  SigningKeyFile() {
    std::string name = (fs::temp_directory_path() / "sign_test.XXXXXX").string();
    folder = ::mkdtemp(name.data());  // Made with mode 0700.
    file = folder / "a_key";
  }
  ~SigningKeyFile() override { fs::remove_all(folder); }
  std::string read() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text, mode_t mode = 0600) const {
    fs::remove(file);
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
  }
  std::string load_code() const {
    try {
      load_signing_key(file);
    } catch (const Fault& fault) {
      EXPECT_NE(fault.text().find(folder.string()), std::string::npos) << "it names the place";
      EXPECT_EQ(fault.text().find("AAECAwQ"), std::string::npos) << "and no key";
      return fault.code();
    }
    return "";
  }

  fs::path folder, file;
  Counting random;
};

const std::string good = "molecule-signing-key 1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

TEST_F(SigningKeyFile, IsMadeOnceForItsOwnerAlone) {
  const SigningKey key = load_or_create_signing_key(file, random);
  struct stat found{};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(read(), good);
  EXPECT_EQ(load_or_create_signing_key(file, random).public_key(), key.public_key());
  EXPECT_EQ(load_signing_key(file).public_key(), key.public_key());
  EXPECT_FALSE(create_signing_key(file, SigningKey::random(random)));
  EXPECT_EQ(read(), good);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(SigningKeyFile, IsRefusedWhenOthersMayReadItOrItIsNone) {
  EXPECT_EQ(load_code(), "key_file_unreadable");
  for (mode_t mode : {0640, 0604, 0660}) {
    write(good, mode);
    EXPECT_EQ(load_code(), "key_file_unsafe") << mode;
  }
  for (std::string text : {std::string(), good.substr(0, good.size() - 1), good + "\n",
                           good.substr(1), "molecule-signing-key 2" + good.substr(22),
                           good.substr(0, 60) + "*" + good.substr(61), std::string(200, 'A')}) {
    write(text);
    EXPECT_EQ(load_code(), "key_file_invalid") << text;
  }
  write(good);
  EXPECT_EQ(load_code(), "");
  fs::create_symlink(file, folder / "link");
  EXPECT_THROW(load_signing_key(folder / "link"), Fault);
  fs::permissions(folder, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
  EXPECT_EQ(load_code(), "key_file_unsafe");
}

}  // namespace
}  // namespace molecule::crypto
