/// @file
/// Executor: where the host wants its handlers to run.
#pragma once

#include <functional>

#include <confab/unique_function.hpp>

namespace confab {

/// "Run this soon, on a thread of your choosing." Called by the library whenever a handler or coroutine is ready.
///
///     RuntimeOptions().executor([&pool](UniqueFunction<void()> task) { pool.post(std::move(task)); })
///
/// The executor should return at once and run the task later, on any thread; running it inline is allowed.
/// Handlers that belong to one user are handed over one at a time, so they never run two at once for that user,
/// however many threads the executor has. One task may run several handlers.
///
/// @par Errors     An executor that throws, or that destroys a task without running it, loses nothing: the task then
///                 runs on the Runtime's own dispatcher thread, and a warning is logged. A task that is run twice does
///                 nothing the second time. One that is kept and never run holds up that user's handlers until
///                 ~Runtime.
/// @par Lifetime   Copied into the Runtime; destroyed with it, at the latest when its last operation is gone. A task
///                 that is run after ~Runtime does nothing, because ~Runtime has run what was waiting.
/// @par Threads    Called on the dispatcher thread, never on a loop: an executor that is slow delays handlers only.
using Executor = std::function<void(UniqueFunction<void()>)>;

}  // namespace confab
