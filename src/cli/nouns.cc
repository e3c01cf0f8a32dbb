#include "cli/nouns.h"

#include <array>

namespace molecule::cli {

std::span<const Verb> nouns() {
  static const std::array all{ws_noun,          agent_noun,    send_verb,       chat_verb,
                              events_verb,      activity_noun, delegation_noun, question_noun,
                              dead_letter_noun, registry_noun, secret_noun,     token_noun,
                              key_noun,         ticket_noun,   platform_noun,   api_verb,
                              doctor_verb,      config_noun,   completion_verb};
  return all;
}

}  // namespace molecule::cli
