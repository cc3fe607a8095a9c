// What nearly every source includes; precompiled for the developers' builds only, so that no source can come to depend
// on it: the release build compiles each source with its own includes alone.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <confab/pending.hpp>
