/// @file
/// A second transport, all in memory: for the tests of a host, and for trying things without a homeserver.
///
///     auto provider = make_memory_provider(runtime, "test.example");
///     auto service = make_chat_service(runtime, *provider, TenantOptions(TenantId("acme")), directory);
///     CHECK((*service)->send(Message(room, ana, "hi")).wait());
///
/// It does what ChatProvider promises: the library's own tests run the same cases against it and against Matrix. It
/// says what a homeserver would say, through the same code, so that messages and events look the same. Nothing fails
/// in it by itself; a host that wants to see outages derives from ChatProvider and puts its own class before it.
///
/// What differs from a homeserver: no account is ever locked, no room encrypted, nobody banned; typing lasts until it
/// is taken back or something is said; Unread::highlights() is 0; positions of named consumers last as long as the
/// provider.
#pragma once

#include <memory>
#include <string>

#include <confab/chat_provider.hpp>
#include <confab/export.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>

namespace confab {

/// Make a transport that holds accounts, rooms and messages in memory, forgotten with its last owner. It opens no
/// connection and no file.
///
/// @param runtime     Where its operations complete; it should live longer.
/// @param server_name What stands behind the colon of user ids; no such server has to exist.
/// @returns           A transport that may be shared among threads and tenants. It holds 200,000 events and 100,000
///                    accounts; beyond that its operations answer Errc::store.
/// @par Errors        Errc::invalid_argument: a server name that can never be legal. Errc::no_memory.
/// @par Lifetime      Operations that were started, and streams, keep what they need. They complete with Errc::closed
///                    once the Runtime is gone.
/// @par Threads       Any.
/// @par Cancel        Nothing to cancel. Its operations answer Errc::cancelled and timed_out as those of a homeserver
///                    do, then nothing was done.
[[nodiscard]] CONFAB_EXPORT Result<std::shared_ptr<ChatProvider>> make_memory_provider(Runtime& runtime,
                                                                                       std::string server_name);

}  // namespace confab
