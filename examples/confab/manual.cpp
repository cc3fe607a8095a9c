#include "manual.hpp"

namespace program {
namespace {

// What begins a line with a dot or quote would be a request; a dash is a minus sign, which can be searched and copied.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string spelled(const CommandWord& word) {
  if (word.positional) return italic(word.name);
  std::string names = bold(word.name);
  if (const std::size_t comma = names.find(','); comma != std::string::npos) names.replace(comma, 1, "\\fR, \\fB");
  return word.value.empty() ? names : names + " " + italic(word.value);
}

// Every command has it; told once.
bool is_help(const CommandWord& word) { return word.name.ends_with("--help"); }

std::string synopsis(const CommandNode& node) {
  std::string line = bold("confab");
  for (const std::string& word : node.path) line += " " + bold(word);
  for (const CommandWord& word : node.words) {
    if (is_help(word)) continue;
    line += word.required ? " " + spelled(word) : " [" + spelled(word) + "]";
  }
  return line;
}

void options(const CommandNode& node, std::string& out) {
  for (const CommandWord& word : node.words) {
    if (is_help(word) && !node.path.empty()) continue;
    out += ".TP\n" + spelled(word) + "\n" + roff(word.description) + "\n";
  }
}

void commands(const CommandNode& node, std::string& out) {
  if (!node.path.empty() && node.commands.empty()) {
    out += ".SS \"" + synopsis(node) + "\"\n" + roff(node.description) + ".\n";
    options(node, out);
  }
  for (const CommandNode& command : node.commands) commands(command, out);
}

}  // namespace

std::string manual_page(const CommandNode& tree, const std::string& version) {
  std::string out = ".TH CONFAB 1 \"\" \"confab " + roff(version) + "\" \"User Commands\"\n";
  out += ".SH NAME\nconfab \\- chat over Matrix from the command line\n";
  out += ".SH SYNOPSIS\n" + bold("confab") + " [" + bold("--config") + " " + italic("FILE") + "] [" + bold("--tenant") +
         " " + italic("ID") + "] [" + bold("--deadline") + " " + italic("SECONDS") + "] " + italic("COMMAND") + "\n";
  out += R"(.SH DESCRIPTION
Gives the users, events and groups of a host's directory their chat on a Matrix homeserver: accounts, rooms, messages,
history and live events. Everything may be repeated: an account and a room are made once, a message is sent once.
.PP
A command rides through a homeserver that is away, failing or limiting until its deadline, repeating under the same
transaction id. A homeserver that cannot be reached at all is given up after 5 seconds.
.SH OPTIONS
They may stand before or behind the command.
)";
  options(tree, out);
  out += ".SH COMMANDS\n";
  commands(tree, out);
  out += R"(.SH OUTPUT
Standard output is one JSON object per line, each written at once. Diagnostics and failures go to standard error; a
failure is the last line there, {"error":{"code","errcode","http_status","message","retry_after_ms"}}.
.SH EXIT STATUS
.TP
0
done
.TP
1
the operation failed; for doctor: something is unfit
.TP
2
wrong usage or configuration; the message names the option or key, and nothing was sent
.TP
3
the homeserver cannot be reached
.SH ENVIRONMENT
.TP
.B CONFAB_CONFIG
the configuration file, where \fB\-\-config\fR names none
.TP
.B CONFAB_ADMIN_PASSWORD
the password of the admin account; it goes before the configuration file's
.SH FILES
.TP
.I confab.json
the configuration file, where neither \fB\-\-config\fR nor CONFAB_CONFIG names one
)";
  return out;
}

}  // namespace program
