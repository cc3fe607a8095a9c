#include "services/room_records.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/faulty_store.hpp"
#include "store/memory_store.hpp"
#include "unit/services/in_room.hpp"

using namespace confab;
using namespace confab::test;
using services::RoomService;

namespace {

constexpr const char* record_key = "rooms/hs.test/room";

Task<Result<std::optional<StoreRecord>>> read_record(std::shared_ptr<Store> from, net::CallContext context) {
  const net::RecordStore records(std::move(from));
  co_return co_await records.get(context, record_key);
}

Task<Result<void>> write_record(std::shared_ptr<Store> to, std::string value, net::CallContext context) {
  const net::RecordStore records(std::move(to));
  Result<std::optional<StoreRecord>> found = co_await records.get(context, record_key);
  if (!found) co_return std::move(found).error();
  StoreWrite write = StoreWrite::put(record_key, *found ? (*found)->version() : 0, value);
  Result<StoreVersion> written = co_await records.put_if(context, std::move(write), Durability::relaxed);
  if (!written) co_return std::move(written).error();
  co_return Result<void>();
}

struct Stored : Services {
  // As a process that has just started has it.
  std::shared_ptr<RoomService> process() { return process(store); }
  std::shared_ptr<RoomService> process(std::shared_ptr<Store> on) {
    return std::make_shared<RoomService>(tokens, hs.server_name(), net::RecordStore(std::move(on)));
  }
  Result<MatrixRoomId> make(const std::shared_ptr<RoomService>& in, const std::string& alias = "room") {
    return run<MatrixRoomId>(runtime, [in, alias, user = ana](net::CallContext context) {
      return RoomService::ensure_room(in, ProviderRoomRequest(alias, user), std::move(context));
    });
  }
  Result<MatrixRoomId> find(const std::shared_ptr<RoomService>& in, const std::string& alias = "room") {
    return run<MatrixRoomId>(runtime, [in, alias](net::CallContext context) {
      return RoomService::find_room(in, alias, std::move(context));
    });
  }
  std::string recorded() {
    const auto found = run<std::optional<StoreRecord>>(
        runtime, [this](net::CallContext context) { return read_record(store, std::move(context)); });
    return found.value() ? (*found)->value() : std::string();
  }
  void record(const std::string& value) {
    REQUIRE(run<void>(
        runtime, [this, value](net::CallContext context) { return write_record(store, value, std::move(context)); }));
  }
  [[nodiscard]] std::size_t look_ups() const { return hs.count("GET", alias_path); }
  // What the record says of a room, as of `seconds` from now.
  static std::string naming(const std::string& room, std::int64_t seconds = 0, const std::string& alias = "room") {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return R"({"version":1,"alias":")" + alias + R"(","room_id":")" + room + R"(","looked_up":)" +
           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds) + "}";
  }

  std::shared_ptr<Store> store = store::make_memory_store();
  MatrixUserId ana = add("ana");
};

}  // namespace

