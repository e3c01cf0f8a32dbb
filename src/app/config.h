// Every setting, once: its flag, environment variable, key in the config file, default, meaning and
// what it may be. Precedence: flag, environment, file, default. `molecule config show` prints
// value, origin and range; the reference page prints this table.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::app {

struct Setting {
  std::string_view name;         // Flag --name and key in the file.
  std::string_view environment;  // Empty: none.
  std::string_view fallback;     // Default, as text.
  std::string_view help;
  enum class Form {
    text,
    flag,
    number,  // Whole, within least and most.
    secret,
    address,  // ADDRESS:PORT
    url,      // http or https, without credentials, query and fragment.
    choice,   // One of the words in unit.
    origins,  // Lists: entries with commas between them, none of them empty.
    hosts,
    proxies,
    destinations
  } form = Form::text;
  std::string_view shape = {};  // What a value looks like, in help: ADDRESS:PORT.
  long long least = 0;
  long long most = 0;
  std::string_view unit = {};  // Of a number; the words of a choice.

  constexpr bool is_list() const { return form >= Form::origins; }
};
// "1 to 3650 days"; empty for what is no number.
std::string range_text(const Setting& setting);

inline constexpr std::array settings{
    Setting{"listen", "MOLECULE_LISTEN", "127.0.0.1:8080",
            "Address and port to listen on; port 0 picks a free one. PORT alone sets the port",
            Setting::Form::address, "ADDRESS:PORT"},
    Setting{"data", "MOLECULE_DATA_DIR", "", "Data directory (default: XDG data home)",
            Setting::Form::text, "DIR"},
    Setting{"dev", "", "false",
            "Dev profile: no credentials needed, loopback only. Never for real data",
            Setting::Form::flag},
    Setting{"demo", "", "false", "Create the demo organisation when the store is empty",
            Setting::Form::flag},
    Setting{"begin-anew", "", "false",
            "Start although the database or a key file of before is missing, and make it anew; "
            "deletes nothing. For one start only",
            Setting::Form::flag},
    Setting{"database-url", "DATABASE_URL", "",
            "PostgreSQL store; empty uses SQLite in the data directory", Setting::Form::secret},
    Setting{"admin-token", "ADMIN_TOKEN", "",
            "Admin token; by environment or file only (default: made at first run)",
            Setting::Form::secret},
    Setting{"secrets-encryption-key", "SECRETS_ENCRYPTION_KEY", "",
            "Sealing key: base64 of 32 bytes or 32 characters; by environment or file only",
            Setting::Form::secret},
    Setting{"platform-key", "MOLECULE_PLATFORM_KEY", "",
            "Signing key by which agents know this platform: base64 of 32 bytes; by environment or "
            "file only (default: made at first run)",
            Setting::Form::secret},
    Setting{"platform-url", "PLATFORM_URL", "",
            "Where people and agents reach this platform from outside", Setting::Form::url, "URL"},
    Setting{"cors-origins", "CORS_ORIGINS", "", "Other sites' origins that browsers may call from",
            Setting::Form::origins, "ORIGIN"},
    Setting{"hosts", "MOLECULE_HOSTS", "",
            "Host names to answer to besides loopback and the listen address", Setting::Form::hosts,
            "NAME"},
    Setting{"trusted-proxies", "MOLECULE_TRUSTED_PROXIES", "",
            "CIDRs of proxies whose forwarded addresses count; no wider than /8 (IPv6: /7)",
            Setting::Form::proxies, "CIDR"},
    Setting{"dial-allow", "MOLECULE_DIAL_ALLOW", "",
            "CIDRs or hosts of agents that may be dialled although they are not public",
            Setting::Form::destinations, "CIDR|HOST"},
    Setting{"tls-cert", "MOLECULE_TLS_CERT", "",
            "PEM file with the certificate chain; with tls-key the platform speaks HTTPS",
            Setting::Form::text, "FILE"},
    Setting{"tls-key", "MOLECULE_TLS_KEY", "", "PEM file with the certificate's key",
            Setting::Form::text, "FILE"},
    Setting{"rate-limit", "RATE_LIMIT", "600",
            "Requests a minute per address without a credential; 0 switches all limits off",
            Setting::Form::number, "N", 0, 10'000'000, "requests a minute"},
    Setting{"rate-limit-credential", "MOLECULE_RATE_LIMIT_CREDENTIAL", "60000",
            "Requests a minute per workspace token; 0 is unlimited", Setting::Form::number, "N", 0,
            10'000'000, "requests a minute"},
    Setting{"loops", "MOLECULE_LOOPS", "0", "Event loops; 0 means one per processor",
            Setting::Form::number, "N", 0, 64, "loops"},
    Setting{"hops-max", "MOLECULE_HOPS_MAX", "24",
            "Longest chain of messages before it is stopped as a loop", Setting::Form::number, "N",
            1, 1'000, "hops"},
    Setting{
        "edge-rate", "MOLECULE_EDGE_RATE", "1200",
        "Messages a minute of one agent to another that do not say which message they belong to; "
        "0 is unlimited",
        Setting::Form::number, "N", 0, 10'000'000, "messages a minute"},
    Setting{"agents", "MOLECULE_AGENTS", "auto",
            "Start agents on this machine: on, off, or auto: on where the platform listens on "
            "loopback and nothing stands in front of it",
            Setting::Form::choice, "WORD", 0, 0, "auto on off"},
    Setting{"agents-tier-max", "MOLECULE_AGENTS_TIER_MAX", "3",
            "Highest tier of agents that are started here", Setting::Form::number, "N", 1, 4,
            "of the tiers"},
    Setting{
        "agents-read", "MOLECULE_AGENTS_READ", "",
        "Directories that agents may read besides those of the system, with colons between them",
        Setting::Form::text, "DIR:DIR"},
    Setting{"agents-linger", "MOLECULE_AGENTS_LINGER", "60",
            "Seconds that agents go on without a platform until they end", Setting::Form::number,
            "N", 0, 86'400, "seconds"},
    Setting{
        "agents-in", "MOLECULE_AGENTS_IN", "process",
        "What agents of this machine run in: a process each, or a container of Docker or Podman",
        Setting::Form::choice, "WORD", 0, 0, "process container"},
    Setting{"agents-engine", "MOLECULE_AGENTS_ENGINE", "",
            "Socket file of the container engine (default: DOCKER_HOST, else Docker's or Podman's)",
            Setting::Form::text, "FILE"},
    Setting{"agents-images", "MOLECULE_AGENTS_IMAGES", "localhost/molecule-{}:latest",
            "Images of agents: RUNTIME=IMAGE with spaces between them, and one for all other "
            "runtimes, in which {} is the runtime's name",
            Setting::Form::text, "IMAGES"},
    Setting{"agents-program", "MOLECULE_AGENTS_PROGRAM", "",
            "Program that is started for an agent in place of molecule runtime, with --config DIR",
            Setting::Form::text, "PROGRAM"},
    Setting{"mcp-send-message", "MOLECULE_MCP_ALLOW_SEND_MESSAGE", "false",
            "Clients of workspaces' MCP endpoints may write to people", Setting::Form::flag},
    Setting{"attachments-dir", "MOLECULE_ATTACHMENTS_DIR", "",
            "Where files that went up are kept (default: attachments in the data directory)",
            Setting::Form::text, "DIR"},
    Setting{"attachments-workspace-mb", "MOLECULE_ATTACHMENTS_WORKSPACE_MB", "2048",
            "Room for the files of one workspace", Setting::Form::number, "N", 1, 10'000'000,
            "megabytes"},
    Setting{"attachment-scan", "MOLECULE_ATTACHMENT_SCAN", "",
            "Program that is run with the path of each file before it is taken: status 0 takes it, "
            "1 refuses it",
            Setting::Form::text, "PROGRAM"},
    Setting{"activity-retention-days", "ACTIVITY_RETENTION_DAYS", "7",
            "Days that finished activity is kept", Setting::Form::number, "N", 1, 3'650, "days"},
    Setting{"log-retention-days", "MOLECULE_LOG_RETENTION_DAYS", "30",
            "Days that the log of events is kept", Setting::Form::number, "N", 1, 3'650, "days"},
    Setting{"offline-after", "REMOTE_LIVENESS_STALE_AFTER", "90",
            "Seconds without a heartbeat, which agents send every 30 s, until one counts as "
            "offline",
            Setting::Form::number, "N", 60, 86'400, "seconds"},
    Setting{"log-level", "MOLECULE_LOG_LEVEL", "info", "debug, info, warn or error",
            Setting::Form::choice, "LEVEL", 0, 0, "debug info warn error"},
    Setting{"log-format", "MOLECULE_LOG_FORMAT", "auto",
            "json, text, or auto: text on a terminal, else json", Setting::Form::choice, "FORMAT",
            0, 0, "auto json text"},
};

enum class Origin { flag, environment, file, fallback };
std::string_view origin_text(Origin origin);

class Config {
 public:
  // `flags` holds what the command line gave. Reads the file of --config when named, else
  // molecule.conf in the data directory when there is one. Throws Fault with all errors at once.
  static Config load(const std::map<std::string, std::string>& flags,
                     const std::optional<std::string>& file);

  struct Value {
    std::string text;
    Origin origin = Origin::fallback;
  };
  const Value& value(std::string_view name) const;
  const std::string& text(std::string_view name) const { return value(name).text; }
  bool flag(std::string_view name) const { return text(name) == "true"; }
  long long number(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

// Lines `key = value`, `#` comments, blank lines. Adds errors as sentences.
std::map<std::string, std::string> parse_config_file(std::string_view text,
                                                     std::vector<std::string>& errors);

}  // namespace molecule::app
