# confab_layer(NAME LEFT left-neighbour LINK libraries...): one static library per src/<layer>.
# A layer sees its left neighbour and, through it, everything further left; nothing on its right.

add_library(confab_build_flags INTERFACE)
target_compile_features(confab_build_flags INTERFACE cxx_std_20)
target_compile_options(confab_build_flags INTERFACE -fvisibility=hidden -fvisibility-inlines-hidden)
if(CONFAB_DEVELOPER_MODE)
  target_compile_options(confab_build_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror>)
endif()
if(CMAKE_UNITY_BUILD)
  # Sources that are compiled together look like headers to g++, in which a member of a type without a name outside would
  # be wrong; and tests see the short names of their neighbours, which they may hide. The presets that compile each source
  # by itself look at both. And where so much is seen at once, optimizing g++ 12 takes the unused parts of a moved
  # std::variant for uninitialized; clang and the presets that do not optimize look at these.
  target_compile_options(confab_build_flags INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>
    $<$<BOOL:$<TARGET_PROPERTY:CONFAB_SHADOWING_IS_FINE>>:-Wno-shadow>)
endif()
# Sanitizers have to reach every object in the process: options, not the interface target, so tests get them too.
if(CONFAB_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
                      # Half of g++'s compile time; by clang these are on, and AddressSanitizer stops at what they find.
                      $<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment,vptr>
                      $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>  # see below
                      $<$<CXX_COMPILER_ID:Clang>:-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignore.txt>)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=address,undefined)
elseif(CONFAB_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  # ThreadSanitizer knows no fences (g++ refuses them); Asio's locks order all that its fences would.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_link_options(-fsanitize=thread)
endif()
if(CONFAB_FUZZ AND CONFAB_SANITIZE STREQUAL "address")
  # The sanitizers are on already; naming them once more would bring back the check that is off.
  add_compile_options(-fsanitize=fuzzer-no-link)
elseif(CONFAB_FUZZ)
  # Without `function`: clang 14 cannot emit that check for coroutines and thunks in position independent code.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function -fno-sanitize-recover=all
                      -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignore.txt -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

set_property(GLOBAL PROPERTY CONFAB_LAYERS "")

# Precompiled headers where CONFAB_PRECOMPILE is on (the presets for everyday work). ccache can tell that a header
# changed only if the preprocessor leaves the name of the precompiled one in its output.
# The first target that is precompiled for is the one that others of its kind (layers, tests) take it from.
function(confab_precompile target kind)
  if(CONFAB_PRECOMPILE)
    get_property(first GLOBAL PROPERTY CONFAB_PRECOMPILED_${kind})
    if(first)
      target_precompile_headers(${target} REUSE_FROM ${first})
    else()
      target_precompile_headers(${target} PRIVATE ${ARGN})
      set_property(GLOBAL PROPERTY CONFAB_PRECOMPILED_${kind} ${target})
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -fpch-preprocess)
    endif()
  endif()
endfunction()

function(confab_layer name)
  cmake_parse_arguments(arg "" "" "LEFT;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  set(target confab_${name})
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON LINKER_LANGUAGE CXX)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(${target} PRIVATE confab_build_flags fmt::fmt-header-only ${arg_LINK})
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(arg_LEFT)
    target_link_libraries(${target} PUBLIC confab_${arg_LEFT})
  endif()
  confab_precompile(${target} layers ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
  set_property(GLOBAL APPEND PROPERTY CONFAB_LAYERS ${target})
endfunction()

# The product: one archive of all layers, and the target that consumers name.
function(confab_product)
  get_property(layers GLOBAL PROPERTY CONFAB_LAYERS)
  set(objects "")
  foreach(layer IN LISTS layers)
    list(APPEND objects $<TARGET_OBJECTS:${layer}>)
  endforeach()
  add_library(confab-cxx STATIC ${objects})
  set_target_properties(confab-cxx PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME confab OUTPUT_NAME confab-cxx)
  target_include_directories(confab-cxx PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(confab-cxx PUBLIC cxx_std_20)
  target_link_libraries(confab-cxx PUBLIC CURL::libcurl OpenSSL::SSL OpenSSL::Crypto Threads::Threads
                                         ${CONFAB_SQLITE_TARGET} ${CONFAB_POSTGRESQL_TARGET})
  add_library(confab::confab ALIAS confab-cxx)
endfunction()
