# Developer conveniences that change nothing in the result: ccache and mold, where they are present.
if(CONFAB_DEVELOPER_MODE)
  find_program(CONFAB_CCACHE ccache)
  if(CONFAB_CCACHE)
    # time_macros: precompiled headers may be cached although their time stamps differ between checkouts.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CONFAB_CCACHE})
  endif()
  find_program(CONFAB_MOLD mold)
  if(CONFAB_MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()
