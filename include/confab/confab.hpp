/// @file
/// The whole C++ API in one include.
///
/// Start reading at chat_service.hpp (what can be done), homeserver.hpp (how it is put together) and pending.hpp (how
/// every operation is started and awaited); stored_directory.hpp where the host's users and rooms shall be pushed;
/// ids.hpp has what things are called.
///
/// Each header also compiles alone, with -fno-exceptions, too, and includes nothing but the standard library and its
/// neighbours. open_store.hpp opens what outlives the process, and store_care.hpp looks after it: copies of it, other
/// keys.
///
///     confab::Runtime runtime;                                              // threads, loops, connections
///     auto homeserver = confab::Homeserver::create(runtime, options);       // one for each server
///     auto service = confab::make_chat_service(runtime, homeserver->provider("acme"), tenant, directory);
///     auto sent = (*service)->send(confab::Message(room, ana, "hi")).wait();
///
/// A host tests what it makes of this without a homeserver: memory_provider.hpp is a transport in memory, and
/// examples/07_testing_your_host.cpp a test over it.
///
/// A message that must not be lost is accepted first, and sent by whoever is there: outbox.hpp, docs/outbox.md.
///
/// What was said changes afterwards: received_message.hpp tells how to follow that.
///
/// What an operator must know comes as an alert, once when it begins and once when it is over: alert.hpp.
///
/// What holds everywhere, unless a member says otherwise:
///
/// Errors: nothing is thrown for what can go wrong at run time; operations end in a Result<T> with an Error in it.
/// Lifetime: arguments are copied; operations outlive the handles they were made on.
/// Threads: handles may be used from any thread, values from one thread at a time; docs/threading.md has the table.
/// Cancel: by the Operation that start() returns, by a stop token, by a deadline; each operation has one of 30 seconds.
/// Store: what has to outlive the process is kept where HomeserverOptions::store() or store_file() say; else in memory.
/// Secrets in it are sealed; docs/store.md says under which keys and what lies where.
/// Events: pulled from an EventStream, at least once and in order; docs/events.md tells what is promised.
/// Names: the host's slugs go in and come out; Matrix's ids stand beside them, and are of types of their own.
/// Tokens: made, renewed and replaced unseen; token_metrics.hpp tells how often, and log.hpp which lines tell of each.
/// Values: requests and answers own what they hold; copying one is all there is to keeping it.
/// Memory: std::bad_alloc may leave what merely copies or makes values; an operation answers Errc::no_memory.
#pragma once

#include <confab/account.hpp>
#include <confab/alert.hpp>
#include <confab/appservice.hpp>
#include <confab/call_options.hpp>
#include <confab/chat_provider.hpp>
#include <confab/chat_service.hpp>
#include <confab/configuration.hpp>
#include <confab/directory_batch.hpp>
#include <confab/discovery.hpp>
#include <confab/error.hpp>
#include <confab/event_stream.hpp>
#include <confab/events_options.hpp>
#include <confab/executor.hpp>
#include <confab/export.hpp>
#include <confab/homeserver.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/log.hpp>
#include <confab/member.hpp>
#include <confab/memory_provider.hpp>
#include <confab/message.hpp>
#include <confab/message_requests.hpp>
#include <confab/open_configuration.hpp>
#include <confab/open_store.hpp>
#include <confab/outbox.hpp>
#include <confab/pending.hpp>
#include <confab/received_message.hpp>
#include <confab/reset.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>
#include <confab/secret.hpp>
#include <confab/store.hpp>
#include <confab/store_care.hpp>
#include <confab/stored_directory.hpp>
#include <confab/token_metrics.hpp>
#include <confab/unique_function.hpp>
