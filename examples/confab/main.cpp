// `confab`: chat over Matrix from the command line. Docs: docs/command-line.md.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <confab/export.hpp>

#include "appservice_commands.hpp"
#include "command_tree.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "manual.hpp"
#include "report.hpp"
#include "store_commands.hpp"

namespace {

using program::Session;
using Work = std::function<int(Session&)>;

// The words of a command line that some commands share.
struct Words {
  std::string kind;
  std::string slug;
  std::string user;
  std::string name;
  std::string topic;
  std::string text;
  std::string from;
  std::string event;
  program::Wording wording;
  std::string consumer;
  std::size_t limit = 50;
  std::uint64_t count = 0;
  double seconds = 0;
  bool is_public = false;
  bool is_private = false;
  bool as_json = false;
  bool all = false;
  bool full = false;
  bool yes = false;
  bool retire = false;
  bool replace = false;
  bool durable = false;
  bool dead = false;
};

void add_room(CLI::App& command, Words& words) {
  command.add_option("KIND", words.kind, "event or group")->required()->check(CLI::IsMember({"event", "group"}));
  command.add_option("SLUG", words.slug, "the event or group, as the directory names it")->required();
}

void add_conversation(CLI::App& command, Words& words) {
  command.add_option("KIND", words.kind, "event, group, or direct for what two users say to each other")
      ->required()
      ->check(CLI::IsMember({"event", "group", "direct"}));
  command.add_option("SLUG", words.slug, "the event or group, or the other user, as the directory names it")
      ->required();
}

void add_as(CLI::App& command, Words& words) {
  command.add_option("--as", words.user, "the user who acts, as the directory names them")
      ->required()
      ->type_name("USER");
}

void add_event(CLI::App& command, Words& words, const char* what) {
  command.add_option("EVENT", words.event, what)->required();
}

void add_wording(CLI::App& command, Words& words) {
  command.add_option("--formatted", words.wording.formatted, "the text as HTML, too")->type_name("HTML");
  CLI::Option* notice = command.add_flag("--notice", words.wording.notice, "said by a program");
  command.add_flag("--emote", words.wording.emote, "what the user does: TEXT stands behind the name")->excludes(notice);
}

// Commands about messages that were said.
void add_message_commands(CLI::App& app, Words& words, Work& work) {
  const auto add = [&](const char* name, const char* what, const char* event) {
    CLI::App* command = app.add_subcommand(name, what);
    add_conversation(*command, words);
    add_as(*command, words);
    if (event != nullptr) add_event(*command, words, event);
    return command;
  };
  CLI::App* edit = add("edit", "say a message of one's own anew", "the message, as it was first said");
  edit->add_option("TEXT", words.text, "the new text")->required();
  add_wording(*edit, words);
  edit->callback([&] {
    work = [&](Session& session) {
      return program::edit(session, words.kind, words.slug, words.user, words.event, words.text, words.wording);
    };
  });
  CLI::App* redact = add("redact", "take a message, an edit or a reaction back", "what is taken back");
  redact->add_option("--reason", words.text, "why, for everybody to read")->type_name("TEXT");
  redact->callback([&] {
    work = [&](Session& session) {
      return program::redact(session, words.kind, words.slug, words.user, words.event, words.text);
    };
  });
  CLI::App* react = add("react", "react to a message", "the message");
  react->add_option("KEY", words.text, "what to react with, mostly an emoji")->required();
  react->callback([&] {
    work = [&](Session& session) {
      return program::react(session, words.kind, words.slug, words.user, words.event, words.text);
    };
  });
  CLI::App* read = add("read", "say how far a user has read", "the last message that was read");
  read->add_flag("--private", words.is_private, "tell nobody else");
  read->callback([&] {
    work = [&](Session& session) {
      return program::mark_read(session, words.kind, words.slug, words.user, words.event, words.is_private);
    };
  });
  add("unread", "how much a user has not read", nullptr)->callback([&] {
    work = [&](Session& session) { return program::unread(session, words.kind, words.slug, words.user); };
  });
  CLI::App* typing = add("typing", "let a user be seen writing, or no longer", nullptr);
  typing->add_option("STATE", words.text, "on or off")->required()->check(CLI::IsMember({"on", "off"}));
  typing->callback([&] {
    work = [&](Session& session) {
      return program::typing(session, words.kind, words.slug, words.user, words.text == "on");
    };
  });
}

// What `send --durable` accepted.
void add_outbox_commands(CLI::App& app, Words& words, Work& work) {
  CLI::App* outbox = app.add_subcommand("outbox", "messages that were accepted for good")->require_subcommand(1);
  CLI::App* list = outbox->add_subcommand("list", "what waits, without the texts");
  list->add_flag("--dead", words.dead, "what was given up, instead");
  list->callback([&] { work = [&](Session& session) { return program::outbox_list(session, words.dead); }; });
  const auto add = [&](const char* name, const char* what, int (*command)(Session&, const std::string&)) {
    CLI::App* one = outbox->add_subcommand(name, what);
    one->add_option("ID", words.event, "the message's transaction id")->required();
    one->callback([&words, &work, command] {
      work = [&words, command](Session& session) { return command(session, words.event); };
    });
  };
  add("show", "one message with its text, or the event that it became", &program::outbox_show);
  add("retry", "send what was given up once more, and wait for it", &program::outbox_retry);
  add("drop", "forget a message", &program::outbox_drop);
}

CLI::App* add_reset(CLI::App& app, Words& words, Work& work) {
  CLI::App* reset = app.add_subcommand("reset", "forget tokens: the next use makes new ones, and all ids stay");
  CLI::Option* user = reset->add_option("--user", words.user, "one user, as the directory names them");
  user->type_name("SLUG");
  reset->add_flag("--all", words.all, "all users of the tenant, or of all tenants where none is named")->excludes(user);
  reset->add_flag("--full", words.full, "also where watchers that resume are, and which rooms were found");
  reset->add_flag("--yes", words.yes, "needed for --full");
  reset->callback([&] {
    work = [&](Session& session) {
      const confab::UserSlug slug(words.user);
      return program::reset(session, confab::ResetRequest(slug).full(words.full));
    };
  });
  return reset;
}

CLI::App* add_recover(CLI::App& app, Work& work) {
  CLI::App* recover = app.add_subcommand(
      "recover", "after the store or the homeserver was put back from a backup, before anything else uses the store");
  recover->callback(
      [&] { work = [](Session& session) { return program::reset(session, confab::ResetRequest().restored(true)); }; });
  return recover;
}

// Commands on the store alone; they open no session.
void add_store_commands(CLI::App& app, Words& words, const program::Settings& settings, std::function<int()>& alone) {
  CLI::App* store =
      app.add_subcommand("store", "look after the store, also while others use it")->require_subcommand(1);
  store->add_subcommand("check", "read every record: is it whole, and does what is sealed open? Exit 1 if not")
      ->callback([&] { alone = [&] { return program::check_store(settings); }; });
  store->add_subcommand("export", "a copy on standard output, a record a line; what is sealed stays sealed")
      ->callback([&] { alone = [&] { return program::export_store(settings); }; });
  CLI::App* into = store->add_subcommand("import", "a copy from standard input, into a store that is empty");
  into->add_flag("--replace", words.replace, "also into one that is not: records of the same keys are overwritten");
  into->callback([&] { alone = [&] { return program::import_store(settings, words.replace); }; });

  CLI::App* keys = app.add_subcommand("keys", "the keys that seal secrets in the store")->require_subcommand(1);
  CLI::App* rotate = keys->add_subcommand("rotate", "seal everything anew under the first key of the key file");
  rotate->add_flag("--retire", words.retire, "forget the other keys once nothing is sealed under them");
  rotate->callback([&] { alone = [&] { return program::rotate_keys(settings, words.retire); }; });
}

void add_appservice_commands(CLI::App& app, Words& words, const program::Settings& settings,
                             std::function<int()>& alone) {
  CLI::App* appservice =
      app.add_subcommand("appservice", "let the homeserver take one token for all users")->require_subcommand(1);
  CLI::App* into =
      appservice->add_subcommand("register", "write the registration that homeserver.appservice_file names");
  into->add_option("--id", words.name, "what it is called among the homeserver's others; default confab")
      ->type_name("ID");
  into->add_flag("--replace", words.replace, "write it anew, with new tokens, where it is there already");
  into->callback([&] { alone = [&] { return program::register_appservice(settings, words.name, words.replace); }; });
}

// For a word it does not know, the parser says that a command is missing: that does not help who mistyped one.
std::string in_words(CLI::App& app, const CLI::ParseError& wrong) {
  const bool is_missing = dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr;
  CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  const bool has_commands = !deepest->get_subcommands([](const CLI::App*) { return true; }).empty();
  const std::vector<std::string> left = app.remaining(true);
  return is_missing && has_commands && !left.empty() ? "unknown command " + left.front() : wrong.what();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Chat over Matrix. One JSON object per line on standard output, failures as one on standard error.",
               "confab");
  app.set_version_flag("--version", std::string(confab::version()));
  app.require_subcommand(1);
  app.fallthrough();  // --deadline and the like may stand behind the command, too
  app.option_defaults()->always_capture_default(false);

