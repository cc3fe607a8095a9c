/// @file
/// The whole C++ API in one include.
///
/// Start reading at chat_service.hpp (what can be done), homeserver.hpp (how it is put together) and pending.hpp (how
/// every operation is started and awaited). Each header also compiles alone.
#pragma once

#include <confab/call_options.hpp>
#include <confab/chat_provider.hpp>
#include <confab/chat_service.hpp>
#include <confab/configuration.hpp>
#include <confab/error.hpp>
#include <confab/event_stream.hpp>
#include <confab/executor.hpp>
#include <confab/export.hpp>
#include <confab/homeserver.hpp>
#include <confab/host_directory.hpp>
#include <confab/ids.hpp>
#include <confab/log.hpp>
#include <confab/message.hpp>
#include <confab/pending.hpp>
#include <confab/result.hpp>
#include <confab/runtime.hpp>
#include <confab/secret.hpp>
#include <confab/unique_function.hpp>
