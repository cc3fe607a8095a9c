// What commands, options and words does the command line have? Read from the parser itself, so that the manual and the
// completion cannot say something else than the program does.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace program {

struct CommandWord {
  std::string name;   // "--limit", or "SLUG" for a word without a name
  std::string value;  // what follows an option, "N"; empty for a flag and for a word without a name
  std::string description;
  std::vector<std::string> choices;  // all that may be given, when only these may
  bool positional = false;
  bool required = false;
  bool file = false;
};

struct CommandNode {
  std::vector<std::string> path;  // "room", "create"; empty: the program itself
  std::string description;
  std::vector<CommandWord> words;
  std::vector<CommandNode> commands;
};

// Hidden commands (those without a group) are left out.
[[nodiscard]] CommandNode command_tree(const CLI::App& app);

}  // namespace program
