// Which result does an operation have, as capi/results.schema.json names it? The comments of confab.h say so, and
// symbols_test.py compares.
#pragma once

#include <map>
#include <string>

#include <confab.h>

namespace confab::test {

inline const std::map<const void*, std::string>& result_names() {
  static const std::map<const void*, std::string> names = {
      {reinterpret_cast<const void*>(confab_doctor), "findings"},
      {reinterpret_cast<const void*>(confab_provision), "account"},
      {reinterpret_cast<const void*>(confab_account), "account"},
      {reinterpret_cast<const void*>(confab_set_password), "done"},
      {reinterpret_cast<const void*>(confab_reset), "reset"},
      {reinterpret_cast<const void*>(confab_ensure_room), "room"},
      {reinterpret_cast<const void*>(confab_add_member), "room"},
      {reinterpret_cast<const void*>(confab_remove_member), "room"},
      {reinterpret_cast<const void*>(confab_members), "members"},
      {reinterpret_cast<const void*>(confab_unread), "unread"},
      {reinterpret_cast<const void*>(confab_send), "sent"},
      {reinterpret_cast<const void*>(confab_send_durably), "accepted"},
      {reinterpret_cast<const void*>(confab_outbox_list), "outbox"},
      {reinterpret_cast<const void*>(confab_outbox_show), "outbox_message"},
      {reinterpret_cast<const void*>(confab_outbox_retry), "done"},
      {reinterpret_cast<const void*>(confab_outbox_drop), "done"},
      {reinterpret_cast<const void*>(confab_edit), "sent"},
      {reinterpret_cast<const void*>(confab_redact), "sent"},
      {reinterpret_cast<const void*>(confab_react), "sent"},
      {reinterpret_cast<const void*>(confab_typing), "done"},
      {reinterpret_cast<const void*>(confab_mark_read), "done"},
      {reinterpret_cast<const void*>(confab_history), "history"},
      {reinterpret_cast<const void*>(confab_directory_apply), "revision"},
      {reinterpret_cast<const void*>(confab_directory_load), "revision"},
      {reinterpret_cast<const void*>(confab_directory_refresh), "revision"},
      {reinterpret_cast<const void*>(confab_stream_ready), "done"},
  };
  return names;
}

/// `function`: that of an operation.
template <class Function>
const std::string& result_of(Function* function) {
  return result_names().at(reinterpret_cast<const void*>(function));
}

}  // namespace confab::test
