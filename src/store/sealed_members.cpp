#include "store/sealed_members.hpp"

#include <utility>

#include "store/sealed_text.hpp"

namespace confab::store {

bool is_sealed(const json::Value& member) {
  return member.is_object() && member.size() == 2 && member["sealed"].is_string() && member["key"].is_string();
}

std::vector<std::string> sealing_ids(const json::Value& record) {
  std::vector<std::string> ids;
  for (const json::Member member : record.members()) {
    if (is_sealed(member.value)) ids.emplace_back(member.value["key"].string_or(""));
  }
  return ids;
}

Result<void> open_sealed(const SealingKeys& keys, std::string_view record_key, const json::Value& record) {
  for (const json::Member member : record.members()) {
    if (!is_sealed(member.value)) continue;
    auto opened = unseal(keys, SealedPlace(record_key, member.key), member.value);
    if (!opened) return std::move(opened).error();
  }
  return {};
}

Result<std::string> seal_anew(const SealingKeys& keys, std::string_view record_key, const json::Value& record) {
  json::Writer writer;
  writer.object();
  for (const json::Member member : record.members()) {
    writer.key(member.key);
    if (!is_sealed(member.value) || !wants_resealing(keys, member.value)) {
      writer.value(member.value);
      continue;
    }
    const SealedPlace place(record_key, member.key);
    const auto opened = unseal(keys, place, member.value);
    if (!opened) return opened.error();
    const auto sealed = seal(keys, place, *opened);
    if (!sealed) return sealed.error();
    writer.raw(*sealed);
  }
  return std::move(writer.end()).finish();
}

}  // namespace confab::store
