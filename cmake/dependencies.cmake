# Third-party libraries, each behind one interface target, so that only the layer that may use one can see it.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/document.h REQUIRED)

add_library(confab_rapidjson INTERFACE)
target_include_directories(confab_rapidjson SYSTEM INTERFACE $<BUILD_INTERFACE:${RAPIDJSON_INCLUDE_DIR}>)

add_library(confab_curl INTERFACE)
target_link_libraries(confab_curl INTERFACE CURL::libcurl)

add_library(confab_asio INTERFACE)
target_include_directories(confab_asio SYSTEM INTERFACE $<BUILD_INTERFACE:${Boost_INCLUDE_DIRS}>)
target_compile_definitions(confab_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                                                 BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(confab_asio INTERFACE Threads::Threads)
