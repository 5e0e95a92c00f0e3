// SPDX-License-Identifier: Apache-2.0
// vacuum status on real servers: what runs, who is in the way, what cannot be seen.
#include <algorithm>
#include <doctest/doctest.h>
#include <thread>

#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/own_server.hpp"
#include "support/role.hpp"

using namespace pgtend;
using test::has;

namespace {

// The test server is shared: what others leave open is no finding within these limits.
test::finished status(std::string const &dsn, std::vector<std::string> more = {})
{
    std::vector<std::string> args{"-d", dsn, "vacuum", "status"};
    if (std::find(more.begin(), more.end(), "--holder-transactions") == more.end()) {
        args.insert(args.end(), {"--holder-transactions", "2000000000"});
    }
    args.insert(args.end(), more.begin(), more.end());
    return test::pgtend(args);
}

// The object of the list's that names `text`, as JSON has it.
std::string object_with(std::string const &json, std::string const &text)
{
    auto const at = json.find(text);
    if (at == std::string::npos) {
        return "(not there: " + text + ")\n" + json;
    }
    auto const begin = json.rfind('{', at);
    return json.substr(begin, json.find('}', at) - begin);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("nothing wrong: exit 0, and each list says so")
    {
        test::database const db;
        auto const seen = status(db.dsn(), {"--holder-age", "50 days"});
        CHECK(seen.err == "");
        CHECK(seen.code == 0);
        CHECK(has(seen.out, "autovacuum_freeze_max_age") == false);
        CHECK(has(seen.out, db.name()));
        auto const json = status(db.dsn(), {"--holder-age", "50 days", "-o", "json"});
        for (auto const *key : {"running", "holders", "databases", "tables", "due", "findings"}) {
            CHECK(has(json.out, "\"" + std::string{key} + "\": ["));
        }
        CHECK(has(json.out, "\"schema\": \"pgtend/vacuum-status/1\""));
    }

    TEST_CASE("an idle transaction and a prepared one are told with what ends them, exit 3")
    {
        test::database const db;
        auto idle = db.connect();
        idle.run("CREATE TABLE t (a int)");
        idle.begin(pg::isolation::repeatable_read);
        idle.run("SELECT 1");
        auto other = db.connect();
        auto const gid = "left_" + db.name();
        other.batch("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION '" + gid + "'");
        auto const seen = status(db.dsn(), {"--holder-age", "0s"});
        CHECK(seen.code == 3);
        auto const pid = std::to_string(idle.backend_pid());
        CHECK(has(seen.out, "session " + pid));
        CHECK(has(seen.out, "SELECT pg_terminate_backend(" + pid + ")"));
        CHECK(has(seen.out, "ROLLBACK PREPARED '" + gid + "' in database " + db.name()));
        auto const json = status(db.dsn(), {"--holder-age", "0s", "-o", "json"});
        CHECK(has(object_with(json.out, "\"who\": \"" + pid + "\""),
                  "\"state\": \"idle in transaction\""));
        CHECK(has(object_with(json.out, "\"who\": \"" + pid + "\""), "\"too_old\": true"));
        other.run("ROLLBACK PREPARED '" + gid + "'");
        idle.rollback();
        CHECK(!has(status(db.dsn(), {"--holder-age", "0s"}).out, "session " + pid));
    }

    TEST_CASE("a slot that nobody uses holds the catalogs")
    {
        test::database const db;
        auto s = db.connect();
        auto const slot = "left_" + db.name();
        s.run("SELECT pg_create_logical_replication_slot($1::text, 'pgoutput')", {slot});
        s.run("CREATE TABLE t (a int)");
        s.run("INSERT INTO t VALUES (1)");
        auto const seen = status(
            db.dsn(), {"--holder-age", "50 days", "-o", "json", "--holder-transactions", "1"});
        auto const row = object_with(seen.out, "\"who\": \"" + slot + "\"");
        s.run("SELECT pg_drop_replication_slot($1::text)", {slot});
        CHECK(seen.code == 3);
        CHECK(has(row, "\"kind\": \"slot\""));
        CHECK(has(row, "\"state\": \"inactive\""));
        CHECK(has(row, "\"only_catalogs\": true"));
        CHECK(has(row, "pg_drop_replication_slot('" + slot + "')"));
    }

    TEST_CASE("a vacuum that runs is told with its table, its phase and its progress; an own role "
              "sees what it may")
    {
        test::database const db;
        auto s = db.connect();
        test::role const clerk{s, "vacuum_clerk", "LOGIN"};
        s.run("CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = off)");
        s.run("INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 5000) n");
        s.run("DELETE FROM t WHERE a % 2 = 0");
        std::stop_source stop;
        std::jthread const vacuum{[&] {
            auto worker = db.connect();
            worker.run("SET vacuum_cost_delay = 100");
            worker.run("SET vacuum_cost_limit = 1");
            CHECK_THROWS_AS(worker.run("VACUUM t", {}, {.stop = stop.get_token()}), error);
        }};
        std::string row;
        test::eventually("it scans", [&] {
            row = object_with(status(db.dsn(), {"-o", "json"}).out, "\"table\": \"public.t\"");
            return has(row, "\"phase\": \"scanning heap\"");
        });
        CHECK(has(row, "\"command\": \"VACUUM\""));
        CHECK(has(row, "\"by\": \"hand\""));
        CHECK(has(row, "\"progress\": \"scanning heap, "));
        CHECK(!has(row, "\"blocks\": null"));
        CHECK(!has(row, "\"memory_used\": null"));

        auto const hidden = status(db.dsn(clerk.name()));
        CHECK(has(hidden.out, "may not see what others do"));
        CHECK(has(hidden.out, "GRANT pg_monitor TO \"" + clerk.name() + "\""));
        CHECK(has(hidden.out, "not visible"));
        CHECK(has(hidden.out, db.name())); // the rest is told
        s.run("GRANT pg_monitor TO " + clerk.name());
        auto const monitor = status(db.dsn(clerk.name()));
        CHECK(!has(monitor.out, "GRANT"));
        CHECK(has(monitor.out, "scanning heap"));
        stop.request_stop();
    }

    TEST_CASE("a table over its own limit, exit 3; what is due, with the formula's reason")
    {
        test::database const db;
        auto s = db.connect();
        s.run("CREATE TABLE aging (a int) WITH (autovacuum_freeze_max_age = 100000)");
        s.run("CREATE TABLE dirty (a int) WITH (autovacuum_enabled = off)");
        db.psql("INSERT INTO dirty SELECT generate_series(1, 500)"); // counters are sent at the end
        db.psql("DELETE FROM dirty");
        // A number for each round; autovacuum keeps off what is locked against it.
        auto guard = db.connect();
        guard.begin();
        guard.run("LOCK TABLE aging IN SHARE UPDATE EXCLUSIVE MODE");
        s.run("CREATE UNLOGGED TABLE spent (a int) WITH (autovacuum_enabled = off)");
        s.run("DO $$ BEGIN FOR i IN 1..111000 LOOP BEGIN INSERT INTO spent VALUES (1); EXCEPTION "
              "WHEN OTHERS THEN RAISE; END; END LOOP; END $$");
        test::eventually("the rows are counted", [&] {
            return db.value("SELECT pg_stat_get_dead_tuples('dirty'::regclass)") == "500";
        });
        auto const seen = status(db.dsn(), {"--holder-age", "50 days"});
        CHECK(seen.code == 3);
        CHECK(has(seen.out, "public.aging: its oldest transaction is "));
        CHECK(has(seen.out, "HINT: VACUUM \"public\".\"aging\""));
        CHECK(has(seen.out,
                  "500 dead rows, 10.0 times the threshold of 50; 1,000 changed rows, 20.0 "
                  "times the threshold of 50; autovacuum is off for it"));
    }

    TEST_CASE("a standby with hot_standby_feedback is told, also one without a slot")
    {
        test::own_server const server;
        test::standby const copy{server};
        auto there = test::open(copy.dsn());
        there.run("ALTER SYSTEM SET hot_standby_feedback = on");
        there.run("ALTER SYSTEM SET wal_receiver_status_interval = '1s'");
        there.run("SELECT pg_reload_conf()");
        test::eventually("its feedback arrives", [&] {
            return server.value("SELECT count(*) FROM pg_stat_replication WHERE backend_xmin IS "
                                "NOT NULL") == "1";
        });
        server.psql("CREATE TABLE t (a int)");
        server.psql("INSERT INTO t VALUES (1)");
        auto const seen = status(server.dsn(), {"-o", "json"});
        auto const row = object_with(seen.out, "\"kind\": \"standby\"");
        CHECK(has(row, "hot_standby_feedback = off there lets go"));
        CHECK(seen.code == 0);
        auto const on_it = status(copy.dsn());
        CHECK(has(on_it.out, "this is a standby"));
    }
}
