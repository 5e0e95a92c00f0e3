// SPDX-License-Identifier: Apache-2.0
// Any bytes are answered, soon.
#include <ctime>
#include <doctest/doctest.h>
#include <functional>
#include <random>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string repeated(std::string const &part, std::size_t bytes)
{
    std::string out;
    while (out.size() + part.size() <= bytes) {
        out += part;
    }
    return out;
}

// Of the processor: what else the machine does is not counted.
double seconds_of(std::function<void()> const &work)
{
    auto const begin = std::clock();
    work();
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t hostile_bytes = 200'000; // a sanitizer costs a factor of ten
#else
constexpr std::size_t hostile_bytes = 990'000;
#endif

std::string thousand_jobs()
{
    std::string out = "version: 1\ntimezone: Africa/Kinshasa\njobs:\n";
    for (int i = 0; i < 1000; ++i) {
        out += "  - name: cleanup-" + std::to_string(i) + "\n    schedule: \"" +
               std::to_string(i % 60) + " " + std::to_string(i % 24) +
               " * * *\"\n    cleanup:\n      table: public.table_" + std::to_string(i) +
               "\n      where: \"seen_at < now() - interval '7 days'\"\n    window: 2h\n";
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a thousand jobs load soon")
    {
        auto const yaml = thousand_jobs();
        CHECK(yaml.size() > 150'000);
        CHECK(seconds_of([&] { CHECK(load(yaml).jobs.size() == 1000); }) <
              2.0); // 25 ms; a busy machine, a sanitizer
    }

    TEST_CASE("hostile shapes of a megabyte")
    {
        std::size_t const most = hostile_bytes;
        std::string const shapes[] = {
            repeated("[", most),
            repeated("{", most),
            repeated("- ", most),
            repeated("? ", most),
            repeated("a: ", most),
            repeated("- - - x\n", most),
            repeated("&a ", most),
            repeated("!x ", most),
            repeated("\"", most),
            repeated("'", most),
            repeated("|\n ", most),
            repeated("a: x\n", most),
            "[" + repeated("a,", most),
            "{" + repeated("a,", most),
            repeated("#\n", most),
            repeated("\n", most),
            repeated("---\n", most),
            repeated("x\n", most),
            repeated(" ", most),
            "a: " + repeated("x y ", most),
            "\"" + repeated("\\x41", most) + "\"",
            "a: |\n" + repeated("  x\n", most),
            "jobs: [" + repeated("{},", most) + "]",
            repeated("? a\n", most),
            repeated("[a, ", most),
            "jobs:\n" + repeated("- {name: a}\n", most),
            "a: " + repeated("x\n\n ", most),
            "version: 1\ntargets: {" + repeated("x,", most) + "}",
            "%" + repeated("TAG ! x ", most),
        };
        for (auto const &shape : shapes) {
            CAPTURE(shape.substr(0, 20));
            CHECK(seconds_of([&] { CHECK_FALSE(problems(shape).empty()); }) < 10.0);
        }
    }

    TEST_CASE("bytes at random, and damaged files")
    {
        std::mt19937 random{20250101}; // the same each time
        std::string const good =
            "version: 1\ntargets: { a: { dsn: \"${X}\" } }\njobs:\n  - name: a\n    schedule: "
            "\"*/5 * * * *\"\n"
            "    expire: { table: a.b, where: \"x < 1\", set: { c: { sql: \"now()\" } } }\n";
        std::string const pool = " \n\t:-,[]{}\"'#&*!|>%@`?~$\\abc019\xC3\xA9\xFF";
        for (int i = 0; i < 3000; ++i) {
            std::string yaml = i % 2 == 0 ? good : std::string{};
            auto const changes = 1 + random() % 20;
            for (unsigned c = 0; c < changes; ++c) {
                auto const at = yaml.empty() ? 0 : random() % yaml.size();
                if (random() % 2 == 0) {
                    yaml.insert(at, 1, pool[random() % pool.size()]);
                } else if (!yaml.empty()) {
                    yaml.erase(at, 1 + random() % 3);
                }
            }
            try {
                load(yaml, {{"X", "s3cr3t"}});
            } catch (config_error const &e) {
                REQUIRE_FALSE(e.diagnostics().empty());
                REQUIRE(std::string{e.what()}.find("s3cr3t") == std::string::npos);
            }
        }
    }
}
