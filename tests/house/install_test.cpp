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
        std::set<std::string> expected{"bin/pgtend",
                                       "share/bash-completion/completions/pgtend",
                                       "share/doc/pgtend/CHANGELOG.md",
                                       "share/doc/pgtend/LICENSE",
                                       "share/doc/pgtend/README.md",
                                       "share/doc/pgtend/examples/kwenda.yaml",
                                       "share/fish/vendor_completions.d/pgtend.fish",
                                       "share/zsh/site-functions/_pgtend"};
        for (auto const &file : files_below("docs", {".md", ".json"})) {
            expected.insert("share/doc/pgtend/" + file);
        }
        CHECK(installed == expected);
        for (std::string const shell : {"bash", "zsh", "fish"}) {
            auto const printed = prefix.path() + "/" + shell;
            auto const command_line = "'" + (top / "bin/pgtend").string() + "' completion " +
                                      shell + " > '" + printed + "'";
            CHECK(std::system(command_line.c_str()) == 0);
            auto const file = shell == "bash"  ? "share/bash-completion/completions/pgtend"
                              : shell == "zsh" ? "share/zsh/site-functions/_pgtend"
                                               : "share/fish/vendor_completions.d/pgtend.fish";
            CHECK(read(printed) == read(top / file));
        }
        auto const program =
            "'" + (top / "bin/pgtend").string() + "' --version > '" + prefix.path() + "/version'";
        CHECK(std::system(program.c_str()) == 0);
        CHECK(read(prefix.path() + "/version").starts_with("pgtend "));
    }

    TEST_CASE("below /usr, zsh's file lies where Debian's zsh looks for those of packages")
    {
        test::scratch const stage;
        auto const command = "DESTDIR='" + stage.path() + "' cmake --install '" +
                             std::string{std::getenv("PGTEND_BUILD")} + "' --prefix /usr > '" +
                             stage.path() + "/log' 2>&1";
        REQUIRE(std::system(command.c_str()) == 0);
        CHECK(fs::exists(stage.path() + "/usr/share/zsh/vendor-completions/_pgtend"));
        CHECK(!fs::exists(stage.path() + "/usr/share/zsh/site-functions"));
    }
}
