// The steps from an empty database to today's schema, and which releases may use what they leave.
#pragma once

#include <span>

namespace confab::store {

/// One step, in a transaction of its own. `{schema}` stands for the schema's name.
///
/// A step expands or contracts. One that expands only adds, so that programs of the step before go on beside the new
/// ones: it leaves `usable_from` as it was. One that takes away what older programs use raises `usable_from` to the
/// first step whose programs do without it; it may be released only when no such program runs any more.
struct PostgresqlStep {
  const char* sql;
  int usable_from;
  const char* transact;  // the function by which programs of the schema that this step leads to write
};

/// Step i leads from schema i to schema i + 1. Never change a step that was released: add one.
using PostgresqlSteps = std::span<const PostgresqlStep>;

/// Those of this release.
[[nodiscard]] PostgresqlSteps postgresql_steps();

}  // namespace confab::store
