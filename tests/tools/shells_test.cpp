// SPDX-License-Identifier: Apache-2.0
// The completion scripts in the shells themselves, with somebody who presses TAB.
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "support/lists.hpp"
#include "support/terminal.hpp"

using namespace pgtend;
using test::list;

namespace {

constexpr char old_sessions[] =
    "version: 1\ntargets:\n  near: { dsn: \"host=h\" }\n  far: { dsn: \"host=h\" }\njobs:\n"
    "  - { name: old-sessions, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
    "  - { name: old-sessions-2, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
    "  - { name: vacuum, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n";

// A directory with a file of jobs and a shell's script, and a PATH that begins with pgtend's.
struct desk {
    explicit desk(std::string const &shell)
    {
        auto const printed = test::pgtend({"completion", shell});
        REQUIRE(printed.code == 0);
        script = files.write("script." + shell, printed.out);
        files.write("my shop.yaml", old_sessions);
        files.write("shop.yaml", old_sessions);
        std::filesystem::create_directory(files.path() + "/sub");
        auto const program = std::filesystem::path{std::getenv("PGTEND_BINARY")};
        environment = {{"PATH", program.parent_path().string() + ":/usr/local/bin:/usr/bin:/bin"},
                       {"HOME", files.path()},
                       {"PGTEND_CONFIG", ""},
                       {"ENV", ""},
                       {"LC_ALL", "C.UTF-8"}};
    }

    test::scratch files;
    std::string script;
    test::environment_changes environment;
};

// What both line editors have to do alike; `list` are the keys that show all candidates.
void complete_by_hand(test::terminal &shell, std::string const &list)
{
    auto const next = [&] { shell.type("\x15"); }; // clears the line
    shell.type("pgtend sched\t");
    shell.until("pgtend schedule ");
    shell.type("sim\t");
    shell.until("simulate ");
    shell.type("--fail\t");
    shell.until("--fail-on ");
    shell.type("col\t");
    shell.until("collision ");
    next();
    shell.type("pgtend -c sho\t");
    shell.until("pgtend -c shop.yaml ");
    shell.type("job show va\t");
    shell.until("job show vacuum ");
    next();
    shell.type("pgtend -c my\\ shop.yaml job show o\t");
    shell.until("job show old-sessions");
    shell.type(list);
    shell.until("old-sessions-2");
    next();
    shell.type("pgtend job history --status=inter\t");
    shell.until("--status=interrupted");
    next();
    shell.type("pgtend -c shop.yaml -t ne\t");
    shell.until("-t near ");
    next();
    shell.type("pgtend job r" + list);
    shell.until("resume");
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("bash completes commands, options, values, files, jobs and targets")
    {
        desk const at{"bash"};
        test::terminal shell{{"bash", "--norc", "--noprofile", "-i"}, 200, at.environment};
        shell.type("bind 'set bell-style none'; cd " + at.files.path() + "; . " + at.script +
                   "; echo it is rea''dy\n");
        shell.until("it is ready");
        complete_by_hand(shell, "\t\t");
    }

    TEST_CASE("zsh completes commands, options, values, files, jobs and targets")
    {
        desk const at{"zsh"};
        test::terminal shell{{"zsh", "-f", "-i"}, 200, at.environment};
        shell.type("autoload -U compinit && compinit -u -D; setopt no_beep; cd " + at.files.path() +
                   "; . " + at.script + "; echo it is rea''dy\n");
        shell.until("it is ready");
        complete_by_hand(shell, "\t\t");
    }

    TEST_CASE("zsh finds the script as a file of its fpath, too")
    {
        desk const at{"zsh"};
        std::filesystem::create_directory(at.files.path() + "/functions");
        std::filesystem::copy(at.script, at.files.path() + "/functions/_pgtend");
        test::terminal shell{{"zsh", "-f", "-i"}, 200, at.environment};
        shell.type("fpath=(" + at.files.path() +
                   "/functions $fpath); autoload -U compinit && compinit -u -D; echo it is "
                   "rea''dy\n");
        shell.until("it is ready");
        shell.type("pgtend sched\t");
        shell.until("pgtend schedule ");
        shell.type("sim\t");
        shell.until("simulate ");
    }

    TEST_CASE(
        "fish completes commands, options, values, files, jobs and targets, and says what they "
        "are")
    {
        desk const at{"fish"};
        auto const complete = [&](std::string const &line) {
            auto const answer = at.files.path() + "/answer";
            std::string command = "cd '" + at.files.path() + "' && env HOME='" + at.files.path() +
                                  "' PATH='" + at.environment.at("PATH") +
                                  "' fish --no-config -c 'source " + at.script +
                                  "; complete -C \"" + line + "\"' >'" + answer + "' 2>&1";
            CHECK(std::system(command.c_str()) == 0);
            std::ostringstream text;
            text << std::ifstream{answer}.rdbuf();
            std::vector<std::string> out;
            for (auto const &each : split(text.str(), '\n')) {
                if (!each.empty()) {
                    out.push_back(each);
                }
            }
            return out;
        };
        CHECK(complete("pgtend schedule sim") ==
              list{"simulate\tevery run of a day or a month ahead: load, and jobs that collide"});
        CHECK(complete("pgtend schedule simulate --fail").at(0).starts_with("--fail-on\t"));
        CHECK(complete("pgtend job history --status inter").at(0).starts_with("interrupted\t"));
        CHECK(complete("pgtend job history --status=inter")
                  .at(0)
                  .starts_with("--status=interrupted"));
        CHECK(complete("pgtend -c shop.yaml job show ") ==
              list{"old-sessions\tsql", "old-sessions-2\tsql", "vacuum\tsql"});
        CHECK(complete("pgtend -c shop.yaml -t ne") == list{"near\ttarget"});
        CHECK(complete("pgtend -c sho").at(0).starts_with("shop.yaml"));
        CHECK(complete("pgtend --config=sho").at(0).starts_with("--config=shop.yaml"));
    }
}
