# What `cmake --install` puts down: the library, its headers, the CMake package and the pkg-config file.
