// SPDX-License-Identifier: Apache-2.0
// plan and apply: the database against what the file declares.
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "jobs/declared.hpp"
#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/launch.hpp"
#include "support/process.hpp"
#include "support/terminal.hpp"
#include "tools/run.hpp"

using namespace pgtend;
using test::eventually;
using test::has;

namespace {

// Two tables without partitions, declared from 2025-01 on.
struct monthly_tables {
    test::database db;
    test::scratch files;
    std::string config;

    monthly_tables()
    {
        for (auto const *table : {"orders", "rides"}) {
            db.psql(fmt::format("CREATE TABLE {} (id int, at timestamptz NOT NULL) PARTITION BY "
                                "RANGE (at)",
                                table));
        }
        config = files.write(
            "pgtend.yaml",
            fmt::format("version: 1\ntargets:\n  db: {{ dsn: \"{}\" }}\npartitions:\n"
                        "  - {{ table: public.orders, key: at, every: month, from: 2025-01 }}\n"
                        "  - {{ table: public.rides, key: at, every: month, from: 2025-01 }}\n",
                        db.dsn()));
    }

    std::vector<std::string> arguments(std::vector<std::string> args) const
    {
        args.insert(args.begin(), {"-c", config});
        return args;
    }

    test::finished run(std::vector<std::string> args,
                       test::environment_changes const &changes = {}) const
    {
        return test::pgtend(arguments(std::move(args)), changes);
    }

    // As a person at a terminal would see it, who answers this.
    test::finished answered(std::string const &answer, std::vector<std::string> args) const
    {
        std::ostringstream out, err;
        std::istringstream in{answer};
        system_clock time;
        tools::io outside{.out = out,
                          .err = err,
                          .in = in,
                          .in_is_terminal = true,
                          .environment = [](std::string const &) { return std::nullopt; },
                          .time = time,
                          .random = system_random()};
        auto const code = tools::run(arguments(std::move(args)), outside);
        return {.code = code, .out = out.str(), .err = err.str()};
    }

