// Platforms that a person works with, by name, in one file that only its owner may read: it holds
// their tokens.
//
//   current = work
//
//   [work]
//   url = https://molecule.example
//   token = …
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace molecule::cli {

struct Profile {
  std::string name;
  std::string url;
  Secret token;
  std::string ca_file;
  std::string output;
  // Lines of a later version, kept as they are.
  std::vector<std::pair<std::string, std::string>> others = {};
};

class Profiles {
 public:
  // What the file holds; nothing when it does not exist. Throws Fault conflict `profiles_unsafe`
  // when others could read it, bad_request `bad_profiles` with the line that is wrong.
  static Profiles load(const std::filesystem::path& file);
  // MOLECULE_CONFIG, else molecule/profiles.conf in the XDG configuration home.
  static std::filesystem::path usual_file();

  const std::filesystem::path& file() const { return file_; }
  bool exists() const { return exists_; }
  const std::string& current() const { return current_; }
  const std::vector<Profile>& all() const { return all_; }
  // Null where there is none of the name. find() says what there is, in a Fault not_found.
  Profile* look_up(std::string_view name);
  Profile& find(std::string_view name);
  // The one of the name, made when there is none. Throws Fault bad_request for what is no name.
  Profile& make(std::string_view name);
  void remove(std::string_view name);
  void use(std::string_view name) { current_ = name; }
  // Changes the file, which may not be there yet, in one piece: nobody else does between what
  // `how` finds and what it leaves. It replaces the file: private, whole or not at all. Nobody may
  // be asked meanwhile. Throws what load() and `how` throw, then nothing has changed, and Fault
  // unavailable `file_locked`.
  static void change(const std::filesystem::path& file,
                     const std::function<void(Profiles& profiles)>& how);
  // The same for one that is written anew; `when` says of what is there whether it may be.
  static void begin_anew(const std::filesystem::path& file, std::string_view text,
                         const std::function<void(const Profiles& profiles)>& when);

 private:
  void save() const;
  void take_line(std::string_view line, int number);

  std::filesystem::path file_;
  bool exists_ = false;
  std::string current_;
  std::vector<Profile> all_;
};

}  // namespace molecule::cli
