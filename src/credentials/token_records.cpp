#include "credentials/token_records.hpp"

#include "store/sealed_text.hpp"
#include "util/json.hpp"

namespace confab::credentials {

namespace {

using Milliseconds = std::chrono::milliseconds;

std::int64_t in_milliseconds(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<Milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

TokenRecord TokenRecords::read(const StoreRecord& found) const {
  const Result<json::Document> document = json::parse(found.value());
  if (!document) return {Secret(), 0, found.version()};
  const json::Value root = document->root();
  const std::int64_t generation = root["generation"].integer_or(0);
  Secret token;
  if (const json::Value sealed = root["token"]) {
    if (Result<Secret> opened = store::unseal(*keys_, store::SealedPlace(found.key(), "token"), sealed)) {
      token = std::move(*opened);
    }
  }
  TokenRecord record(std::move(token), generation > 0 ? static_cast<std::uint64_t>(generation) : 0, found.version());
  if (const std::int64_t ends = root["expires_ms"].integer_or(0); ends > 0) {
    record.ends(std::chrono::system_clock::time_point(Milliseconds(ends)));
  }
  record.device(DeviceId(std::string(root["device_id"].string_or(""))));
  return record;
}

Result<std::string> TokenRecords::written(const std::string& key, const TokenRecord& record) const {
  json::Writer writer;
  writer.object().member("generation", static_cast<std::int64_t>(record.generation()));
  if (!record.device().empty()) writer.member("device_id", record.device().str());
  if (record.ends()) writer.member("expires_ms", in_milliseconds(*record.ends()));
  if (!record.token().empty()) {
    Result<std::string> sealed = store::seal(*keys_, store::SealedPlace(key, "token"), record.token());
    if (!sealed) return std::move(sealed).error();
    writer.key("token").raw(*sealed);
  }
  return std::move(writer).finish();
}

Task<Result<TokenRecord>> TokenRecords::load(std::shared_ptr<TokenRecords> self, MatrixUserId account,
                                             net::CallContext context) {
  auto reading = self->store_.get(context, self->folder_ + account.str());
  Result<std::optional<StoreRecord>> found = co_await reading;
  if (!found) co_return std::move(found).error();
  if (!found->has_value()) co_return TokenRecord(Secret(), 0, 0);
  co_return self->read(**found);
}

Task<Result<void>> TokenRecords::save(std::shared_ptr<TokenRecords> self, MatrixUserId account, TokenRecord record,
                                      net::CallContext context) {
  const std::string key = self->folder_ + account.str();
  Result<std::string> value = self->written(key, record);
  if (!value) co_return std::move(value).error();
  StoreWrite write = StoreWrite::put(key, record.version(), std::move(*value));
  auto writing = self->store_.put_if(context, std::move(write), Durability::promised);
  Result<StoreVersion> put = co_await writing;
  if (!put) co_return std::move(put).error();
  co_return Result<void>();
}

}  // namespace confab::credentials