TEST_CASE_FIXTURE(Stored, "RoomRecords: a room that one process made is found by the next without a request") {
  const MatrixRoomId room = make(process()).value();
  hs.forget_requests();
  CHECK(find(process()).value() == room);
  CHECK(hs.count() == 0);
  CHECK(recorded().find(room.str()) != std::string::npos);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: a room that was there is recorded when it is found with its marker") {
  const MatrixRoomId room = ensure_room(ProviderRoomRequest("room", ana)).wait().value();  // knows of no store
  hs.forget_requests();
  CHECK(find(process()).value() == room);
  CHECK(hs.count() == 2);  // the alias, the marker
  CHECK(recorded().find(room.str()) != std::string::npos);
  hs.forget_requests();
  CHECK(find(process()).value() == room);
  CHECK(hs.count() == 0);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: a record is believed once in a process: who asks again had it proven wrong") {
  const MatrixRoomId room = make(process()).value();
  record(naming("!elsewhere:hs.test"));
  const auto one = process();
  CHECK(find(one).value().str() == "!elsewhere:hs.test");
  CHECK(find(one).value() == room);
  CHECK(recorded().find(room.str()) != std::string::npos);
  CHECK(find(process()).value() == room);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: asking again of a record that is right keeps it") {
  const MatrixRoomId room = make(process()).value();
  const auto one = process();
  for (int i = 0; i < 3; ++i) CHECK(find(one).value() == room);
  CHECK(recorded().find(room.str()) != std::string::npos);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: making a room believes no record, and corrects it") {
  const MatrixRoomId room = make(process()).value();
  record(naming("!elsewhere:hs.test"));
  CHECK(make(process()).value() == room);
  hs.forget_requests();
  CHECK(find(process()).value() == room);
  CHECK(hs.count() == 0);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: a room that is gone is made anew, and the record names the new one") {
  const MatrixRoomId old = make(process()).value();
  hs.delete_room(old.str());
  const auto one = process();
  CHECK(find(one).value() == old);
  CHECK(find(one).error().code() == Errc::not_found);
  CHECK(recorded().empty());
  const MatrixRoomId anew = make(one).value();
  CHECK(anew != old);
  CHECK(find(process()).value() == anew);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: an old record is looked up again, and then it is fresh") {
  const MatrixRoomId room = make(process()).value();
  for (const std::int64_t age : {-25 * 3600, 25 * 3600}) {
    CAPTURE(age);
    record(naming(room.str(), age));
    hs.forget_requests();
    CHECK(find(process()).value() == room);
    CHECK(look_ups() == 1);
    CHECK(find(process()).value() == room);
    CHECK(look_ups() == 1);
  }
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: a damaged record is none, and is written anew by who makes sure of the room") {
  const MatrixRoomId room = make(process()).value();
  const std::vector<std::string> damages = {"{}",
                                            "[]",
                                            R"("!room:hs.test")",
                                            naming(""),
                                            naming("no room"),
                                            naming("!" + std::string(300, 'x')),
                                            naming("!other:hs.test", 0, "other"),
                                            R"({"version":2,"alias":"room","room_id":"!r:hs.test","looked_up":1})",
                                            R"({"version":1,"alias":"room","room_id":"!r:hs.test"})",
                                            R"({"version":1,"alias":"room","room_id":7,"looked_up":1})"};
  for (const std::string& damage : damages) {
    CAPTURE(damage);
    record(damage);
    CHECK(find(process()).value() == room);
    CHECK(make(process()).value() == room);
    hs.forget_requests();
    CHECK(find(process()).value() == room);
    CHECK(hs.count() == 0);
  }
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: a store that fails before or after any of its operations fails nothing") {
  for (const Fault fault : {Fault::before, Fault::after}) {
    for (const Errc code : {Errc::store, Errc::busy, Errc::conflict, Errc::closed}) {
      for (int nth = -1; nth < 8; ++nth) {
        CAPTURE(static_cast<int>(fault));
        CAPTURE(nth);
        const auto faulty = std::make_shared<FaultyStore>(store, code, [nth, fault](int at) {
          return nth < 0 || at == nth ? fault : Fault::none;  // -1: every one
        });
        const auto one = process(faulty);
        const MatrixRoomId room = make(one).value();
        CHECK(find(one).value() == room);
        record(naming("!elsewhere:hs.test"));
        const Result<MatrixRoomId> first = find(one);
        REQUIRE(first);
        if (*first != room) CHECK(find(one).value() == room);
        CHECK(make(one).value() == room);
      }
    }
  }
  CHECK(hs.room_ids().size() == 1);
}

TEST_CASE_FIXTURE(Stored, "RoomRecords: aliases of all bytes have keys of their own, and too long ones none") {
  const std::vector<std::string> aliases = {"a/b", "a%2Fb", "a_b", "a.b", std::string(200, '/')};
  std::vector<MatrixRoomId> made;
  for (const std::string& alias : aliases) made.push_back(make(process(), alias).value());
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    hs.forget_requests();
    CHECK(find(process(), aliases[i]).value() == made[i]);
    CHECK(look_ups() == (aliases[i].size() == 200 ? 1 : 0));
  }
}
