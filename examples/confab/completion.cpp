#include "completion.hpp"

#include <cstddef>

namespace program {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

// Of "-v,--verbose" both.
std::vector<std::string> spellings(const std::string& name) {
  std::vector<std::string> all(1);
  for (const char c : name) {
    if (c == ',') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

// One `case` arm for each command: its subcommands and options, and what its words without a name may be.
void describe(const CommandNode& node, const CommandNode& root, std::string& out) {
  std::vector<std::string> candidates;
  for (const CommandNode& command : node.commands) candidates.push_back(command.path.back());
  std::vector<std::string> positionals;
  std::vector<const CommandNode*> sources{&node};
  if (&node != &root) sources.push_back(&root);  // its options may stand behind every command
  for (const CommandNode* source : sources) {
    for (const CommandWord& word : source->words) {
      if (word.positional) {
        positionals.push_back(joined(word.choices));
      } else {
        for (std::string& spelling : spellings(word.name)) candidates.push_back(std::move(spelling));
      }
    }
  }
  out += "    '" + joined(node.path) + "') candidates='" + joined(candidates) + "'; positionals=(";
  for (std::size_t i = 0; i < positionals.size(); ++i) out += (i == 0 ? "'" : " '") + positionals[i] + "'";
  out += ") ;;\n";
  for (const CommandNode& command : node.commands) describe(command, root, out);
}

void collect(const CommandNode& node, std::string& files, std::string& values, std::string& commands) {
  for (const CommandWord& word : node.words) {
    if (word.value.empty()) continue;
    std::string& list = word.file ? files : values;
    for (const std::string& spelling : spellings(word.name)) {
      // A "|" pattern of `case`; the same option of two commands once.
      if (("|" + list + "|").find("|" + spelling + "|") == std::string::npos)
        list += (list.empty() ? "" : "|") + spelling;
    }
  }
  if (!node.path.empty()) commands += "      '" + joined(node.path) + "') path=$try ;;\n";
  for (const CommandNode& command : node.commands) collect(command, files, values, commands);
}

}  // namespace

std::string bash_completion(const CommandNode& tree) {
  std::string files;
  std::string values;
  std::string commands;
  std::string arms;
  collect(tree, files, values, commands);
  describe(tree, tree, arms);
  return R"(# bash completion for confab. In ~/.bashrc:   source <(confab completion bash)
# In zsh, before it:                         autoload -U +X compinit bashcompinit && compinit && bashcompinit
_confab() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path='' try word
  local candidates='' place=0 skip=no i
  local -a positionals=()
  COMPREPLY=()
  case $previous in
    )" + files +
         R"() COMPREPLY=($(compgen -f -- "$current")); return ;;
    )" + values +
         R"() return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [ "$skip" = yes ]; then skip=no; continue; fi
    case $word in
      )" +
         files + "|" + values + R"() skip=yes; continue ;;
      -*) continue ;;
    esac
    try=${path:+$path }$word
    case $try in
)" + commands +
         R"(      *) place=$((place + 1)) ;;
    esac
  done
  case $path in
)" + arms +
         R"(  esac
  case $current in
    -*) ;;
    *) candidates="$candidates ${positionals[place]-}" ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F _confab confab
)";
}

}  // namespace program
