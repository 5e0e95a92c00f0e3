// SPDX-License-Identifier: Apache-2.0
// What pgtend answers to a shell that asks what may stand at a place of the command line.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include "base/text.hpp"
#include "support/called.hpp"
#include "support/lists.hpp"
#include "support/process.hpp"
#include "tools/commands.hpp"
#include "tools/parse.hpp"

using namespace pgtend;
using test::list;

namespace {

// The candidates, without what they are.
list complete(list words, std::map<std::string, std::string> const &environment = {})
{
    words.insert(words.begin(), "__complete");
    auto const done = test::call(words, {.environment = environment});
    CHECK(done.code == 0);
    CHECK(done.err.empty());
    list out;
    for (auto const &line : split(done.out, '\n')) {
        if (!line.empty()) {
            out.push_back(line.substr(0, line.find('\t')));
        }
    }
    return out;
}

constexpr char two_targets[] =
    "version: 1\ntargets:\n  near: { dsn: \"${NOT_SET_HERE}\" }\n  far: { dsn: "
    "\"host=h\" }\njobs:\n"
    "  - { name: clean, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
    "  - { name: count, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
    "  - { name: other, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n";

microseconds spent_by_children()
{
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    return seconds{used.ru_utime.tv_sec + used.ru_stime.tv_sec} +
           microseconds{used.ru_utime.tv_usec + used.ru_stime.tv_usec};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("commands, and the members of a group")
    {
        CHECK(complete({"par"}) == list{"partition"});
        CHECK(complete({"job", "re"}) == list{"resume", "reset"});
        CHECK(complete({"help", "job", "li"}) == list{"list"});
        CHECK(complete({"-o", "json", "schedule", "c"}) == list{"check"});
        CHECK(complete({"nonsense", ""}).empty());
        auto const first = complete({""});
        for (auto const &c : tools::commands()) {
            auto const word = split(c.name, ' ').front();
            CHECK(std::count(first.begin(), first.end(), word) == 1);
        }
    }

    TEST_CASE("every option of every command, as it was declared")
    {
        for (auto const &c : tools::commands()) {
            auto words = split(c.name, ' ');
            auto const told = tools::help_of(&c);
            auto declared = told.own;
            declared.insert(declared.end(), told.global.begin(), told.global.end());
            for (auto const &option : declared) {
                if (option.flags.empty()) {
                    continue;
                }
                auto typed = words;
                typed.push_back(option.flags.back());
                auto const found = complete(typed);
                INFO(std::string{c.name}, " ", option.flags.back());
                CHECK(std::count(found.begin(), found.end(), option.flags.back()) == 1);
                typed.emplace_back("");
                auto const values = complete(typed);
                for (auto const &value : option.allowed) {
                    CHECK(std::count(values.begin(), values.end(), value) == 1);
                }
            }
            words.emplace_back("--help");
            auto const help = test::call(words).out;
            for (auto const &option : declared) {
                for (auto const &flag : option.flags) {
                    INFO(std::string{c.name}, " ", flag);
                    CHECK(help.find(flag) != std::string::npos);
                }
            }
        }
        CHECK(complete({"tick", "--max-p"}) == list{"--max-parallel"});
        CHECK(complete({"--", "--max-p"}).empty());
    }

    TEST_CASE("values: choices, files, targets; also after an equals sign, and as bash splits it")
    {
        CHECK(complete({"-o", ""}) == list{"text", "json"});
        CHECK(complete({"job", "history", "--status", "f"}) == list{"failed"});
        CHECK(complete({"job", "history", "--status=f"}) == list{"failed"});
        CHECK(complete({"job", "history", "--status", "=", "f"}) == list{"failed"});
        CHECK(complete({"job", "history", "--status", "="}).size() == 7);
        CHECK(complete({"-c", "x"}) == list{":files"});
        CHECK(complete({"completion", ""}) == list{"bash", "zsh", "fish"});
        CHECK(complete({"tick", "--max-parallel", ""}).empty());
    }

    TEST_CASE("jobs and targets of the file, wherever it is named, without its environment")
    {
        test::scratch const files;
        auto const file = files.write("my shop.yaml", two_targets);
        CHECK(complete({"-c", file, "job", "show", ""}) == list{"clean", "count", "other"});
        CHECK(complete({"-c", file, "job", "show", "c"}) == list{"clean", "count"});
        CHECK(complete({"--config=" + file, "job", "history", "o"}) == list{"other"});
        CHECK(complete({"-c", "'" + file + "'", "job", "show", "o"}) == list{"other"});
        CHECK(complete({"-c", replace_all(file, " ", "\\ "), "job", "show", "o"}) == list{"other"});
        CHECK(complete({"-c", "~/my\\ shop.yaml", "job", "show", "o"}, {{"HOME", files.path()}}) ==
              list{"other"});
        CHECK(complete({"job", "show", "o"}, {{"PGTEND_CONFIG", file}}) == list{"other"});
        CHECK(complete({"-c", file, "-t", ""}) == list{"near", "far", "all"});
        CHECK(complete({"-c", file, "--target=f"}) == list{"far"});
        // One job only, or several, each once.
        CHECK(complete({"-c", file, "job", "show", "clean", ""}).empty());
        CHECK(complete({"-c", file, "job", "reset", "clean", ""}) == list{"count", "other"});
        CHECK(complete({"-c", file, "job", "history", "-n", "5", ""}) ==
              list{"clean", "count", "other"});
    }

    TEST_CASE("whatever is wrong: no candidates, no message, exit 0")
    {
        test::scratch const files;
        for (auto const &file :
             {files.path() + "/missing.yaml", files.path(), files.write("bad.yaml", "jobs: ["),
              files.write("wrong.yaml", "version: 9\njobs: 7\n")}) {
            CHECK(complete({"-c", file, "job", "show", ""}).empty());
        }
        CHECK(complete({}).size() > 5);
        CHECK(complete({"="}).empty());
        CHECK(complete({"--=", ""}).size() > 5);
        CHECK(complete({"'", "\\"}).empty());
    }

    TEST_CASE("it answers within 20 ms, also with a hundred jobs")
    {
        test::scratch const files;
        std::string jobs;
        for (int i = 0; i < 100; ++i) {
            jobs += "  - { name: job-" + std::to_string(i) +
                    ", schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n";
        }
        auto const file = files.write("many.yaml", "version: 1\njobs:\n" + jobs);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        constexpr milliseconds limit{2000};
#else
        constexpr milliseconds limit{20};
#endif
        // Time of the processor, as others may use the machine: of some answers the quickest.
        auto quickest = microseconds::max();
        for (int i = 0; i < 5; ++i) {
            auto const before = spent_by_children();
            auto const done = test::pgtend({"__complete", "-c", file, "job", "show", ""});
            quickest = std::min(quickest, spent_by_children() - before);
            CHECK(done.code == 0);
            CHECK(split(done.out, '\n').size() == 101);
        }
        CHECK(quickest < limit);
    }
}
