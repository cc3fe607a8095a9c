// The out-of-line members of the abstract classes and enumerations of the public chat API.
#include <confab/chat_provider.hpp>
#include <confab/chat_service.hpp>
#include <confab/host_directory.hpp>

namespace confab {

ChatService::~ChatService() = default;
ChatProvider::~ChatProvider() = default;
HostDirectory::~HostDirectory() = default;

}  // namespace confab
