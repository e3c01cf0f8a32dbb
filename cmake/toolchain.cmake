# Compiler, language level, warnings, hardening and the system libraries, in one place.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles ordinary coroutine code (frames are laid out "
    "wrongly and temporaries are destroyed twice). Configure with clang-19: "
    "CC=clang-19 CXX=clang++-19 cmake --preset dev")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

find_program(CCACHE ccache)
if(CCACHE)
  # What is precompiled is hashed, too (precompiled.cmake).
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wunused -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion -Wnull-dereference -Wimplicit-fallthrough -Werror
  -fno-strict-aliasing -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_options(-fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
  add_compile_options(-fcf-protection=full)
endif()
if(NOT MOLECULE_SANITIZE)
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS FMT_HEADER_ONLY)
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(MOLECULE_SANITIZE)
  add_compile_options(-fsanitize=${MOLECULE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MOLECULE_SANITIZE})
endif()

option(MOLECULE_STATIC "Link everything but glibc statically where an archive exists" OFF)
if(MOLECULE_STATIC)
  add_link_options(-static-libstdc++ -static-libgcc)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(GTest REQUIRED)
find_path(LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)

# A system library by the name used in module(… LINKS …).
function(system_library NAME SHARED ARCHIVE)
  add_library(sys_${NAME} INTERFACE)
  if(MOLECULE_STATIC AND EXISTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/${ARCHIVE})
    target_link_libraries(sys_${NAME} INTERFACE /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/${ARCHIVE} ${ARGN})
  else()
    target_link_libraries(sys_${NAME} INTERFACE ${SHARED} ${ARGN})
  endif()
endfunction()

add_library(sys_asio INTERFACE)
target_compile_definitions(sys_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY BOOST_ALL_NO_LIB)
target_link_libraries(sys_asio INTERFACE Threads::Threads)
system_library(boost_json boost_json libboost_json.a)
system_library(utf8proc utf8proc libutf8proc.a)
system_library(cares cares libcares.a)
system_library(yaml yaml-cpp libyaml-cpp.a)
system_library(nghttp2 nghttp2 libnghttp2.a)
system_library(sqlite sqlite3 libsqlite3.a m dl)
# Its terminfo half is a library of its own.
if(MOLECULE_STATIC AND EXISTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libtinfo.a)
  system_library(ncursesw ncursesw libncursesw.a /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libtinfo.a)
else()
  system_library(ncursesw ncursesw libncursesw.a tinfo)
endif()
target_compile_definitions(sys_ncursesw INTERFACE NCURSES_WIDECHAR=1 NCURSES_NOMACROS=1)
# A message is allocated on a loop and freed on the store's thread; glibc's arenas take locks and
# walk lists for that. Sanitizers bring an allocator of their own.
add_library(sys_allocator INTERFACE)
if(NOT MOLECULE_SANITIZE)
  system_library(jemalloc jemalloc libjemalloc_pic.a m dl Threads::Threads)
  target_link_libraries(sys_allocator INTERFACE sys_jemalloc)
endif()
add_library(sys_openssl INTERFACE)
if(MOLECULE_STATIC AND EXISTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libssl.a)
  target_link_libraries(sys_openssl INTERFACE
    /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libssl.a /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libcrypto.a dl Threads::Threads)
else()
  target_link_libraries(sys_openssl INTERFACE OpenSSL::SSL OpenSSL::Crypto)
endif()
# libpq is loaded at run time; only its header is needed to build.
add_library(sys_libpq_headers INTERFACE)
target_include_directories(sys_libpq_headers SYSTEM INTERFACE ${LIBPQ_INCLUDE})
target_link_libraries(sys_libpq_headers INTERFACE dl)
