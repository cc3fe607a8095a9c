// HostStore: a store whose records the host keeps, behind the functions of a confab_store_vtable.
#pragma once

#include <memory>

#include <confab/store.hpp>

#include "capi/handle.hpp"
#include "capi/include/confab.h"

namespace confab::capi {

constexpr std::uint32_t most_store_threads = 16;
constexpr std::size_t most_store_calls = 10'000;

/// Calls the functions on threads of its own. Refuses what is no table.
[[nodiscard]] std::shared_ptr<Store> make_host_store(const confab_store_vtable* vtable);

}  // namespace confab::capi

struct confab_store : confab::capi::HandleOf<confab::capi::Kind::store> {
  explicit confab_store(std::shared_ptr<confab::Store> its_records) : records(std::move(its_records)) {}
  const std::shared_ptr<confab::Store> records;
};
