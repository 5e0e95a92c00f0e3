# SPDX-License-Identifier: Apache-2.0
# One precompiled header for every library and test.
file(WRITE ${CMAKE_BINARY_DIR}/generated/precompiled.cpp "")
add_library(pgtend_precompiled STATIC ${CMAKE_BINARY_DIR}/generated/precompiled.cpp)
target_link_libraries(pgtend_precompiled PRIVATE pgtend_flags)
target_precompile_headers(pgtend_precompiled PRIVATE
    <algorithm> <array> <charconv> <chrono> <functional> <map> <memory> <optional> <set> <span> <stop_token> <string> <string_view>
    <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <doctest/doctest.h>)
foreach(folder lib tools tests)
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        if(type STREQUAL "STATIC_LIBRARY" OR type STREQUAL "EXECUTABLE")
            target_precompile_headers(${target} REUSE_FROM pgtend_precompiled)
        endif()
    endforeach()
endforeach()
