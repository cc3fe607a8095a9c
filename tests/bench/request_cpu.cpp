// How much CPU does the client spend on one request, beside bare libcurl in the same run?
//
//   bench_request_cpu [--in-flight 32] [--requests 4000] [--rounds 7] [--only NAME]
//
// Prints one JSON line: medians over the rounds in microseconds, and the median of each round's ratio to bare libcurl.
// The contenders take turns within each round, so that what disturbs the machine disturbs all. With --only, one
// contender sends --requests once and nothing is measured: for counting instructions (see `instructions`).
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "contender.hpp"
#include "server_process.hpp"

namespace confab::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(1);
}

namespace {

struct Entry {
  std::string name;
  std::function<std::unique_ptr<Contender>(const std::string&, std::size_t)> make;
  std::unique_ptr<Contender> contender;
  std::vector<double> microseconds;
  std::vector<double> ratios;
};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Client and server on a core each, where there are two: a thread that wanders pays for the cache it left.
void stay_on(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int run(int argc, char** argv) {
  std::size_t in_flight = 32;
  std::size_t requests = 4000;
  std::size_t rounds = 7;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const auto number = [&] { return static_cast<std::size_t>(std::strtoul(argv[i + 1], nullptr, 10)); };
    if (name == "--in-flight")
      in_flight = number();
    else if (name == "--requests")
      requests = number();
    else if (name == "--rounds")
      rounds = number();
    else if (name == "--only")
      only = argv[i + 1];
    else
      give_up("unknown option " + std::string(name));
  }
  if (in_flight == 0 || rounds == 0) give_up("--in-flight and --rounds are at least 1");
  stay_on(1);  // where there is no second core, nothing happens
  const ServerProcess server(argv[0]);
  stay_on(0);
  std::vector<Entry> entries;
  entries.push_back({"curl", bare_curl, nullptr, {}, {}});
  entries.push_back({"http_client", http_client, nullptr, {}, {}});
  entries.push_back({"provider", provider, nullptr, {}, {}});
  entries.push_back({"chat", chat, nullptr, {}, {}});
  entries.push_back({"c_queue", c_queue, nullptr, {}, {}});

  if (!only.empty()) {
    for (Entry& entry : entries) {
      if (entry.name != only) continue;
      entry.make(server.url(), in_flight)->send(requests);
      return 0;
    }
    give_up("no contender " + only);
  }

  for (Entry& entry : entries) {
    entry.contender = entry.make(server.url(), in_flight);
    entry.contender->send(requests / 4 + 1);  // connections, caches, branch predictors
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Entry& entry : entries) {
      const double before = cpu_seconds();
      entry.contender->send(requests);
      entry.microseconds.push_back((cpu_seconds() - before) * 1e6 / static_cast<double>(requests));
      entry.ratios.push_back(entry.microseconds.back() / entries.front().microseconds.back());
    }
  }
  std::printf(R"({"bench":"request_cpu","in_flight":%zu,"requests":%zu,"rounds":%zu)", in_flight, requests, rounds);
  for (const Entry& entry : entries) {
    std::printf(R"(,"%s":{"us":%.2f,"ratio":%.3f})", entry.name.c_str(), median(entry.microseconds),
                median(entry.ratios));
  }
  std::printf("}\n");
  return 0;
}

}  // namespace confab::bench

int main(int argc, char** argv) { return confab::bench::run(argc, argv); }
