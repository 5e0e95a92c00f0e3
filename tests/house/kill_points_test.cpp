// SPDX-License-Identifier: Apache-2.0
// The places where tests kill the program are none in a build that is installed.
#include <cstdlib>
#include <doctest/doctest.h>

#include "support/process.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

constexpr char variable[] = "PGTEND_KILL_AT"; // of the environment

std::string cache_of_build()
{
    auto const *build = std::getenv("PGTEND_BUILD");
    REQUIRE_MESSAGE(build != nullptr, "PGTEND_BUILD is not set: run it by ./dev test house/");
    return read(std::filesystem::path{build} / "CMakeCache.txt");
}

std::string cached(std::string const &name)
{
    for (auto const &line : lines_of(cache_of_build())) {
        if (line.starts_with(name + ":")) {
            return line.substr(line.find('=') + 1);
        }
    }
    return {};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("kill points: off unless asked for, asked for by the presets that tests use alone")
    {
        CHECK(read(root() / "CMakeLists.txt").find("set(PGTEND_KILL_POINTS OFF ") !=
              std::string::npos);
        std::string preset;
        std::vector<std::string> with;
        for (auto const &line : lines_of(read(root() / "CMakePresets.json"))) {
            auto const at = line.find("{ \"name\": \"");
            if (at != std::string::npos) {
                preset = line.substr(at + 11, line.find('"', at + 11) - at - 11);
            }
            if (line.find("PGTEND_KILL_POINTS") != std::string::npos) {
                with.push_back(preset);
            }
        }
        CHECK(with == std::vector<std::string>{"dev", "asan", "tsan"});
    }

    TEST_CASE("kill points: this build's program has them when asked for; without, nothing is left")
    {
        auto const *program = std::getenv("PGTEND_BINARY");
        REQUIRE_MESSAGE(program != nullptr,
                        "PGTEND_BINARY is not set: run it by ./dev test house/");
        bool const has = read(program).find(variable) != std::string::npos;
        CHECK(has == (cached("PGTEND_KILL_POINTS") == "ON"));

        test::scratch const files;
        auto const object = files.path() + "/object";
        auto const lib = (root() / "lib").string();
        auto const compiled = [&](std::string const &more) {
            auto const command = "'" + cached("CMAKE_CXX_COMPILER") + "' -std=c++20 -O2 " + more +
                                 " -I '" + lib + "' -c '" + lib + "/base/kill_point.cpp' -o '" +
                                 object + "'";
            REQUIRE(std::system(command.c_str()) == 0);
            return read(object);
        };
        CHECK(compiled("").find("after commit") == std::string::npos);
        CHECK(compiled("").find(variable) == std::string::npos);
        CHECK(compiled("-DPGTEND_KILL_POINTS").find(variable) != std::string::npos);
    }

    TEST_CASE("kill points: nothing else depends on them")
    {
        for (auto const &folder : {"lib", "tools"}) {
            for (auto const &file : files_below(folder, {".cpp", ".hpp"})) {
                if (!file.starts_with("lib/base/kill_point.")) {
                    CHECK_MESSAGE(read(root() / file).find("PGTEND_KILL") == std::string::npos,
                                  file);
                }
            }
        }
    }
}
