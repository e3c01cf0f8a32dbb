// Secrets as the API takes and shows them. Values are in no list.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule::api {

enum class SecretScope { workspace, global };
BOOST_DESCRIBE_ENUM(SecretScope, workspace, global)

struct Secret {
  std::string key;
  bool has_value = true;
  SecretScope scope = SecretScope::workspace;
  Instant created_at;
  Instant updated_at;
};
BOOST_DESCRIBE_STRUCT(Secret, (), (key, has_value, scope, created_at, updated_at))

// Body of POST and PUT of a secret.
struct NewSecret {
  std::string key;
  std::string value;

  static constexpr std::array about{json::About{"key", "a variable's name, at most 128 bytes"},
                                    json::About{"value", "1 to 65536 bytes, kept byte for byte"}};
};
BOOST_DESCRIBE_STRUCT(NewSecret, (), (key, value))

struct SecretSaved {
  std::string status;
  std::string key;
};
BOOST_DESCRIBE_STRUCT(SecretSaved, (), (status, key))

struct GlobalSecretSaved {
  std::string status;
  std::string key;
  SecretScope scope = SecretScope::global;
};
BOOST_DESCRIBE_STRUCT(GlobalSecretSaved, (), (status, key, scope))

struct Model {
  std::string model;
  std::string source;

  static constexpr std::array about{json::About{"model", "empty: the agent's own default"},
                                    json::About{"source", "\"default\" or \"workspace_secrets\""}};
};
BOOST_DESCRIBE_STRUCT(Model, (), (model, source))

// Body of PUT /workspaces/{id}/model.
struct NewModel {
  std::string model;

  static constexpr std::array about{json::About{"model", "empty clears the choice"}};
};
BOOST_DESCRIBE_STRUCT(NewModel, (), (model))

struct ModelSaved {
  std::string status;
  json::Omit<std::string> model;
};
BOOST_DESCRIBE_STRUCT(ModelSaved, (), (status, model))

struct KeysRotated {
  std::string status;
  std::int64_t resealed = 0;
  std::int64_t unreadable = 0;

  static constexpr std::array about{
      json::About{"unreadable", "left as they were; the old keys are then kept"}};
};
BOOST_DESCRIBE_STRUCT(KeysRotated, (), (status, resealed, unreadable))

// Members of refusals.

struct FailedKeys {
  std::vector<std::string> failed_keys;
};
BOOST_DESCRIBE_STRUCT(FailedKeys, (), (failed_keys))

}  // namespace molecule::api
