// SPDX-License-Identifier: Apache-2.0
// What the program says about itself, and what the README says about the program.
#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <set>
#include <sstream>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "tools/commands.hpp"
#include "tools/parse.hpp"
#include "tools/run.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

struct said {
    int code;
    std::string out, err;
};

said run(std::vector<std::string> const &args)
{
    std::ostringstream out, err;
    system_clock time;
    std::istringstream in;
    tools::io outside{.out = out,
                      .err = err,
                      .in = in,
                      .environment = [](std::string const &) { return std::nullopt; },
                      .time = time,
                      .random = system_random()};
    auto const code = tools::run(args, outside);
    return {code, out.str(), err.str()};
}

std::vector<std::string> words_of(std::string_view command)
{
    return list_of(std::string{command}, ' ');
}

// The names are the enumerators of exit_code; the compiler tells when one is missing here.
char const *meaning(exit_code code)
{
    switch (code) {
    case exit_code::ok:
        return "done, or passed";
    case exit_code::failed:
        return "work failed";
    case exit_code::usage:
        return "command line or configuration is wrong; nothing was executed";
    case exit_code::findings:
        return "findings, or a difference";
    case exit_code::cannot_connect:
        return "cannot connect";
    case exit_code::held:
        return "another run holds the job";
    case exit_code::interrupted:
        return "interrupted";
    }
    return "";
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("every command explains itself with examples that begin as they are typed")
    {
        REQUIRE(tools::commands().size() >= 15);
        for (auto const &command : tools::commands()) {
            auto args = words_of(command.name);
            args.emplace_back("--help");
            auto const answer = run(args);
            INFO("pgtend ", std::string{command.name}, " --help");
            CHECK(answer.code == 0);
            CHECK(answer.err.empty());
            CHECK(answer.out.find(std::string{command.summary}) != std::string::npos);
            auto const examples = answer.out.find("Examples:\n  pgtend ");
            REQUIRE(examples != std::string::npos);
            CHECK(answer.out.find(std::string{command.name}, examples) != std::string::npos);
            for (auto const &line : lines_of(answer.out.substr(0, examples))) {
                INFO(line);
                CHECK(line.find('\t') == std::string::npos);
                CHECK((line.empty() || line.back() != ' '));
                CHECK((line.size() <= 80 || line.starts_with("Usage: ")));
            }
        }
    }

    TEST_CASE("the overview names every command once, and --version the libraries")
    {
        auto const overview = run({"--help"});
        CHECK(overview.code == 0);
        for (auto const &command : tools::commands()) {
            INFO(std::string{command.name});
            CHECK(overview.out.find("\n  " + std::string{command.name} + " ") != std::string::npos);
        }
        auto const version = run({"--version"});
        CHECK(version.code == 0);
        CHECK(version.out.starts_with("pgtend "));
        for (std::string const library :
             {"libpqxx ", "libpq ", "CLI11 ", "fmt ", "yaml-cpp ", "spdlog ", "abseil "}) {
            INFO(library);
            auto const at = version.out.find(library);
            REQUIRE(at != std::string::npos);
            auto const number = static_cast<unsigned char>(version.out[at + library.size()]);
            CHECK(std::isdigit(number) != 0);
        }
    }

    TEST_CASE("the overview tells how to see what will be and what was; what it says can be typed")
    {
        auto const overview = lines_of(run({"--help"}).out);
        auto const title =
            std::find(overview.begin(), overview.end(), "To see, and change nothing:");
        REQUIRE(title != overview.end());
        int lines = 0;
        for (auto line = title + 1; line != overview.end() && !line->empty(); ++line, ++lines) {
            auto const words = words_of(trim(std::string_view{*line}.substr(line->find("  ", 3))));
            INFO(*line);
            auto const at = tools::command_words(words, 2);
            REQUIRE(at.size() == 2);
            auto const name = words[at[0]] + " " + words[at[1]];
            auto const all = tools::commands();
            auto const found =
                std::find_if(all.begin(), all.end(), [&](auto const &c) { return c.name == name; });
            REQUIRE(found != all.end());
            auto const help = run({words[at[0]], words[at[1]], "--help"}).out;
            for (auto const &word : words) {
                CHECK((!word.starts_with("--") || help.find(word) != std::string::npos));
            }
        }
        CHECK(lines == 4);
        auto const help = [](std::string const &one, std::string const &two) {
            return run({one, two, "--help"}).out;
        };
        CHECK(help("partition", "create").find("until next month") != std::string::npos);
        CHECK(help("job", "history").find("when did the cleanup last run") != std::string::npos);
        CHECK(help("job", "show").find("why not") != std::string::npos);
    }

    TEST_CASE("the README's table of exit codes is the enum, and the overview has all of them")
    {
        auto const table = table_after(read(root() / "README.md"), "## Exit codes");
        std::vector<std::vector<std::string>> expected;
        auto const overview = run({"--help"}).out;
        for (auto const code :
             {exit_code::ok, exit_code::failed, exit_code::usage, exit_code::findings,
              exit_code::cannot_connect, exit_code::held, exit_code::interrupted}) {
            auto const number = std::to_string(static_cast<int>(code));
            expected.push_back({number, meaning(code)});
            CHECK(overview.find(number + " ", overview.find("Exit codes:")) != std::string::npos);
        }
        CHECK(table == expected);
    }

    TEST_CASE(
        "a command line that is wrong gives exit code 2, one message and a hint, and no result")
    {
        for (auto const &args : std::vector<std::vector<std::string>>{
                 {}, {"nonsense"}, {"job"}, {"job", "nonsense"}, {"tick", "--nonsense"}}) {
            auto const answer = run(args);
            CHECK(answer.code == 2);
            CHECK(answer.out.empty());
            CHECK(answer.err.starts_with("pgtend: error: "));
            CHECK(answer.err.find("HINT: ") != std::string::npos);
        }
    }
}
