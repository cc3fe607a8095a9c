// How one function is tried: as often as it allocates, with one allocation after the other failing.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "capi/client_at_work.hpp"
#include "capi/no_memory/failing_memory.hpp"

namespace confab::test {

using Step = std::function<void()>;

const Step nothing = [] {};

struct Campaign : ClientAtWork {
  std::set<std::string> tried;

  // One function. `prepare` makes what it needs and `confirm` looks at what it did, both with all the memory there is;
  // `call` is the function alone.
  void attempt(const char* function, const Step& prepare, const std::function<confab_status(confab_error**)>& call,
               const Step& confirm, const std::set<confab_status>& also_right = {}) {
    tried.insert(function);
    for (const auto how : {FailingMemory::How::once, FailingMemory::How::from_then_on}) {
      unsigned long after = 0;
      bool met = true;
      for (; met; ++after) {
        CAPTURE(std::string(function));
        CAPTURE(after);
        prepare();
        HeldError error;
        confab_error** const place = error.place();
        confab_status status = CONFAB_OK;
        {
          const FailingMemory failing(after, how);
          status = call(place);
          met = failing.failed() > 0;
        }
        if (status == CONFAB_OK) {
          CHECK(error.get() == nullptr);
          confirm();
          continue;
        }
        REQUIRE(met);
        const bool right = status == CONFAB_NO_MEMORY || also_right.count(status) != 0;
        REQUIRE_MESSAGE(right, std::string(confab_status_name(status)), ": ",
                        std::string(error ? confab_error_message(error) : ""));
        if (error) CHECK(confab_error_status(error) == status);
        nothing_arrives();
      }
      // Whoever reads this figure knows whether failures reach the library at all.
      if (how == FailingMemory::How::once) MESSAGE(std::string(function) << ": " << after - 1 << " allocations");
    }
  }

  // A function that cannot fail.
  void attempt(const char* function, const Step& prepare, const Step& call, const Step& confirm = nothing) {
    attempt(
        function, prepare, [&call](confab_error**) { return call(), confab_status{CONFAB_OK}; }, confirm);
  }

  void nothing_arrives() {
    HeldEvent none;
    CHECK(confab_queue_next(queue, 0, none.place()) == CONFAB_TIMED_OUT);
  }

  // An operation: taken on, it has one event, and else none. The queue has one place, so one that is lost is missed.
  template <class Handle, class Request>
  void operation(const char* name,
                 confab_status (*function)(Handle*, const Request*, confab_queue*, std::uint64_t, confab_operation**,
                                           confab_error**),
                 Handle* handle, const Request& asked, confab_status ends = CONFAB_OK) {
    HeldOperation running;
    attempt(
        name, nothing, [&](confab_error** error) { return function(handle, &asked, queue, 5, running.place(), error); },
        [&] {
          CHECK(running.get() != nullptr);
          const HeldEvent event = next();
          CHECK(confab_event_tag(event) == 5);
          CHECK_MESSAGE(confab_event_status(event) == ends, std::string(name), ": ",
                        std::string(confab_status_name(confab_event_status(event))));
          if (confab_event_status(event) == CONFAB_OK) check_result(result_of(function).c_str(), event);
        });
  }

  Campaign() {
    make_room();
    auto options = request<confab_queue_options>();
    options.most_operations = 1;
    REQUIRE(confab_queue_new(&options, queue.place(), nullptr) == CONFAB_OK);
  }
};

}  // namespace confab::test
