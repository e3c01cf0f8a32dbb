// The verbs of each noun, one file per noun. What a noun needs of another is in its own header.
#pragma once

#include "cli/verb.h"

namespace molecule::cli {

extern const Verb ws_noun;
extern const Verb agent_noun;
extern const Verb send_verb;
extern const Verb chat_verb;
extern const Verb events_verb;
extern const Verb activity_noun;
extern const Verb delegation_noun;
extern const Verb question_noun;
extern const Verb dead_letter_noun;
extern const Verb registry_noun;
extern const Verb secret_noun;
extern const Verb token_noun;
extern const Verb key_noun;
extern const Verb ticket_noun;
extern const Verb platform_noun;
extern const Verb api_verb;
extern const Verb doctor_verb;
extern const Verb config_noun;
extern const Verb completion_verb;

// All of them, in the order in which help lists them.
std::span<const Verb> nouns();

}  // namespace molecule::cli
