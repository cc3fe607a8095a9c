#include "command_tree.hpp"

#include <algorithm>
#include <utility>

namespace program {
namespace {

// The parser tells the set of an IsMember check only as a part of the type's name: "TEXT:{event,group}".
std::vector<std::string> choices_of(const std::string& type) {
  const std::size_t from = type.find('{');
  const std::size_t to = type.find('}', from);
  std::vector<std::string> choices;
  if (from == std::string::npos || to == std::string::npos) return choices;
  std::string word;
  for (std::size_t at = from + 1; at <= to; ++at) {
    if (at == to || type[at] == ',') {
      choices.push_back(std::exchange(word, {}));
    } else {
      word += type[at];
    }
  }
  return choices;
}

CommandWord word_of(const CLI::Option& option) {
  CommandWord word;
  word.positional = option.get_positional();
  word.name = word.positional ? option.get_name(true) : option.get_name(false, true);
  word.description = option.get_description();
  word.required = option.get_required();
  const std::string type = option.get_type_name();
  word.choices = choices_of(type);
  if (!word.positional && option.get_type_size() > 0) word.value = type.substr(0, type.find(':'));
  word.file = word.value == "FILE";
  return word;
}

CommandNode node_of(const CLI::App& app, std::vector<std::string> path) {
  CommandNode node;
  node.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) node.words.push_back(word_of(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    std::vector<std::string> below = path;
    below.push_back(command->get_name());
    node.commands.push_back(node_of(*command, std::move(below)));
  }
  node.path = std::move(path);
  return node;
}

}  // namespace

CommandNode command_tree(const CLI::App& app) { return node_of(app, {}); }

}  // namespace program
