// SPDX-License-Identifier: Apache-2.0
// Declared storage parameters with the built program: kills between any two steps, two at once,
// somebody who changes them in between, vacuums in the way.
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <thread>

#include "faults/parameter_scene.hpp"
#include "support/hour.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("there and back again; a second time changes nothing")
    {
        parameter_scene const g;
        CHECK(g.parameters() == original);
        CHECK(g.run({"autovacuum", "status"}).code == 3);
        auto const dry = g.run({"--dry-run", "autovacuum", "apply"});
        CHECK(dry.code == 0);
        CHECK(has(dry.out, "ALTER TABLE \"public\".\"plain\" SET"));
        CHECK(g.parameters() == original);
        CHECK(g.saved() == 0);

        CHECK(g.apply().code == 0);
        CHECK(g.parameters() == done);
        CHECK(g.saved() == 8); // three tables and the partitioned one, two parameters each
        auto const versions = "SELECT string_agg(xmin::text, ',' ORDER BY oid) FROM pg_class WHERE "
                              "relnamespace = 'public'::regnamespace";
        auto const before = g.db.value(versions);
        auto const again = g.apply();
        CHECK(again.code == 0);
        CHECK(has(again.out, "6 declared storage parameters are in force"));
        CHECK(g.db.value(versions) == before);
        CHECK(g.run({"autovacuum", "status"}).code == 0);

        CHECK(g.revert().code == 0);
        CHECK(g.parameters() == back);
        CHECK(g.saved() == 0);
        CHECK(has(g.revert().out, "no storage parameter is set by pgtend"));
    }

    TEST_CASE("what the dry run prints does the same in psql")
    {
        parameter_scene const g;
        auto const script =
            g.files.write("apply.sql", g.run({"--dry-run", "autovacuum", "apply"}).out);
        auto const psql =
            server_variable("BIN") + "/psql -Xq -f '" + script + "' -d \"" + g.db.dsn() + "\"";
        CHECK(std::system(psql.c_str()) == 0);
        CHECK(g.parameters() == done);
        CHECK(g.revert().code == 0);
        CHECK(g.parameters() == back);
    }

    TEST_CASE("what somebody changes afterwards is theirs, until --force")
    {
        parameter_scene const g;
        REQUIRE(g.apply().code == 0);
        g.db.psql("ALTER TABLE plain SET (autovacuum_vacuum_scale_factor = 0.01)");
        auto const left = g.apply();
        CHECK(left.code == 0);
        CHECK(has(left.out, "public.plain: autovacuum_vacuum_scale_factor is 0.01, changed by "
                            "somebody since pgtend set it to 0.05 (before: 0.3): left alone"));
        auto const status = g.run({"-o", "json", "autovacuum", "status"});
        CHECK(status.code == 3);
        CHECK(has(status.out, "\"changed_since\""));
        auto const reverted = g.revert();
        CHECK(reverted.code == 0);
        CHECK(has(reverted.out, "left alone"));
        CHECK(g.parameters() ==
              "orders_a /, orders_b /, plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.01}/");
        CHECK(g.saved() == 1);

        // Forced: theirs is what it was before.
        CHECK(g.apply({"--force"}).code == 0);
        CHECK(g.parameters() == done);
        CHECK(g.revert().code == 0);
        CHECK(g.parameters() ==
              "orders_a /, orders_b /, plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.01}/");
        CHECK(g.saved() == 0);

        // And back by force, over what somebody set.
        CHECK(g.apply().code == 0);
        g.db.psql("ALTER TABLE plain SET (autovacuum_vacuum_scale_factor = 0.2)");
        CHECK(g.revert({"--force"}).code == 0);
        CHECK(g.parameters() ==
              "orders_a /, orders_b /, plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.01}/");
        CHECK(g.saved() == 0);
    }

    TEST_CASE("somebody who changes it between the plan and the lock is not overrun")
    {
        parameter_scene const g;
        for (auto const &[command, theirs] : {std::pair{"apply", "0.01"}, {"revert", "0.02"}}) {
            CAPTURE(command);
            process run{g.arguments({"autovacuum", command, "public.plain"}),
                        {{"PGTEND_STOP_AT", "before begin"}}};
            eventually("the plan is made", [&] { return run.stands_still(); });
            g.db.psql(
                fmt::format("ALTER TABLE plain SET (autovacuum_vacuum_scale_factor = {})", theirs));
            run.signal(SIGCONT);
            auto const ended = run.wait();
            CAPTURE(ended.err);
            CHECK(ended.code == 1);
            CHECK(has(ended.err, "public.plain: autovacuum_vacuum_scale_factor was changed by "
                                 "somebody while this ran"));
            CHECK(has(ended.err, "(SQLSTATE 55000)"));
            CHECK(has(ended.err, "HINT: Run it again."));
            CHECK(g.db.value("SELECT reloptions::text FROM pg_class WHERE relname = 'plain'") ==
                  fmt::format("{{fillfactor=70,autovacuum_vacuum_scale_factor={}}}", theirs));
            CHECK((g.saved() == 0) == (std::string{command} == "apply"));
            CHECK(g.apply({"public.plain", "--force"}).code == 0);
        }
    }

    TEST_CASE("a kill between any two steps leaves each table done and saved, or as it was")
    {
        parameter_scene const g;
        // What is set by pgtend is saved, and what is saved is set by it.
        constexpr char halves[] =
            "SELECT count(*) FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE "
            "c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND (SELECT count(*) FROM "
            "pgtend.storage_parameter s WHERE s.relation = c.oid) <> CASE WHEN "
            "'autovacuum_vacuum_scale_factor=0.05' = ANY (c.reloptions) AND "
            "'autovacuum_vacuum_threshold=7' = ANY (t.reloptions) THEN 2 WHEN t.reloptions IS NULL "
            "AND NOT coalesce('autovacuum_vacuum_scale_factor=0.05' = ANY (c.reloptions), false) "
            "THEN 0 ELSE -1 END";
        for (auto const *command : {"apply", "revert"}) {
            for (auto const *at : {"before commit", "after commit"}) {
                for (int const time : {1, 2, 4}) {
                    auto const point = fmt::format("{}:{}", at, time);
                    CAPTURE(command);
                    CAPTURE(point);
                    process run{g.arguments({"autovacuum", command}), {{"PGTEND_KILL_AT", point}}};
                    CHECK(run.wait().code == 128 + SIGKILL);
                    eventually("the server has noticed", [&] {
                        return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                       "current_database() AND application_name LIKE "
                                       "'pgtend/autovacuum%'") == 0;
                    });
                    CHECK(g.count(halves) == 0);
                    bool const there = std::string{command} == "apply";
                    CHECK((there ? g.apply() : g.revert()).code == 0);
                    CHECK(g.parameters() == (there ? done : back));
                    // And once more from where it began.
                    CHECK((there ? g.revert() : g.apply()).code == 0);
                    CHECK(g.parameters() == (there ? back : done));
                }
            }
            g.apply();
        }
    }

    TEST_CASE("two at once do each table once")
    {
        parameter_scene const g;
        for (int round = 0; round < 3; ++round) {
            // Both have planned before either begins.
            process first{g.arguments({"autovacuum", "apply"}),
                          {{"PGTEND_STOP_AT", "before begin"}}};
            process second{g.arguments({"autovacuum", "apply"}),
                           {{"PGTEND_STOP_AT", "before begin"}}};
            eventually("both have planned",
                       [&] { return first.stands_still() && second.stands_still(); });
            first.signal(SIGCONT);
            second.signal(SIGCONT);
            auto const one = first.wait(), other = second.wait();
            CAPTURE(one.err);
            CAPTURE(other.err);
            CHECK(one.code == 0);
            CHECK(other.code == 0);
            CHECK(g.parameters() == done);
            CHECK(g.saved() == 8);
            CHECK(g.count("SELECT count(*) FROM pgtend.storage_parameter WHERE original = '0.05' "
                          "OR original = '7'") == 0);
            CHECK(g.revert().code == 0);
            CHECK(g.parameters() == back);
        }
    }

    TEST_CASE("a vacuum in the way is named, the others are changed; autovacuum gives way")
    {
        parameter_scene const g;
        g.db.psql("INSERT INTO plain SELECT g FROM generate_series(1, 100000) g");
        g.db.psql("DELETE FROM plain WHERE a % 2 = 0");
        auto vacuum = g.db.connect();
        vacuum.run("SET vacuum_cost_delay = 100");
        vacuum.run("SET vacuum_cost_limit = 1");
        std::jthread const works{[&] {
            try {
                vacuum.run("VACUUM plain");
            } catch (std::exception const &) { // ended below
            }
        }};
        eventually("the vacuum has its lock", [&] {
            return g.count("SELECT count(*) FROM pg_locks WHERE relation = 'plain'::regclass AND "
                           "mode = 'ShareUpdateExclusiveLock' AND granted") == 1;
        });
        auto const pid = std::to_string(vacuum.backend_pid());
        auto const in_the_way = g.apply({"--lock-deadline", "300ms"});
        CHECK(in_the_way.code == 1);
        CHECK(has(in_the_way.err, "public.plain is locked, given up after"));
        CHECK(has(in_the_way.err, "pid " + pid));
        CHECK(has(in_the_way.err, "SQLSTATE 55P03"));
        CHECK(g.db.value("SELECT string_agg(relation::text, ' ' ORDER BY relation::text) FROM "
                         "(SELECT DISTINCT relation FROM pgtend.storage_parameter) s") ==
              "orders orders_a orders_b");
        CHECK(g.count("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
                      "'plain'::regclass") == 0);
        g.db.psql("SELECT pg_terminate_backend(" + pid + ")");
        eventually("the vacuum is gone", [&] {
            return g.count("SELECT count(*) FROM pg_locks WHERE relation = 'plain'::regclass") == 0;
        });
        CHECK(g.apply().code == 0);
        CHECK(g.parameters() == done);
    }

    TEST_CASE("an autovacuum worker gives way, whether it works on the table or on its TOAST table")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum_naptime = '1s'");
        server.psql("SELECT pg_reload_conf()");
        REQUIRE(test::pgtend({"-d", server.dsn(), "init"}).code == 0);
        server.psql("CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = false, "
                    "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, "
                    "toast.autovacuum_enabled = false, toast.autovacuum_vacuum_cost_delay = 100, "
                    "toast.autovacuum_vacuum_cost_limit = 1)");
        server.psql("ALTER TABLE t ALTER b SET STORAGE EXTERNAL");
        server.psql("INSERT INTO t SELECT g, repeat('x', 3000) FROM generate_series(1, 5000) g");
        server.psql("DELETE FROM t WHERE a % 2 = 0");
        for (std::string const part : {"", "toast."}) {
            CAPTURE(part);
            server.psql("ALTER TABLE t SET (" + part + "autovacuum_enabled = true)");
            auto const worker = [&] {
                return server.value(
                    "SELECT coalesce(min(l.pid), 0) FROM pg_locks l JOIN pg_stat_activity a USING "
                    "(pid) JOIN pg_class c ON c.relname = 't' WHERE a.backend_type = 'autovacuum "
                    "worker' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock' AND l.relation "
                    "= " +
                    std::string{part.empty() ? "c.oid" : "c.reltoastrelid"});
            };
            eventually("autovacuum is at work", [&] { return worker() != "0"; });
            auto const pid = worker();
            auto const applied =
                test::pgtend({"-d", server.dsn(), "autovacuum", "apply", "t", "--set",
                              part + "enabled=false", "--lock-deadline", "10s"});
            CAPTURE(applied.err);
            CHECK(applied.code == 0);
            CHECK(worker() != pid);
        }
    }
}
