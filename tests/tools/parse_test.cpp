// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <doctest/doctest.h>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/called.hpp"
#include "tools/parse.hpp"

using namespace pgtend;
using test::call;

TEST_SUITE("nodb")
{
    TEST_CASE("a mistyped command gets the nearest one, exit 2")
    {
        auto const top = call({"tik"});
        CHECK(top.code == 2);
        CHECK(top.err.find("did you mean 'tick'?") != std::string::npos);
        auto const second = call({"job", "lst"});
        CHECK(second.code == 2);
        CHECK(second.err.find("did you mean 'job list'?") != std::string::npos);
        CHECK(call({"job"}).code == 2);
        CHECK(call({}).code == 2);
        CHECK(call({"frobnicate"}).err.find("pgtend --help") != std::string::npos);
    }

    TEST_CASE("what is nearly a command gets the one that was meant")
    {
        struct {
            std::vector<std::string> typed;
            char const *meant;
        } const cases[] = {
            {{"partitions", "create"}, "'partition create'"},
            {{"partition", "creat"}, "'partition create'"},
            {{"partitions", "create", "public.t"}, "'partition create'"},
            {{"create", "partition"}, "'partition create'"},
            {{"create", "partitions"}, "'partition create'"},
            {{"refresh", "matview", "public.m"}, "'matview refresh'"},
            {{"list", "jobs"}, "'job list'"},
            {{"jobs"}, "'job'"},
            {{"job-list"}, "'job list'"},
            {{"history"}, "'job history'"},
            {{"job", "refresh"}, "'matview refresh'"},
            {{"job", "tick"}, "'tick'"},
            {{"clenup", "public.sessions"}, "'cleanup'"},
            {{"-h", "localhost", "-qd", "shop", "tik"}, "'tick'"},
            {{"help", "jbo", "list"}, "'job list'"},
        };
        for (auto const &c : cases) {
            CAPTURE(c.typed[0]);
            auto const done = call(c.typed);
            CHECK(done.code == 2);
            CHECK_MESSAGE(done.err.find(std::string{"did you mean "} + c.meant) !=
                              std::string::npos,
                          done.err);
        }
        // What stands behind a command of one word may be anything.
        CHECK(call({"clenup", "secret"}).err.find("secret") == std::string::npos);
    }

    TEST_CASE("values of the options of every command are no commands")
    {
        for (auto const &command : tools::commands()) {
            for (auto const &o : tools::help_of(&command).global) {
                for (auto const &name : o.flags) {
                    INFO(name);
                    auto const done = call({name, "tik", "tick"});
                    CHECK((done.err.find("no command 'tik'") == std::string::npos) ==
                          o.takes_value());
                }
            }
        }
    }

    TEST_CASE("a mistyped value gets the nearest one; a mistyped option also when one is missing")
    {
        auto const says = [](std::vector<std::string> const &args, std::string const &part) {
            auto const done = call(args);
            CHECK(done.code == 2);
            CHECK_MESSAGE(done.err.find(part) != std::string::npos, done.err);
        };
        says({"-o", "jsn", "tick"}, "did you mean json?");
        says({"--color", "alway", "tick"}, "did you mean always?");
        says({"partition", "create", "t", "--key", "k", "--every", "mnth"}, "did you mean month?");
        says({"job", "history", "--status", "faild"}, "did you mean failed?");
        says({"cleanup", "t", "--wher", "true"}, "did you mean --where?");
        says({"cleanup", "t", "--where", "true", "--maxrows", "3"}, "did you mean --max-rows?");
        says({"tick", "--stop-timeout", "5 mins ago"}, "--stop-timeout");
        says({"tick", "--dsn", "x"}, "see pgtend tick --help");
        says({"tick", "extra"}, "unexpected argument 'extra'");
        says({"tick", "-h"}, "--help");
    }

    TEST_CASE("a mistyped option gets the nearest one, exit 2")
    {
        auto const wrong = call({"tick", "--max-paralel", "3"});
        CHECK(wrong.code == 2);
        CHECK(wrong.err.find("did you mean --max-parallel?") != std::string::npos);
        CHECK(call({"tick", "--max-parallel", "0"}).code == 2);
        CHECK(call({"tick", "--max-parallel", "many"}).code == 2);
        CHECK(call({"tick", "--stop-timeout", "5"}).err.find("unit") != std::string::npos);
    }

    TEST_CASE("help and version need nothing and exit 0, wherever the word stands")
    {
        for (auto const &args :
             std::vector<std::vector<std::string>>{{"--help"},
                                                   {"-?"},
                                                   {"help"},
                                                   {"tick", "--help"},
                                                   {"help", "tick"},
                                                   {"job", "--help"},
                                                   {"help", "job", "list"},
                                                   {"-o", "json", "-hx", "tick", "-?"},
                                                   {"--version"}}) {
            auto const done = call(args);
            CHECK(done.code == 0);
            CHECK(!done.out.empty());
            CHECK(done.err.empty());
        }
        CHECK(call({"--version"}).out.find("libpqxx") != std::string::npos);
    }

    TEST_CASE("options that exclude each other")
    {
        using line = std::vector<std::string>;
        for (auto const &args :
             {line{"init", "--remove", "--adopt"}, line{"init", "--remove", "--print-grants", "x"},
              line{"init", "--adopt", "--print-grants", "x"},
              line{"init", "--test-clock", "--remove"}, line{"init", "--test-clock", "--adopt"},
              line{"tick", "-v", "-q"}, line{"vacuum", "run", "--analyze", "--only-analyze"},
              line{"schedule", "next", "--batch", "f", "--zone", "UTC"},
              line{"schedule", "next", "--batch", "f", "--from", "x"},
              line{"schedule", "next", "--batch", "f", "-n", "3"},
              line{"schedule", "next", "--batch", "f", "--day-match", "all"},
              line{"partition", "create", "t", "--every", "month"},
              line{"partition", "create", "t", "--key", "k"},
              line{"-d", "host=/nonexistent", "-t", "x", "job", "list"}}) {
            CHECK_MESSAGE(call(args).code == 2, args.back());
        }
    }

    TEST_CASE("command names are unique, and each group has members")
    {
        std::set<std::string_view> names;
        for (auto const &c : tools::commands()) {
            CHECK(names.insert(c.name).second);
        }
        for (auto const &g : tools::groups()) {
            auto const has = std::any_of(names.begin(), names.end(), [&](auto name) {
                return name.starts_with(std::string{g.name} + " ");
            });
            CHECK(has);
        }
    }

    TEST_CASE("commands that need a file or a value say so")
    {
        CHECK(call({"tick"}).err.find("-c FILE") != std::string::npos);
        CHECK(call({"cleanup", "t"}).code == 2);
        CHECK(call({"expire", "t", "--where", "a"}).err.find("--set") != std::string::npos);
        CHECK(call({"expire", "t", "--where", "a", "--set", "novalue"}).code == 2);
        CHECK(call({"job", "pause"}).code == 2);
        CHECK(call({"-c", "/nonexistent/file.yaml", "tick"}).code == 2);
    }

    TEST_CASE("schedule next needs neither file nor server")
    {
        auto const done = call({"schedule", "next", "30 2 * * *", "--zone", "Europe/Berlin",
                                "--from", "2026-03-28T12:00:00Z", "-n", "2"});
        CHECK(done.code == 0);
        CHECK(done.out.find("2026-03-29T01:00:00Z") != std::string::npos);
        CHECK(done.out.find("2026-03-30T02:30:00+02:00") != std::string::npos);
        CHECK(call({"schedule", "next", "61 * * * *"}).code == 2);
        CHECK(call({"-o", "json", "schedule", "next", "@daily"})
                  .out.find("\"schema\": \"pgtend/schedule-next/1\"") != std::string::npos);
    }
}
