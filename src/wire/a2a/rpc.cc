#include "wire/a2a/rpc.h"

#include <algorithm>
#include <array>

namespace molecule::a2a {
namespace {

using protobuf::boolean;
using protobuf::by_name;
using protobuf::bytes;
using protobuf::choice;
using protobuf::Field;
using protobuf::int32;
using protobuf::many;
using protobuf::Message;
using protobuf::object;
using protobuf::part;
using protobuf::text;
using protobuf::time;
using protobuf::value;

constexpr std::string_view roles[] = {"ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT"};
constexpr std::string_view states[] = {
    "TASK_STATE_UNSPECIFIED",    "TASK_STATE_SUBMITTED", "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",      "TASK_STATE_FAILED",    "TASK_STATE_CANCELED",
    "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_REJECTED",  "TASK_STATE_AUTH_REQUIRED"};

// What is said.

constexpr Field part_fields[] = {text(1, "text"),     bytes(2, "raw"),       text(3, "url"),
                                 value(4, "data"),    object(5, "metadata"), text(6, "filename"),
                                 text(7, "mediaType")};
constexpr Message part_message{part_fields};

constexpr Field message_fields[] = {text(1, "messageId"),
                                    text(2, "contextId"),
                                    text(3, "taskId"),
                                    choice(4, "role", roles),
                                    many(part(5, "parts", part_message)),
                                    object(6, "metadata"),
                                    many(text(7, "extensions")),
                                    many(text(8, "referenceTaskIds"))};
constexpr Message message{message_fields};

constexpr Field artifact_fields[] = {text(1, "artifactId"),  text(2, "name"),
                                     text(3, "description"), many(part(4, "parts", part_message)),
                                     object(5, "metadata"),  many(text(6, "extensions"))};
constexpr Message artifact{artifact_fields};

constexpr Field status_fields[] = {choice(1, "state", states), part(2, "message", message),
                                   time(3, "timestamp")};
constexpr Message status{status_fields};

constexpr Field task_fields[] = {text(1, "id"),
                                 text(2, "contextId"),
                                 part(3, "status", status),
                                 many(part(4, "artifacts", artifact)),
                                 many(part(5, "history", message)),
                                 object(6, "metadata")};
constexpr Message task{task_fields};

constexpr Field status_update_fields[] = {text(1, "taskId"), text(2, "contextId"),
                                          part(3, "status", status), object(4, "metadata")};
constexpr Message status_update{status_update_fields};

constexpr Field artifact_update_fields[] = {
    text(1, "taskId"),    text(2, "contextId"),    part(3, "artifact", artifact),
    boolean(4, "append"), boolean(5, "lastChunk"), object(6, "metadata")};
constexpr Message artifact_update{artifact_update_fields};

constexpr Field send_answer_fields[] = {part(1, "task", task), part(2, "message", message)};
constexpr Message send_answer{send_answer_fields};

constexpr Field stream_answer_fields[] = {part(1, "task", task), part(2, "message", message),
                                          part(3, "statusUpdate", status_update),
                                          part(4, "artifactUpdate", artifact_update)};
constexpr Message stream_answer{stream_answer_fields};

// What is asked.

constexpr Field authentication_fields[] = {text(1, "scheme"), text(2, "credentials")};
constexpr Message authentication{authentication_fields};

constexpr Field push_fields[] = {text(1, "tenant"), text(2, "id"),
                                 text(3, "taskId"), text(4, "url"),
                                 text(5, "token"),  part(6, "authentication", authentication)};
constexpr Message push{push_fields};

constexpr Field configuration_fields[] = {
    many(text(1, "acceptedOutputModes")), part(2, "taskPushNotificationConfig", push),
    int32(3, "historyLength"), boolean(4, "returnImmediately")};
constexpr Message configuration{configuration_fields};

constexpr Field send_fields[] = {text(1, "tenant"), part(2, "message", message),
                                 part(3, "configuration", configuration), object(4, "metadata")};
constexpr Message send{send_fields};

constexpr Field get_fields[] = {text(1, "tenant"), text(2, "id"), int32(3, "historyLength")};
constexpr Message get{get_fields};

constexpr Field list_fields[] = {text(1, "tenant"),
                                 text(2, "contextId"),
                                 choice(3, "status", states),
                                 int32(4, "pageSize"),
                                 text(5, "pageToken"),
                                 int32(6, "historyLength"),
                                 time(7, "statusTimestampAfter"),
                                 boolean(8, "includeArtifacts")};
constexpr Message list{list_fields};

constexpr Field list_answer_fields[] = {many(part(1, "tasks", task)), text(2, "nextPageToken"),
                                        int32(3, "pageSize"), int32(4, "totalSize")};
constexpr Message list_answer{list_answer_fields};

constexpr Field cancel_fields[] = {text(1, "tenant"), text(2, "id"), object(3, "metadata")};
constexpr Message cancel{cancel_fields};

constexpr Field subscribe_fields[] = {text(1, "tenant"), text(2, "id")};
constexpr Message subscribe{subscribe_fields};

constexpr Field push_named_fields[] = {text(1, "tenant"), text(2, "taskId"), text(3, "id")};
constexpr Message push_named{push_named_fields};

constexpr Field push_list_fields[] = {text(1, "taskId"), int32(2, "pageSize"), text(3, "pageToken"),
                                      text(4, "tenant")};
constexpr Message push_list{push_list_fields};

constexpr Field push_list_answer_fields[] = {many(part(1, "configs", push)),
                                             text(2, "nextPageToken")};
constexpr Message push_list_answer{push_list_answer_fields};

constexpr Field card_asked_fields[] = {text(1, "tenant")};
constexpr Message card_asked{card_asked_fields};

constexpr Message nothing{};

// The card.

constexpr Field interface_fields[] = {text(1, "url"), text(2, "protocolBinding"), text(3, "tenant"),
                                      text(4, "protocolVersion")};
constexpr Message interface{interface_fields};

constexpr Field provider_fields[] = {text(1, "url"), text(2, "organization")};
constexpr Message provider{provider_fields};

constexpr Field extension_fields[] = {text(1, "uri"), text(2, "description"),
                                      boolean(3, "required"), object(4, "params")};
constexpr Message extension{extension_fields};

constexpr Field capabilities_fields[] = {boolean(1, "streaming"), boolean(2, "pushNotifications"),
                                         many(part(3, "extensions", extension)),
                                         boolean(4, "extendedAgentCard")};
constexpr Message capabilities{capabilities_fields};

constexpr Field scopes_fields[] = {many(text(1, "list"))};
constexpr Message scopes{scopes_fields};

constexpr Field requirement_fields[] = {by_name(part(1, "schemes", scopes))};
constexpr Message requirement{requirement_fields};

constexpr Field skill_fields[] = {text(1, "id"),
                                  text(2, "name"),
                                  text(3, "description"),
                                  many(text(4, "tags")),
                                  many(text(5, "examples")),
                                  many(text(6, "inputModes")),
                                  many(text(7, "outputModes")),
                                  many(part(8, "securityRequirements", requirement))};
constexpr Message skill{skill_fields};

constexpr Field signature_fields[] = {text(1, "protected"), text(2, "signature"),
                                      object(3, "header")};
constexpr Message signature{signature_fields};

constexpr Field api_key_fields[] = {text(1, "description"), text(2, "location"), text(3, "name")};
constexpr Message api_key{api_key_fields};

constexpr Field http_fields[] = {text(1, "description"), text(2, "scheme"),
                                 text(3, "bearerFormat")};
constexpr Message http{http_fields};

constexpr Field code_flow_fields[] = {text(1, "authorizationUrl"), text(2, "tokenUrl"),
                                      text(3, "refreshUrl"), by_name(text(4, "scopes")),
                                      boolean(5, "pkceRequired")};
constexpr Message code_flow{code_flow_fields};

constexpr Field client_flow_fields[] = {text(1, "tokenUrl"), text(2, "refreshUrl"),
                                        by_name(text(3, "scopes"))};
constexpr Message client_flow{client_flow_fields};

constexpr Field implicit_flow_fields[] = {text(1, "authorizationUrl"), text(2, "refreshUrl"),
                                          by_name(text(3, "scopes"))};
constexpr Message implicit_flow{implicit_flow_fields};

constexpr Field device_flow_fields[] = {text(1, "deviceAuthorizationUrl"), text(2, "tokenUrl"),
                                        text(3, "refreshUrl"), by_name(text(4, "scopes"))};
constexpr Message device_flow{device_flow_fields};

constexpr Field flows_fields[] = {
    part(1, "authorizationCode", code_flow), part(2, "clientCredentials", client_flow),
    part(3, "implicit", implicit_flow),
    // A password's flow has the fields of a client's.
    part(4, "password", client_flow), part(5, "deviceCode", device_flow)};
constexpr Message flows{flows_fields};

constexpr Field oauth2_fields[] = {text(1, "description"), part(2, "flows", flows),
                                   text(3, "oauth2MetadataUrl")};
constexpr Message oauth2{oauth2_fields};

constexpr Field open_id_fields[] = {text(1, "description"), text(2, "openIdConnectUrl")};
constexpr Message open_id{open_id_fields};

constexpr Field mutual_tls_fields[] = {text(1, "description")};
constexpr Message mutual_tls{mutual_tls_fields};

constexpr Field scheme_fields[] = {
    part(1, "apiKeySecurityScheme", api_key), part(2, "httpAuthSecurityScheme", http),
    part(3, "oauth2SecurityScheme", oauth2), part(4, "openIdConnectSecurityScheme", open_id),
    part(5, "mtlsSecurityScheme", mutual_tls)};
constexpr Message scheme{scheme_fields};

constexpr Field card_fields[] = {text(1, "name"),
                                 text(2, "description"),
                                 many(part(3, "supportedInterfaces", interface)),
                                 part(4, "provider", provider),
                                 text(5, "version"),
                                 text(6, "documentationUrl"),
                                 part(7, "capabilities", capabilities),
                                 by_name(part(8, "securitySchemes", scheme)),
                                 many(part(9, "securityRequirements", requirement)),
                                 many(text(10, "defaultInputModes")),
                                 many(text(11, "defaultOutputModes")),
                                 many(part(12, "skills", skill)),
                                 many(part(13, "signatures", signature)),
                                 text(14, "iconUrl")};
constexpr Message card{card_fields};

constexpr std::array<Rpc, 11> rpcs{{
    {"SendMessage", &send, &send_answer, false, true},
    {"SendStreamingMessage", &send, &stream_answer, true, true},
    {"GetTask", &get, &task},
    {"ListTasks", &list, &list_answer},
    {"CancelTask", &cancel, &task},
    {"SubscribeToTask", &subscribe, &stream_answer, true},
    {"CreateTaskPushNotificationConfig", &push, &push},
    {"GetTaskPushNotificationConfig", &push_named, &push},
    {"ListTaskPushNotificationConfigs", &push_list, &push_list_answer, false, false, 4},
    {"DeleteTaskPushNotificationConfig", &push_named, &nothing},
    {"GetExtendedAgentCard", &card_asked, &card},
}};

}  // namespace

const Rpc* rpc_of(std::string_view method) {
  const auto at = std::ranges::find(rpcs, method, &Rpc::method);
  return at == rpcs.end() ? nullptr : &*at;
}

}  // namespace molecule::a2a
