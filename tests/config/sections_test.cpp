// SPDX-License-Identifier: Apache-2.0
// Every key does what docs/configuration.md says.
#include <doctest/doctest.h>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

template <class Action> Action action_of(std::string const &yaml)
{
    auto const all = load(job_that(yaml));
    return std::get<Action>(all.jobs[0].action);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the smallest file")
    {
        auto const all = load("version: 1\n");
        CHECK(all.file == "test.yaml");
        CHECK(all.time_zone == "UTC");
        CHECK(all.jobs.empty());
        CHECK(all.defaults.retry.max == 5);
    }

    TEST_CASE("a job takes what it does not say from defaults, wherever those stand in the file")
    {
        auto const all = load("version: 1\n"
                              "jobs:\n"
                              "  - { name: a, schedule: \"0 2 * * *\", vacuum: {} }\n"
                              "  - name: b\n"
                              "    schedule: \"@every 90m\"\n"
                              "    timezone: Europe/Berlin\n"
                              "    spread: 10min\n"
                              "    enabled: false\n"
                              "    timeout: 3min\n"
                              "    retry: { max: 0 }\n"
                              "    lock: { attempt: 50ms }\n"
                              "    breaker: { failures: 3 }\n"
                              "    missed: all\n"
                              "    max_age: 3h\n"
                              "    overlap: skip\n"
                              "    search_path: app, \"Mixed Case\", $user\n"
                              "    row_security: false\n"
                              "    role: Other\n"
                              "    target: shard-2\n"
                              "    analyze: { tables: [public.t], workers: 3 }\n"
                              "defaults:\n"
                              "  lock: { attempt: 200ms, deadline: 2min }\n"
                              "  window: 2h\n"
                              "  retry: { max: 3, initial: 2s, ceiling: 30s }\n"
                              "  breaker: { failures: 9, pause: 1min, ceiling: 6h }\n"
                              "  missed: none\n"
                              "  max_age: 12h\n"
                              "  overlap: queue\n"
                              "  search_path: public\n"
                              "  row_security: true\n"
                              "  role: worker\n"
                              "timezone: Africa/Kinshasa\n"
                              "targets: { shard-1: {}, shard-2: {} }\n");
        auto const &a = all.find_job("a");
        CHECK(a.time_zone == "Africa/Kinshasa");
        CHECK(a.enabled);
        CHECK(a.spread == seconds{0});
        CHECK(a.policy.lock.attempt == milliseconds{200});
        CHECK(a.policy.lock.deadline == minutes{2});
        CHECK(a.policy.window == hours{2});
        CHECK(model::time_limit(a.policy) == hours{2});
        CHECK(a.policy.retry.max == 3);
        CHECK(a.policy.retry.initial == seconds{2});
        CHECK(a.policy.retry.ceiling == seconds{30});
        CHECK(a.policy.breaker.on);
        CHECK(a.policy.breaker.failures == 9);
        CHECK(a.policy.breaker.pause == minutes{1});
        CHECK(a.policy.breaker.ceiling == hours{6});
        CHECK(a.policy.missed == model::missed::none);
        CHECK(a.policy.max_age == hours{12});
        CHECK(a.policy.overlap == model::overlap::queue);
        CHECK(a.policy.search_path == "public");
        CHECK(a.policy.row_security);
        CHECK(a.policy.role == "worker");
        CHECK(to_string(a.at) == "test.yaml:3:5");

        auto const &b = all.find_job("b");
        CHECK(b.time_zone == "Europe/Berlin");
        CHECK(b.schedule_text == "@every 90m");
        CHECK(b.schedule.interval() == minutes{90});
        CHECK(b.spread == minutes{10});
        CHECK_FALSE(b.enabled);
        CHECK_FALSE(b.policy.window); // its timeout replaces the window of defaults
        CHECK(model::time_limit(b.policy) == minutes{3});
        CHECK(b.policy.retry.max == 0);
        CHECK(b.policy.retry.initial == seconds{2});
        CHECK(b.policy.breaker.failures == 3);
        CHECK(b.policy.breaker.ceiling == hours{6});
        CHECK(b.policy.lock.attempt == milliseconds{50});
        CHECK(b.policy.lock.deadline == minutes{2});
        CHECK(b.policy.missed == model::missed::all);
        CHECK(b.policy.max_age == hours{3});
        CHECK(b.policy.overlap == model::overlap::skip);
        CHECK(b.policy.search_path == "app, \"Mixed Case\", \"$user\"");
        CHECK_FALSE(b.policy.row_security);
        CHECK(b.policy.role == "other");
        CHECK(b.target == "shard-2");
        auto const &analyze = std::get<model::vacuum_action>(b.action);
        CHECK_FALSE(analyze.vacuum);
        CHECK(analyze.analyze);
        CHECK(analyze.workers == 3);
        CHECK(analyze.tables == std::vector<qualified_name>{{"public", "t"}});
        CHECK_THROWS_AS(all.find_job("c"), usage_error);
        CHECK(all.find_target("shard-1").name == "shard-1");
    }

    TEST_CASE("what keys of one map say against each other")
    {
        CHECK(problems(job_with("window: 2h\n    timeout: 1h")) ==
              lines{"6:5: keys 'window' and 'timeout' exclude each other"});
        CHECK(problems(job_with("lock: { attempt: 1min, deadline: 1s }")) ==
              lines{"6:11: lock: an attempt of 1m is longer than the deadline of 1s"});
        CHECK(problems(job_with("retry: { initial: 1min, ceiling: 1s }")) ==
              lines{"6:12: retry: an initial pause of 1m is longer than the ceiling of 1s"});
        CHECK(problems(job_with("breaker: { pause: 2h }")) ==
              lines{"6:14: breaker: a pause of 2h is longer than the ceiling of 1h"});
        // Also against what defaults say.
        CHECK(problems("version: 1\ndefaults: { lock: { attempt: 50ms, deadline: 50ms } }\n"
                       "jobs: [ { name: a, schedule: \"@daily\", vacuum: {}, lock: { attempt: 60ms "
                       "} } ]\n")
                  .size() == 1);
        CHECK(problems(job_with("analyze: {}")) ==
              lines{"6:5: 'analyze' is a second action of the job"});
    }

    TEST_CASE("a breaker is a map, true or false")
    {
        auto const breaker = [](std::string const &value) {
            return load(job_with("breaker: " + value)).jobs[0].policy.breaker;
        };
        CHECK(breaker("{ failures: 2, ceiling: 7 days }").on);
        CHECK_FALSE(breaker("false").on);
        CHECK(breaker("true").failures == 5);
        auto const all = load("version: 1\ndefaults: { breaker: false }\njobs:\n"
                              "  - { name: a, schedule: \"@daily\", vacuum: {} }\n"
                              "  - { name: b, schedule: \"@daily\", vacuum: {}, breaker: { pause: "
                              "1min } }\n");
        CHECK_FALSE(all.jobs[0].policy.breaker.on);
        CHECK(all.jobs[1].policy.breaker.on);
        CHECK(problems(job_with("breaker: off")) ==
              lines{"6:14: breaker: 'off' is a boolean to some YAML readers, a text to others"});
        CHECK(hint(job_with("breaker: off")) == "write false");
        CHECK(problems(job_with("breaker: { failures: 0 }")) ==
              lines{"6:26: failures: '0' is not between 1 and 1,000"});
        CHECK(problems(job_with("breaker: { failure: 1 }")).size() == 1);
        CHECK(problems(job_with("breaker: [ 1 ]")).size() == 1);
    }

    TEST_CASE("day_match goes to the schedule")
    {
        auto const schedule = [](std::string const &more) {
            return load("version: 1\njobs:\n  - { name: a, schedule: \"0 0 13 * 5\", vacuum: {}" +
                        more + " }\n")
                .jobs[0]
                .schedule;
        };
        CHECK(schedule("").days() == cron::day_match::vixie);
        CHECK(schedule(", day_match: all").days() == cron::day_match::all);
        CHECK(schedule(", day_match: any").days() == cron::day_match::any);
    }

    TEST_CASE("an empty search_path is one")
    {
        CHECK(load(job_with("search_path: \"\"")).jobs[0].policy.search_path == "");
        CHECK_FALSE(load(job_with("enabled: true")).jobs[0].policy.search_path);
        CHECK(problems(job_with("search_path: \"a,,b\"")).size() == 1);
        CHECK(load(job_with("search_path: '\"a\"\"b\"'")).jobs[0].policy.search_path ==
              "\"a\"\"b\"");
    }

    TEST_CASE("targets")
    {
        auto const all = load("version: 1\n"
                              "targets:\n"
                              "  main: { dsn: \"host=h dbname=${DB}\", passfile: "
                              "\"secrets/${WHO}.pass\", pooler: transaction,\n"
                              "          expect: { database: \"${DB}\", host: h1 } }\n"
                              "  here: {}\n",
                              {{"DB", "shop"}, {"WHO", "me"}});
        CHECK(all.targets[0].name == "main");
        CHECK(all.targets[0].dsn == "host=h dbname=shop");
        CHECK(all.targets[0].passfile == "secrets/me.pass");
        CHECK(all.targets[0].pooler == model::pooler::transaction);
        CHECK(all.targets[0].expect_database == "shop");
        CHECK(all.targets[0].expect_host == "h1");
        CHECK(all.targets[1].dsn.empty());
        CHECK(all.targets[1].pooler == model::pooler::automatic);
        CHECK(problems("version: 1\ntargets: { all: {} }\n") ==
              lines{"2:12: 'all' is not a name for a target"});
        CHECK(problems("version: 1\ntargets: { a: }\n") == lines{"2:12: target 'a' is empty"});
        CHECK(problems("version: 1\ntargets: [a]\n") == lines{"2:10: targets: a map is wanted"});
    }

    TEST_CASE("partition policies")
    {
        auto const all = load(
            "version: 1\n"
            "partitions:\n"
            "  - { table: public.orders, key: created_at, every: month, name: "
            "\"{table}_{yyyy}_{mm}\",\n"
            "      from: 2025-01, premake: 3, timezone: Africa/Kinshasa, grants: true,\n"
            "      storage_parameters: { autovacuum_vacuum_scale_factor: 0.05, fillfactor: 90,\n"
            "                            toast.autovacuum_enabled: false, vacuum_index_cleanup: "
            "auto } }\n"
            "  - { table: public.events, key: at, every: day, from: 2025-01-15 }\n"
            "  - { table: public.days, key: at, every: day, from: \"2025-02-28\" }\n");
        auto const &p = all.partitions[0];
        CHECK(p.table == qualified_name{"public", "orders"});
        CHECK(p.key == "created_at");
        CHECK(p.every == model::step::month);
        CHECK(p.name_pattern == "{table}_{yyyy}_{mm}");
        CHECK(p.from == model::date{2025, 1, 1});
        CHECK(p.premake == 3);
        CHECK(p.time_zone == "Africa/Kinshasa");
        CHECK(p.grants);
        CHECK(p.storage_parameters == lines{"autovacuum_vacuum_scale_factor=0.05", "fillfactor=90",
                                            "toast.autovacuum_enabled=false",
                                            "vacuum_index_cleanup=auto"});
        CHECK(all.partitions[1].time_zone == "UTC"); // not the zone of the jobs
        CHECK(all.partitions[1].from == model::date{2025, 1, 15});
        CHECK(all.partitions[1].premake == 3);
        CHECK(all.partitions[2].from == model::date{2025, 2, 28});

        auto const policy = [](std::string const &more) {
            return problems(
                "version: 1\npartitions:\n  - { table: public.t, key: k, every: month, " + more +
                " }\n");
        };
        CHECK(policy("from: 2025-13") == lines{"3:52: from: '2025-13' is not a date"});
        CHECK(policy("from: 2025-02-29") == lines{"3:52: from: '2025-02-29' is not a date"});
        CHECK(policy("from: 1066-10") ==
              lines{"3:52: from: '1066-10' is not between the years 1900 and 2200"});
        CHECK(policy("from: 2025").size() == 1);
        CHECK(
            policy("from: 2025-01-15") ==
            lines{"3:52: partitions of public.t: `from: 2025-01-15` is not where a month begins"});
        CHECK(policy("name: \"{table}_{yyyy}\"") ==
              lines{"3:52: partitions of public.t: the name pattern does not tell one month from "
                    "another"});
        CHECK(policy("premake: 1001").size() == 1);
        CHECK(policy("storage_parameters: { filfactor: 90 }") ==
              lines{"3:68: storage_parameters: 'filfactor' is not a storage parameter of tables"});
        CHECK(policy("storage_parameters: { fillfactor: \"90) x\" }").size() == 1);
        CHECK(policy("storage_parameters: { vacuum_truncate: off }").size() == 1);
        CHECK(policy("storage_parameters: { toast.fillfactor: 90 }").size() == 1);
        CHECK(policy("storage_parameters: { fillfactor: }").size() == 1);
        CHECK(policy("storage_parameters: {}").size() == 1);
    }

    TEST_CASE("refresh")
    {
        auto const one = action_of<model::refresh_action>("refresh: { matview: public.a }");
        CHECK(one.matviews == std::vector<qualified_name>{{"public", "a"}});
        CHECK(one.mode == model::concurrently::automatic);
        auto const two = action_of<model::refresh_action>(
            "refresh: { matviews: [public.a, b.c], concurrently: false }");
        CHECK(two.matviews.size() == 2);
        CHECK(two.mode == model::concurrently::no);
        CHECK(action_of<model::refresh_action>("refresh: { matview: a.b, concurrently: true }")
                  .mode == model::concurrently::yes);
        CHECK(problems(job_that("refresh: {}")) ==
              lines{"5:14: 'refresh' needs the key 'matview' or 'matviews'"});
        CHECK(problems(job_that("refresh: { matview: a.b, matviews: [a.c] }")) ==
              lines{"5:14: 'matview' and 'matviews' exclude each other"});
        CHECK(problems(job_that("refresh: public.a")) ==
              lines{"5:14: refresh: a map is wanted, not a text"});
    }

    TEST_CASE("cleanup")
    {
        auto const one = action_of<model::cleanup_action>(
            "cleanup: { table: public.a, where: \"x < now()\", batch_rows: 100, batch_time: 50ms, "
            "pause: 10ms, max_rows: 7 }");
        CHECK(one.from.size() == 1);
        CHECK(one.from[0].table == qualified_name{"public", "a"});
        CHECK(one.from[0].where == "x < now()");
        CHECK(one.batches.initial_rows == 100);
        CHECK(one.batches.target == milliseconds{50});
        CHECK(one.batches.pause == milliseconds{10});
        CHECK(one.batches.max_rows == 7);
        auto const two = action_of<model::cleanup_action>(
            "cleanup: { tables: [ { table: a.b, where: \"x\" }, { table: a.c, where: true } ] }");
        CHECK(two.from[1].table.name == "c");
        CHECK(two.from[1].where == "true");
        CHECK(to_string(two.from[1].at) == "test.yaml:5:54");
        CHECK_FALSE(two.batches.max_rows);
        CHECK(problems(job_that("cleanup: { table: a.b }")) ==
              lines{"5:14: 'cleanup' needs the key 'where'"});
        CHECK(problems(job_that("cleanup: { tables: [ { table: a.b } ] }")) ==
              lines{"5:26: a table of the list needs the key 'where'"});
        CHECK(problems(job_that("cleanup: { tables: [ { table: a.b, where: x } ], where: z }"))
                  .size() == 1);
        CHECK(problems(job_that("cleanup: { table: a.b, where: yes }")).size() == 1);
        CHECK(problems(job_that("cleanup: { table: a.b, where: \"where x\" }")) ==
              lines{"5:35: where: it begins with the word WHERE"});
        CHECK(problems(job_that("cleanup: { table: a.b, where: x, set: { a: 1 } }")).size() == 1);
    }

    TEST_CASE("expire")
    {
        auto const e = action_of<model::expire_action>(
            "expire: { table: a.b, where: x, set: { status: cancelled, at: { sql: \"now()\" }, "
            "driver: null, active: false,\n"
            "      n: 0, factor: 0.5, Folded: x, '\"Kept\"': \"no\", day: \"2025-01-15\" } }");
        CHECK(e.in[0].table.name == "b");
        REQUIRE(e.set.size() == 9);
        CHECK(e.set[0].column == "status");
        CHECK(e.set[0].value == "cancelled");
        CHECK_FALSE(e.set[0].is_sql);
        CHECK(e.set[1].value == "now()");
        CHECK(e.set[1].is_sql);
        CHECK_FALSE(e.set[2].value);
        CHECK(e.set[3].value == "false");
        CHECK(e.set[4].value == "0");
        CHECK(e.set[5].value == "0.5");
        CHECK(e.set[6].column == "folded");
        CHECK(e.set[7].column == "Kept");
        CHECK(e.set[7].value == "no");
        CHECK(e.set[8].value == "2025-01-15");
        auto const wrong = [](std::string const &set) {
            return problems(job_that("expire: { table: a.b, where: x, set: { " + set + " } }"));
        };
        CHECK(problems(job_that("expire: { table: a.b, where: x }")) ==
              lines{"5:13: 'expire' needs the key 'set'"});
        CHECK(wrong("") == lines{"5:42: set: the map is empty"});
        CHECK(wrong("a: yes") ==
              lines{"5:47: a: 'yes' is a boolean to some YAML readers, a text to others"});
        CHECK(wrong("a: 022").size() == 1);
        CHECK(wrong("a: 1e3").size() == 1);
        CHECK(wrong("a: 12:30:00").size() == 1);
        CHECK(wrong("a: 2025-01-15") ==
              lines{"5:47: a: '2025-01-15' is a date to some YAML readers, a text to others"});
        CHECK(wrong("a: ") == lines{"5:44: column 'a' has no value"});
        CHECK(wrong("a: [1]").size() == 1);
        CHECK(wrong("a: 1, A: 2") == lines{"5:50: column a is set twice"});
        CHECK(wrong("a: { sqll: x }") == lines{"5:49: unknown key 'sqll' in a value of 'set'"});
        CHECK(wrong("a: { sql: 5 }").size() == 1);
    }

    TEST_CASE("vacuum, analyze, partition")
    {
        auto const v = action_of<model::vacuum_action>(
            "vacuum: { tables: [a.b, a.c], analyze: true, workers: 2 }");
        CHECK(v.vacuum);
        CHECK(v.analyze);
        CHECK(v.workers == 2);
        CHECK(v.tables.size() == 2);
        CHECK(action_of<model::vacuum_action>("vacuum: {}").tables.empty());
        CHECK(problems(job_that("vacuum: { workers: 17 }")).size() == 1);
        CHECK(problems(job_that("analyze: { analyze: true }")).size() == 1);
        CHECK(problems(job_that("vacuum:")) == lines{"5:5: key 'vacuum' is empty"});
        CHECK(problems(job_that("partition: {}")) ==
              lines{"5:5: job 'a' has no partition policy to work on"});
        auto const policies = std::string{"partitions: [ { table: a.b, key: k, every: day } ]\n"};
        auto const all = load(job_that("partition: { tables: [a.b], workers: 2 }") + policies);
        CHECK(std::get<model::partition_action>(all.jobs[0].action).workers == 2);
        CHECK(problems(job_that("partition: { tables: [a.bb] }") + policies) ==
              lines{"5:5: job 'a' names a.bb, which has no partition policy"});
    }

    TEST_CASE("sql")
    {
        auto const one = action_of<model::sql_action>("sql: { text: \"select 1; select 2\" }");
        CHECK(one.text == "select 1; select 2");
        CHECK(one.one_transaction);
        CHECK_FALSE(one.idempotent);
        auto const many = action_of<model::sql_action>(
            "sql: { text: \"vacuum a; select 2\", statements: separate, idempotent: true }");
        CHECK_FALSE(many.one_transaction);
        CHECK(many.idempotent);
        CHECK(problems(job_that("sql: { text: \"select 1; commit; delete from x\" }")) ==
              lines{"5:18: text: statement 2 is transaction control (COMMIT)"});
        CHECK(problems(job_that("sql: { text: \"vacuum a; vacuum b\" }")) ==
              lines{"5:18: text: statement 1 (VACUUM ...) cannot run inside a transaction"});
        CHECK(problems(job_that("sql: { text: \"-- nothing\" }")).size() == 1);
        CHECK(problems(job_that("sql: {}")) == lines{"5:10: 'sql' needs the key 'text' or 'file'"});
        CHECK(problems(job_that("sql: \"select 1\"")).size() == 1);
    }

    TEST_CASE("watch")
    {
        auto const w =
            action_of<model::watch_action>("watch: { query: \"select 1 as k, 2 as v;\", key: k, "
                                           "insert: { table: a.b, columns: [k, V] } }");
        CHECK(w.query == "select 1 as k, 2 as v");
        CHECK(w.key == "k");
        CHECK(w.insert_into == qualified_name{"a", "b"});
        CHECK(w.columns == lines{"k", "v"});
        CHECK(problems(job_that("watch: { key: k }")) ==
              lines{"5:12: 'watch' needs the key 'query'"});
        CHECK(problems(job_that("watch: { query: \"delete from x\" }")).size() == 1);
        CHECK(problems(job_that("watch: { query: \"select 1; select 2\" }")).size() == 1);
        CHECK(problems(job_that(
                  "watch: { query: \"select 1\", insert: { table: a.b, columns: [k] } }")) ==
              lines{"5:12: 'insert' needs the key 'key'"});
        CHECK(problems(job_that("watch: { query: \"select 1\", key: k, insert: { table: a.b } }"))
                  .size() == 1);
        CHECK(problems(job_that("watch: { query: \"select 1\", key: k, insert: { table: a.b, "
                                "columns: [k, K] } }"))
                  .size() == 1);
    }

    TEST_CASE("indexes: every key")
    {
        auto const all = load(
            "version: 1\nindexes:\n"
            "  - { table: public.t, name: i, on: \"(a, lower(b) desc)\" }\n"
            "  - { table: s.T, name: \"\\\"Odd\\\"\", on: \"(a)\", method: gin, unique: true,\n"
            "      nulls_not_distinct: true, include: [b, C], where: \"a > 0 -- x\", tablespace: "
            "fast,\n"
            "      with: { fillfactor: 70, fastupdate: off } }\n");
        REQUIRE(all.indexes.size() == 2);
        auto const &plain = all.indexes[0], &full = all.indexes[1];
        CHECK(plain.table == qualified_name{"public", "t"});
        CHECK(plain.name == "i");
        CHECK(model::written_definition(plain) == "USING \"btree\" (a, lower(b) desc)\n");
        CHECK(full.table == qualified_name{"s", "t"});
        CHECK(full.name == "Odd");
        CHECK(full.unique);
        CHECK(full.tablespace == "fast");
        CHECK(full.at.line == 4);
        CHECK(model::written_definition(full) ==
              "USING \"gin\" (a)\n INCLUDE (\"b\", \"c\") NULLS NOT DISTINCT WITH (fillfactor=70, "
              "fastupdate=off) WHERE (a > 0 -- x\n)");
        CHECK(
            std::get<model::index_action>(
                load(
                    "version: 1\nindexes:\n  - { table: public.t, name: i, on: \"(a)\" }\n"
                    "jobs:\n  - { name: j, schedule: \"@daily\", index: { tables: [public.t] } }\n")
                    .jobs.at(0)
                    .action)
                .tables == std::vector<qualified_name>{{"public", "t"}});
    }

    TEST_CASE("indexes: what is refused")
    {
        auto const one = [](std::string const &keys) {
            return problems("version: 1\nindexes:\n  - { table: public.t, name: i, " + keys +
                            " }\n");
        };
        CHECK(one("on: \"(a)\"") == lines{});
        CHECK(one("on: \"a\"") == lines{"3:37: on: it is not a list in parentheses"});
        CHECK(one("on: \"()\"") == lines{"3:37: on: it names no column"});
        for (auto const *bad : {"(a), (b)", "(a) where x", "(a; b)", "((a)", "(a) include (b)",
                                "($1)", "(a')", "x (a)", "(a) --"}) {
            INFO(bad);
            CHECK(one("on: \"" + std::string{bad} + "\"").size() ==
                  (bad == std::string{"(a) --"} ? 0 : 1));
        }
        CHECK(one("on: \"(a)\", where: \"where a\"").size() == 1);
        CHECK(one("on: \"(a)\", with: { \"x) ; drop\": 1 }").size() == 1);
        CHECK(one("on: \"(a)\", with: { fillfactor: \"70\" }").size() == 1);
        CHECK(one("on: \"(a)\", with: { fillfactor: 7;0 }").size() == 1);
        CHECK(one("on: \"(a)\", include: [b, B]") ==
              lines{"3:57: include: column b is in the list twice"});
        CHECK(one("om: \"(a)\"") == lines{"3:33: unknown key 'om' in an index"});
        CHECK(problems("version: 1\nindexes:\n  - { table: public.t, name: i, on: \"(a)\" }\n"
                       "  - { table: public.u, name: i, on: \"(a)\" }\n") ==
              lines{"4:5: index public.i is declared twice"});
        CHECK(
            problems(
                "version: 1\nindexes:\n  - { table: public.t, name: i, on: \"(a)\" }\n"
                "jobs:\n  - { name: j, schedule: \"@daily\", index: { tables: [public.tt] } }\n") ==
            lines{"5:36: job 'j' names public.tt, of which no index is declared"});
        CHECK(problems(job_that("index: {}")) == lines{"5:5: job 'a' has no index to build"});
    }
}