  program::Settings settings;
  app.add_option("--config", settings.config, "the configuration file; default $CONFAB_CONFIG, else confab.json")
      ->type_name("FILE");
  app.add_option("--tenant", settings.tenant, "the tenant; default: the only one")->type_name("ID");
  app.add_option("--deadline", settings.deadline, "how long an operation may take, repeats included; default 60")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 1e9));
  app.add_flag("--verbose,-v", settings.verbose, "log what happens to standard error");

  Words words;
  Work work;
  std::function<std::string()> text;  // of a command that needs no configuration
  std::function<int()> alone;         // a command that needs no homeserver

  CLI::App* doctor = app.add_subcommand("doctor", "look at everything that has to be right; exit 1 if unfit");
  doctor->add_flag("--json", words.as_json, "one JSON object per finding, on a terminal too");
  doctor->callback([&] { work = [&](Session& session) { return program::doctor(session, words.as_json); }; });

  CLI::App* user = app.add_subcommand("user", "accounts")->require_subcommand(1);
  CLI::App* provision = user->add_subcommand("provision", "make sure that a user has an account");
  provision->add_option("SLUG", words.user, "the user, as the directory names them")->required();
  provision->add_option("--name", words.name, "the display name; default: the directory's");
  provision->callback(
      [&] { work = [&](Session& session) { return program::provision_user(session, words.user, words.name); }; });

  CLI::App* show = user->add_subcommand("show", "a user's account, as the homeserver knows it");
  show->add_option("SLUG", words.user, "the user, as the directory names them")->required();
  show->callback([&] { work = [&](Session& session) { return program::show_user(session, words.user); }; });
  CLI::App* password =
      user->add_subcommand("password", "give a user a password, read from standard input, for clients of their own");
  password->add_option("SLUG", words.user, "the user, as the directory names them")->required();
  password->callback([&] { work = [&](Session& session) { return program::set_password(session, words.user); }; });

  CLI::App* room = app.add_subcommand("room", "rooms of events, groups and pairs of users")->require_subcommand(1);
  CLI::App* create = room->add_subcommand("create", "make sure that an event or group has its room");
  add_room(*create, words);
  create->add_option("--creator", words.user, "who makes it, as the directory says")->required()->type_name("SLUG");
  create->add_option("--name", words.name, "the name of the event or group; default: the directory's");
  create->add_option("--topic", words.topic, "what it is about; default: \"Discussion for\" and the directory's name");
  create->add_flag("--public", words.is_public, "list it publicly on Matrix");
  create->callback([&] {
    work = [&](Session& session) {
      return program::create_room(session, words.kind, words.slug, words.user, words.name, words.topic,
                                  words.is_public);
    };
  });
  CLI::App* add = room->add_subcommand("add", "make a user a member");
  add_room(*add, words);
  add->add_option("USER", words.user, "the user, as the directory names them")->required();
  add->callback([&] {
    work = [&](Session& session) { return program::add_to_room(session, words.kind, words.slug, words.user); };
  });

  CLI::App* direct = room->add_subcommand("direct", "make sure that two users have their room");
  direct->add_option("SLUG", words.user, "one user, as the directory names them")->required();
  direct->add_option("OTHER", words.slug, "the other one")->required();
  direct->callback(
      [&] { work = [&](Session& session) { return program::make_direct(session, words.user, words.slug); }; });
  CLI::App* remove = room->add_subcommand("remove", "take a user out");
  add_room(*remove, words);
  remove->add_option("USER", words.user, "the user, as the directory names them")->required();
  remove->callback([&] {
    work = [&](Session& session) { return program::remove_from_room(session, words.kind, words.slug, words.user); };
  });
  CLI::App* members = room->add_subcommand("members", "who is in, invited or banned");
  add_room(*members, words);
  members->callback(
      [&] { work = [&](Session& session) { return program::members_of_room(session, words.kind, words.slug); }; });

  CLI::App* send = app.add_subcommand("send", "say something; TEXT '-' sends each line of standard input");
  add_conversation(*send, words);
  add_as(*send, words);
  send->add_option("TEXT", words.text, "the text")->required();
  add_wording(*send, words);
  send->add_flag("--durable", words.durable,
                 "accept it first: in the store it outlives this program, and is sent once");
  send->add_option("--reply-to", words.wording.reply_to, "the message that this answers")->type_name("EVENT");
  send->callback([&] {
    work = [&](Session& session) {
      return program::send(session, words.kind, words.slug, words.user, words.text, words.wording, words.durable);
    };
  });

  CLI::App* history = app.add_subcommand("history", "a page of what was said, newest first");
  add_conversation(*history, words);
  add_as(*history, words);
  history->add_option("--limit", words.limit, "how many messages at most, 1 to 1000; default 50")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  history->add_option("--from", words.from, "where an earlier page ended")->type_name("TOKEN");
  history->callback([&] {
    work = [&](Session& session) {
      return program::history(session, words.kind, words.slug, words.user, words.limit, words.from);
    };
  });

  add_message_commands(app, words, work);
  add_outbox_commands(app, words, work);

  CLI::App* watch = app.add_subcommand("watch", "what happens in a user's rooms from now on, as it happens");
  add_as(*watch, words);
  watch->add_option("--resume", words.consumer, "go on where the last watcher of this name was; the first begins now")
      ->type_name("NAME");
  CLI::Option* count = watch->add_option("--count", words.count, "end after this many events")
                           ->type_name("N")
                           ->check(CLI::PositiveNumber);
  CLI::Option* seconds = watch->add_option("--for", words.seconds, "end after this long")
                             ->type_name("SECONDS")
                             ->check(CLI::Range(0.001, 1e9));
  watch->callback([&] {
    work = [&](Session& session) {
      std::optional<std::uint64_t> most;
      if (count->count() > 0) most = words.count;
      std::optional<double> time;
      if (seconds->count() > 0) time = words.seconds;
      return program::watch(session, words.user, words.consumer, most, time);
    };
  });

  CLI::App* reset = add_reset(app, words, work);
  const CLI::App* recover = add_recover(app, work);

  add_store_commands(app, words, settings, alone);
  add_appservice_commands(app, words, settings, alone);

  CLI::App* completion = app.add_subcommand("completion", "print what makes a shell complete these commands");
  completion->add_option("SHELL", words.kind, "the shell")->required()->check(CLI::IsMember({"bash"}));
  completion->callback([&] { text = [&] { return program::bash_completion(program::command_tree(app)); }; });
  app.add_subcommand("manual", "print the manual page, for man(1)")->callback([&] {
    text = [&] { return program::manual_page(program::command_tree(app), std::string(confab::version())); };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& wrong) {
    return program::refuse(in_words(app, wrong) + "; see confab --help");
  }
  if (reset->parsed() && words.user.empty() && !words.all) {
    return program::refuse("reset needs --user SLUG or --all; see confab reset --help");
  }
  if (words.full && !words.yes) {
    return program::refuse("--full also forgets where watchers are: they begin anew; say --yes if that is meant");
  }

  settings.every_tenant = recover->parsed() || (reset->parsed() && words.all);

  if (text) {
    const std::string printed = text();
    const bool written =
        std::fwrite(printed.data(), 1, printed.size(), stdout) == printed.size() && std::fflush(stdout) == 0;
    return written ? program::exit_done : program::exit_failed;
  }

  // Before the first thread, which inherits it: only `watch` listens for these; elsewhere they end the program.
  if (watch->parsed()) {
    sigset_t interrupts;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupts, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of print(), with an exit code
  try {
    if (alone) return alone();
    confab::Result<std::unique_ptr<Session>> session = Session::open(settings);
    if (!session) {
      const int code = program::fail(session.error());
      // Before anything was sent, an argument at fault is one of the command line.
      return session.error().code() == confab::Errc::invalid_argument ? program::exit_usage : code;
    }
    return work(**session);
  } catch (const std::exception& error) {
    return program::fail(confab::Error(confab::Errc::internal, error.what()));
  }
}
