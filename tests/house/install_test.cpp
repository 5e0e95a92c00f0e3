// SPDX-License-Identifier: Apache-2.0
// What gets installed, file by file.
#include <cstdlib>
#include <doctest/doctest.h>
#include <set>

#include "support/process.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace fs = std::filesystem;

TEST_SUITE("nodb")
{
    TEST_CASE("the installed files are these, and the program runs from there")
    {
        auto const *build = std::getenv("PGTEND_BUILD");
        REQUIRE_MESSAGE(build != nullptr,
                        "PGTEND_BUILD is not set: run it by ./dev test house/install");
        test::scratch const prefix;
        auto const command = "cmake --install '" + std::string{build} + "' --prefix '" +
                             prefix.path() + "/root' > '" + prefix.path() + "/log' 2>&1";
        REQUIRE(std::system(command.c_str()) == 0);

        std::set<std::string> installed;
        auto const top = fs::path{prefix.path()} / "root";
        for (auto const &entry : fs::recursive_directory_iterator{top}) {
            if (!entry.is_directory()) {
                installed.insert(fs::relative(entry.path(), top).string());
            }
        }
        std::set<std::string> expected{"bin/pgtend", "share/doc/pgtend/CHANGELOG.md",
                                       "share/doc/pgtend/LICENSE", "share/doc/pgtend/README.md",
                                       "share/doc/pgtend/examples/kwenda.yaml"};
        for (auto const &file : files_below("docs", {".md"})) {
            expected.insert("share/doc/pgtend/" + file);
        }
        CHECK(installed == expected);
        auto const program =
            "'" + (top / "bin/pgtend").string() + "' --version > '" + prefix.path() + "/version'";
        CHECK(std::system(program.c_str()) == 0);
        CHECK(read(prefix.path() + "/version").starts_with("pgtend "));
    }
}
