// molecule: one executable, many verbs.
#include "app/command_line.h"

int main(int argc, char** argv) { return molecule::app::run_command_line(argc, argv); }
