# The headers of others that nearly every source reads, parsed once for all: the standard library, fmt
# and Boost.Describe, and for tests GoogleTest. Headers of our own are not among them, since they
# change. Each source names what it uses all the same: every preset but dev compiles without, and sees to
# that.
option(MOLECULE_PRECOMPILED "Parse the headers of libraries once for all sources" OFF)

set(PRECOMPILED_HEADERS
  <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <exception> <filesystem> <functional> <map> <memory> <mutex>
  <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>
  <boost/describe.hpp> <fmt/format.h>)

if(MOLECULE_PRECOMPILED)
  add_library(precompiled OBJECT cmake/precompiled.cc)
  target_precompile_headers(precompiled PRIVATE ${PRECOMPILED_HEADERS})
  # Without its time in the file, and told so, ccache knows one from another by what is in it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()

# For the sources of one target.
function(precompiled TARGET)
  if(MOLECULE_PRECOMPILED)
    target_precompile_headers(${TARGET} REUSE_FROM precompiled)
  endif()
endfunction()

# For a test binary. Its objects are compiled as a library's are, so that one set of headers does for all; but for the
# optimizer, which would take a third of their time for code that runs once.
function(precompiled_test TARGET)
  if(NOT MOLECULE_PRECOMPILED)
    return()
  endif()
  if(NOT TARGET precompiled_tests)
    add_library(precompiled_tests OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
    target_link_libraries(precompiled_tests PRIVATE GTest::gmock GTest::gtest)
    target_compile_options(precompiled_tests PRIVATE -O0)
    target_precompile_headers(precompiled_tests PRIVATE ${PRECOMPILED_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${TARGET} PRIVATE -fPIC -O0)
  target_precompile_headers(${TARGET} REUSE_FROM precompiled_tests)
endfunction()
