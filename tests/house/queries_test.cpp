// SPDX-License-Identifier: Apache-2.0
// Every query of sql/ on the running server: a wrong name or type is found here and not at night.
#include <algorithm>
#include <cctype>
#include <doctest/doctest.h>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "ledger/init.hpp"
#include "sql/queries.hpp"
#include "support/database.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

// The comment at the top of a file tells what the query needs and what its parameters are.
struct heading {
    int since = 0;                      // "-- since: 17"
    std::vector<std::string> requires_; // "-- requires: pg_cron"
    std::set<int> parameters;           // mentioned as $n
    bool explained = false;             // says something besides tags
};

std::set<int> parameters_in(std::string_view text)
{
    std::set<int> out;
    for (std::size_t at = text.find('$'); at != std::string_view::npos;
         at = text.find('$', at + 1)) {
        int number = 0;
        for (auto i = at + 1;
             i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i) {
            number = number * 10 + (text[i] - '0');
        }
        if (number > 0) {
            out.insert(number);
        }
    }
    return out;
}

struct query {
    heading top;
    std::string body;
};

query query_of(std::string_view name)
{
    auto const text = read(root() / "sql" / (std::string{name} + ".sql"));
    query out;
    bool in_heading = true;
    for (auto const &line : lines_of(text)) {
        in_heading = in_heading && line.starts_with("--");
        if (!in_heading) {
            auto const comment = line.find("-- ");
            out.body += line.substr(0, comment) + "\n";
            continue;
        }
        auto const words = trim(std::string_view{line}.substr(2));
        if (words.starts_with("since: ")) {
            out.top.since = std::stoi(std::string{words.substr(7)});
        } else if (words.starts_with("requires: ")) {
            out.top.requires_ = list_of(std::string{words.substr(10)});
        } else if (!words.starts_with("SPDX-")) {
            out.top.explained = true;
        }
        out.top.parameters.merge(parameters_in(line));
    }
    return out;
}

bool is_migration(std::string_view name)
{
    return name.starts_with("migration_");
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("every query is explained on top, with each of its parameters and no other")
    {
        REQUIRE(sql::all().size() > 20);
        for (auto const &[name, text] : sql::all()) {
            auto const parts = query_of(name);
            INFO("sql/", name, ".sql");
            CHECK(parts.top.explained);
            if (!is_migration(name)) {
                CHECK(parts.top.parameters == parameters_in(parts.body));
            }
        }
    }

    TEST_CASE("the embedded queries are the files of sql/")
    {
        std::set<std::string> embedded;
        for (auto const &[name, text] : sql::all()) {
            embedded.insert(std::string{name});
        }
        std::set<std::string> files;
        for (auto const &entry : std::filesystem::directory_iterator{root() / "sql"}) {
            if (entry.path().extension() == ".sql") {
                files.insert(entry.path().stem().string());
            }
        }
        CHECK(embedded == files);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("every query can be prepared on this server")
    {
        test::database const base;
        auto session = base.connect();
        system_clock time;
        ledger::init(session, {}, time, system_random());
        auto const version =
            session.run("SELECT current_setting('server_version_num')::integer / 10000")
                .integer(0, 0);
        session.run(
            "SELECT pg_catalog.set_config('search_path', '', false)"); // names must be qualified
        int prepared = 0;
        for (auto const &[name, text] : sql::all()) {
            auto const parts = query_of(name);
            if (is_migration(name) || parts.top.since > version) {
                continue;
            }
            bool available = true;
            for (auto const &extension : parts.top.requires_) {
                available =
                    available &&
                    !session
                         .run("SELECT 1 FROM pg_catalog.pg_extension WHERE extname = $1::text",
                              {extension})
                         .empty();
            }
            if (!available) {
                continue;
            }
            INFO("sql/", name, ".sql");
            CHECK_NOTHROW(
                session.run("PREPARE \"" + std::string{name} + "\" AS " + std::string{text}));
            ++prepared;
        }
        CHECK(prepared > 20);
    }

    TEST_CASE("a wrong column is noticed")
    {
        test::database const base;
        auto session = base.connect();
        CHECK_THROWS_AS(session.run("PREPARE wrong AS SELECT relnome FROM pg_catalog.pg_class"),
                        error);
    }
}