    int partitions(std::string const &table) const
    {
        return std::stoi(db.value("SELECT count(*) FROM pg_inherits WHERE inhparent = '" + table +
                                  "'::regclass"));
    }
};

std::vector<qualified_name> tables_of(model::configuration const &all)
{
    std::vector<qualified_name> out;
    for (auto const &policy : all.partitions) {
        out.push_back(policy.table);
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("what is declared is narrowed by section and object; unknown ones get the nearest")
    {
        model::configuration all;
        all.partitions.resize(2);
        all.partitions[0].table = {"public", "orders"};
        all.partitions[1].table = {"public", "rides"};
        std::vector<qualified_name> const rides{{"public", "rides"}};
        CHECK(tables_of(jobs::narrowed(all, {}, {})).size() == 2);
        CHECK(tables_of(jobs::narrowed(all, {}, rides)) == rides);
        std::vector<std::string> const partitions{"partitions"};
        CHECK(tables_of(jobs::narrowed(all, partitions, {})).size() == 2);

        auto const hint = [&](std::vector<std::string> const &sections,
                              std::vector<qualified_name> const &objects) {
            try {
                jobs::narrowed(all, sections, objects);
            } catch (usage_error const &e) {
                return e.hint();
            }
            return std::string{"accepted"};
        };
        CHECK(has(hint({"partition"}, {}), "partitions"));
        CHECK(has(hint({}, {{"public", "ride"}}), "public.rides"));
        CHECK(has(hint({}, {{"", "ride"}}), "did you mean rides?"));
        std::vector<qualified_name> const anywhere{{"", "rides"}};
        CHECK(tables_of(jobs::narrowed(all, {}, anywhere)) == rides);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("plan exits 3 on a difference, apply removes it, plan exits 0")
    {
        monthly_tables m;
        auto const before = m.run({"plan"});
        CHECK_MESSAGE(before.code == 3, before.err);
        CHECK(has(before.out, "create partition public.orders_2025_01"));
        CHECK(has(before.out, "2025-01 is missing"));
        CHECK(m.partitions("orders") == 0);
        auto const applied = m.run({"apply", "--yes"});
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(m.partitions("orders") >= 12);
        CHECK(m.partitions("rides") == m.partitions("orders"));
        auto const after = m.run({"plan"});
        CHECK_MESSAGE(after.code == 0, after.err);
        CHECK(has(after.out, "the database is as the file declares it"));
        CHECK(has(m.run({"apply"}).out, "nothing to do"));
    }

    TEST_CASE("of one object; in other forms")
    {
        monthly_tables m;
        auto const json = m.run({"-o", "json", "plan", "public.rides"});
        CHECK(json.code == 3);
        CHECK(has(json.out, "\"schema\": \"pgtend/plan/1\""));
        CHECK(has(json.out, "CREATE TABLE \\\"public\\\".\\\"rides_2025_01\\\""));
        CHECK(!has(json.out, "orders"));
        auto const markdown = m.run({"-o", "markdown", "plan", "public.rides"});
        CHECK(has(markdown.out, "| partitions | create partition public.rides\\_2025\\_01 |"));
        auto const script = m.run({"-o", "sql", "plan", "public.rides"});
        CHECK(script.code == 3);
        CHECK(m.partitions("rides") == 0);
        CHECK(has(script.out, "\\set ON_ERROR_STOP on\n"));
        m.db.psql(replace_all(script.out, "\\set ", "-- ")); // what a DBA runs himself
        CHECK(m.partitions("rides") >= 12);
        CHECK(m.run({"plan", "--only", "partitions", "public.rides"}).code == 0);
        CHECK(m.run({"plan", "public.bookings"}).code == 2);
        CHECK(m.run({"-o", "sql", "job", "list"}).code == 2);
    }

    TEST_CASE("apply asks: no terminal, no, yes")
    {
        monthly_tables m;
        auto const nobody = m.run({"apply"});
        CHECK(nobody.code == 2);
        CHECK(has(nobody.err, "--yes"));
        for (auto const *answer : {"n\n", "\n", "", "yess\n"}) {
            auto const refused = m.answered(answer, {"apply"});
            CHECK(refused.code == 130);
            CHECK(has(refused.err, "nothing was applied"));
        }
        CHECK(m.run({"--dry-run", "apply"}).code == 0);
        CHECK(m.partitions("orders") == 0);
        auto const agreed = m.answered("y\n", {"apply", "public.orders"});
        CHECK_MESSAGE(agreed.code == 0, agreed.err);
        CHECK(has(agreed.err, "steps to db? [y/N]"));
        CHECK(m.partitions("orders") >= 12);
        CHECK(m.partitions("rides") == 0);
    }

    TEST_CASE("^C and SIGTERM are answers, too")
    {
        monthly_tables const m;
        for (std::string const how : {"^C", "SIGTERM"}) {
            test::terminal person{test::pgtend_words(m.arguments({"apply"})), 80};
            person.until("[y/N]");
            if (how == "^C") {
                person.type("\x03");
            } else {
                person.send(SIGTERM);
            }
            CHECK(person.wait(std::chrono::seconds{5}).code == 130);
        }
        CHECK(m.partitions("orders") == 0);
    }

    TEST_CASE("a script of several sections says that one may ask for more of another")
    {
        monthly_tables const m;
        std::string const told = "what one section makes may ask for more of another";
        CHECK_FALSE(has(m.run({"plan", "-o", "sql"}).out, told));
        std::ofstream{m.config, std::ios::app}
            << "indexes:\n  - { table: public.orders, name: orders_id, on: \"(id)\" }\n";
        CHECK(has(m.run({"plan", "-o", "sql"}).out, told));
    }

    TEST_CASE("apply killed after any commit: the next one finishes")
    {
        monthly_tables m;
        for (auto const *at : {"after begin:3", "before commit:3", "after commit:5"}) {
            CHECK(m.run({"apply", "--yes"}, {{"PGTEND_KILL_AT", at}}).code == 137);
        }
        auto const applied = m.run({"apply", "--yes"});
        CHECK_MESSAGE(applied.code == 0, applied.err);
        CHECK(m.run({"plan"}).code == 0);
    }

    TEST_CASE("four applies at once: all succeed, everything is made once")
    {
        monthly_tables m;
        std::vector<std::unique_ptr<test::process>> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(std::make_unique<test::process>(m.arguments({"apply", "--yes"})));
        }
        for (auto const &each : all) {
            auto const done = each->wait();
            CHECK_MESSAGE(done.code == 0, done.err);
        }
        CHECK(m.run({"plan"}).code == 0);
    }

    TEST_CASE("a partition without the row level security of its table: found, and mended alone")
    {
        monthly_tables m;
        m.db.psql("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
        REQUIRE(m.run({"apply", "--yes"}).code == 0);
        REQUIRE(m.run({"plan"}).code == 0);
        m.db.psql("ALTER TABLE orders_2025_02 DISABLE ROW LEVEL SECURITY");
        auto const planned = m.run({"plan"});
        CHECK(planned.code == 3);
        CHECK(has(planned.out, "1 difference"));
        CHECK(has(planned.out, "enable row level security of public.orders_2025_02"));
        CHECK(m.run({"plan", "public.rides"}).code == 0);
        CHECK(m.run({"apply", "--yes"}).code == 0);
        CHECK(m.run({"plan"}).code == 0);
        CHECK(m.db.value("SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname LIKE "
                         "'orders%'") == std::to_string(m.partitions("orders") + 1));
    }

    TEST_CASE("what cannot be made is told by plan and fails in apply, and the rest is done")
    {
        monthly_tables m;
        m.db.psql("CREATE TABLE rides_2025_01 (mine int)");
        auto const before = m.run({"plan"});
        CHECK(before.code == 3);
        CHECK(has(before.out, "cannot be done"));
        CHECK(has(before.out, "rides_2025_01"));
        auto const applied = m.run({"apply", "--yes"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "rides_2025_01"));
        CHECK(m.partitions("rides") == m.partitions("orders") - 1);
        CHECK(m.run({"plan"}).code == 3);
    }

    TEST_CASE(
        "a table that somebody makes while apply works: that its partitions could not be made "
        "stays a failure, they are missing now")
    {
        monthly_tables m;
        m.db.psql("DROP TABLE rides; CREATE FUNCTION make_rides() RETURNS event_trigger LANGUAGE "
                  "plpgsql AS $$ BEGIN IF to_regclass('public.rides') IS NULL THEN CREATE TABLE "
                  "public.rides (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at); END IF; "
                  "END $$; CREATE EVENT TRIGGER somebody ON ddl_command_end WHEN TAG IN ('CREATE "
                  "TABLE') EXECUTE FUNCTION make_rides()");
        auto const applied = m.run({"apply", "--yes"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "public.rides does not exist"));
        CHECK(m.partitions("orders") > 0);
        CHECK(m.partitions("rides") == 0);
        CHECK(m.run({"apply", "--yes"}).code == 0);
        CHECK(m.partitions("rides") == m.partitions("orders"));
    }

    TEST_CASE("an index that cannot be built fails apply; the next one mends what it left")
    {
        test::database db;
        test::scratch files;
        db.psql("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
        auto const config = files.write(
            "pgtend.yaml",
            fmt::format("version: 1\ntargets:\n  db: {{ dsn: \"{}\" }}\nindexes:\n  - {{ table: "
                        "public.t, name: t_id, on: (id), unique: true }}\n",
                        db.dsn()));
        auto const applied = test::pgtend({"-c", config, "apply", "--yes"});
        CHECK(applied.code == 1);
        CHECK(has(applied.err, "SQLSTATE 23505"));
        CHECK(test::pgtend({"-c", config, "plan"}).code == 3);
        db.psql("DELETE FROM t");
        auto const again = test::pgtend({"-c", config, "apply", "--yes"});
        CHECK_MESSAGE(again.code == 0, again.err);
        CHECK(test::pgtend({"-c", config, "plan"}).code == 0);
    }
}
