// molecule: one executable, many verbs.
#include "app/command_line.h"
#include "platform/container/inside.h"
#include "platform/container/minder.h"
#include "platform/sandbox/attended.h"
#include "platform/sandbox/kept.h"

int main(int argc, char** argv) {
  // Before anything else is set up: a keeper is one of many, and small.
  if (argc == 2 && argv[1] == molecule::sandbox::keeper_word) return molecule::sandbox::keep();
  if (argc == 2 && argv[1] == molecule::sandbox::attendant_word) return molecule::sandbox::attend();
  if (argc == 3 && argv[1] == molecule::container::minder_word)
    return molecule::container::mind(argv[2]);
  if (argc > 3 && argv[1] == molecule::container::inside_word)
    return molecule::container::live(argc - 2, argv + 2);
  return molecule::app::run_command_line(argc, argv);
}
