# What `cmake --install` puts down: the library, its headers, the CMake package, the pkg-config file, the program.
# Nothing installed holds an absolute path, so the tree can be moved.
option(CONFAB_INSTALL "Install Confab" ${PROJECT_IS_TOP_LEVEL})
if(NOT CONFAB_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/confab)

install(TARGETS confab-cxx EXPORT confab-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/confab DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(EXPORT confab-targets NAMESPACE confab:: DESTINATION ${package_folder})
# Apart from the C++ library, so that a host in C needs nothing that only that one needs.
if(TARGET confab-c)
  install(TARGETS confab-c EXPORT confab-c-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES capi/include/confab.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(FILES capi/results.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/confab)
  install(EXPORT confab-c-targets NAMESPACE confab:: DESTINATION ${package_folder})
endif()
if(TARGET confab)
  install(TARGETS confab RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET confab_manual)
    install(FILES ${PROJECT_BINARY_DIR}/examples/confab/confab.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${PROJECT_BINARY_DIR}/examples/confab/confab.bash
      DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME confab)
  endif()
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/confab-config.cmake.in
  ${PROJECT_BINARY_DIR}/confab-config.cmake INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/confab-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/confab-config.cmake ${PROJECT_BINARY_DIR}/confab-config-version.cmake
  DESTINATION ${package_folder})

# The library exists as an archive only, so what it needs stands in Libs: the same line serves with --static and
# without. `Requires: libcurl` would make --static ask for every library that libcurl itself was built from.
set(CONFAB_PC_LIBRARIES "-lcurl -lssl -lcrypto -pthread")
if(CONFAB_SQLITE_TARGET)
  string(PREPEND CONFAB_PC_LIBRARIES "-lsqlite3 ")
endif()
if(CONFAB_POSTGRESQL_TARGET)
  string(PREPEND CONFAB_PC_LIBRARIES "-lpq ")
endif()
file(RELATIVE_PATH CONFAB_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/confab-cxx.pc.in ${PROJECT_BINARY_DIR}/confab-cxx.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/confab-cxx.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET confab-c)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/confab.pc.in ${PROJECT_BINARY_DIR}/confab.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/confab.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
