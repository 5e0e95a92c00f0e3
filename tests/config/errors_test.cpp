// SPDX-License-Identifier: Apache-2.0
// All semantic errors at once, each at its place; one mistake, one line.
#include <doctest/doctest.h>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("ten errors give ten lines")
    {
        auto const yaml = "version: 1\n"
                          "timezone: Africa/Kinshassa\n" // 1
                          "defaults:\n"
                          "  lock: { attempt: 100, deadline: 1min }\n" // 2
                          "  mised: once\n"                            // 3
                          "partitions:\n"
                          "  - { table: public.orders, key: created_at, every: monthly }\n" // 4
                          "jobs:\n"
                          "  - name: refresh\n"
                          "    schedule: \"61 * * * *\"\n"    // 5
                          "    refresh: { matview: stats }\n" // 6
                          "  - name: clean\n"
                          "    schedule: \"0 2 * * *\"\n"
                          "    enabled: on\n"                                              // 7
                          "    cleanup: { table: public.sessions, where: \"a) or (b\" }\n" // 8
                          "  - name: clean\n"                                              // 9
                          "    shedule: \"0 3 * * *\"\n"                                   // 10
                          "    sql: { text: \"select 1\" }\n";
        CHECK(
            problems(yaml) ==
            lines{"2:11: timezone: time zone 'Africa/Kinshassa' is unknown",
                  "4:20: attempt: '100' is not a duration: it has no unit",
                  "5:3: unknown key 'mised' in 'defaults'",
                  "7:53: every: 'monthly' is not one of hour, day, week, month, quarter or year",
                  "10:15: schedule '61 * * * *': minute field '61': value '61' is not from 0 to 59",
                  "11:25: matview: 'stats' has no schema",
                  "14:14: enabled: 'on' is a boolean to some YAML readers, a text to others",
                  "15:47: where: a ')' closes nothing", "16:5: job 'clean' is there twice",
                  "17:5: unknown key 'shedule' in a job"});
    }

    TEST_CASE("what a person sees: file:line:column, message, hint; and exit code 2")
    {
        try {
            load("version: 1\ntimezon: UTC\n");
            FAIL("it loaded");
        } catch (config_error const &e) {
            CHECK(std::string{e.what()} == "test.yaml:2:1: unknown key 'timezon' in a "
                                           "configuration (HINT: did you mean 'timezone'?)");
            CHECK(e.code() == exit_code::usage);
        }
    }

    TEST_CASE("what a misspelled key stands for is not missed as well")
    {
        CHECK(
            problems("version: 1\njobs:\n  - nmae: a\n    schedul: \"@daily\"\n    vacum: {}\n") ==
            lines{"3:5: unknown key 'nmae' in a job", "4:5: unknown key 'schedul' in a job",
                  "5:5: unknown key 'vacum' in a job"});
        CHECK(problems("version: 1\njobs:\n  - {name:a, schedule: \"@daily\", vacuum: {}}\n") ==
              lines{"3:6: unknown key 'name:a' in a job"});
        CHECK(hint("version: 1\njobs:\n  - {name:a, schedule: \"@daily\", vacuum: {}}\n") ==
              "a blank must follow the colon");
        CHECK(problems("version: 1\njobs:\n  - { qqqqqqqqqqqq: 1 }\n") ==
              lines{"3:5: a job needs the key 'name'", "3:5: a job needs the key 'schedule'",
                    "3:5: the job has no action", "3:7: unknown key 'qqqqqqqqqqqq' in a job"});
    }

    TEST_CASE("a broken part is not reported again by those who refer to it")
    {
        CHECK(problems("version: 1\n"
                       "targets:\n  a: { dsn: \"${UNSET}\" }\n"
                       "partitions:\n  - { table: public.t, key: k, every: moon }\n"
                       "jobs:\n  - { name: j, schedule: \"@daily\", target: a, partition: { "
                       "tables: [public.t] } }\n") ==
              lines{"3:13: dsn: environment variable UNSET is not set",
                    "5:39: every: 'moon' is not one of hour, day, week, month, quarter or year"});
    }

    TEST_CASE("keys whose command is not built yet are refused, not ignored")
    {
        CHECK(problems("version: 1\nnotify: []\n") ==
              lines{"2:1: key 'notify' is not supported by this version"});
        CHECK(problems(job_that("backup: {}")) ==
              lines{"5:5: key 'backup' is not supported by this version"});
        CHECK(problems("version: 1\npartitions:\n"
                       "  - { table: public.t, key: k, every: month, retain: 24 months, retire: "
                       "detach }\n") ==
              lines{"3:46: key 'retain' is not supported by this version",
                    "3:65: key 'retire' is not supported by this version"});
    }

    TEST_CASE("versions")
    {
        CHECK(problems("timezone: UTC\n") == lines{"1:1: a configuration needs the key 'version'"});
        CHECK(problems("version: 2\n") ==
              lines{"1:10: version: 2 is not a version that this pgtend reads"});
        CHECK(problems("version: \"1\"\n") ==
              lines{"1:10: version: '1' in quotes is a text, and a number is wanted"});
        CHECK(problems("version: 1.0\n") == lines{"1:10: version: '1.0' is not a whole number"});
    }

    TEST_CASE("a thousand errors are enough")
    {
        std::string yaml = "version: 1\n";
        for (int i = 0; i < 5000; ++i) {
            yaml += "key" + std::to_string(i) + ": x\n";
        }
        auto const found = problems(yaml);
        CHECK(found.size() == 1001);
        CHECK(found.back() == "0:0: there are more errors than are told here");
    }

    // Free SQL stands in the keys that are documented as SQL, and nowhere else.
    TEST_CASE("injection: every value is parsed, or refused")
    {
        std::string const attacks[] = {"x'; drop table y; --",
                                       "x\\\"; drop table y; --",
                                       "$(reboot)",
                                       "a b",
                                       "x;y",
                                       "1 or 1=1"};
        for (auto const &attack : attacks) {
            CAPTURE(attack);
            auto const quoted = "\"" + attack + "\"";
            std::vector<std::string> refused{
                "version: 1\ntimezone: " + quoted + "\n",
                "version: 1\ndefaults: { role: " + quoted + " }\n",
                "version: 1\ndefaults: { timeout: " + quoted + " }\n",
                "version: 1\ndefaults: { overlap: " + quoted + " }\n",
                "version: 1\ntargets: { " + quoted + ": {} }\n",
                "version: 1\ntargets: { a: { pooler: " + quoted + " } }\n",
                "version: 1\npartitions: [ { table: " + quoted + ", key: k, every: month } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: " + quoted +
                    ", every: month } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: k, every: " + quoted + " } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: k, every: month, from: " +
                    quoted + " } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: k, every: month, name: " +
                    quoted + " } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: k, every: month, "
                "storage_parameters: { fillfactor: " +
                    quoted + " } } ]\n",
                "version: 1\npartitions: [ { table: public.t, key: k, every: month, "
                "storage_parameters: { " +
                    quoted + ": 1 } } ]\n",
                "version: 1\njobs: [ { name: " + quoted +
                    ", schedule: \"@daily\", vacuum: {} } ]\n",
                "version: 1\njobs: [ { name: a, schedule: " + quoted + ", vacuum: {} } ]\n",
                job_with("target: " + quoted),
                job_that("vacuum: { tables: [ " + quoted + " ] }"),
                job_that("refresh: { matview: " + quoted + " }"),
                job_that("cleanup: { table: " + quoted + ", where: \"true\" }"),
                job_that("expire: { table: public.t, where: \"true\", set: { " + quoted +
                         ": 1 } }"),
                job_that("watch: { query: \"select 1\", key: " + quoted + " }"),
                job_that(
                    "watch: { query: \"select 1\", key: k, insert: { table: public.t, columns: [ " +
                    quoted + " ] } }"),
            };
            for (auto const &yaml : refused) {
                CAPTURE(yaml);
                CHECK(problems(yaml).size() == 1);
            }
        }
        // A value of set: is a value: it goes to the server as a parameter, as it stands.
        auto const all = load(job_that(
            "expire: { table: public.t, where: \"x\", set: { a: \"'; drop table y; --\" } }"));
        auto const &set = std::get<model::expire_action>(all.jobs[0].action).set;
        CHECK(set[0].value == "'; drop table y; --");
        CHECK_FALSE(set[0].is_sql);
        // A condition cannot leave the parentheses that it is put into.
        for (auto const *where : {"true) or (true", "true; drop table y", "a = 'x", "a = \\\"x",
                                  "a /* x", "$$ x", "a = $1", ""}) {
            CAPTURE(where);
            CHECK(problems(job_that(std::string{"cleanup: { table: public.t, where: \""} + where +
                                    "\" }"))
                      .size() == 1);
            CHECK(problems(
                      job_that(
                          std::string{
                              "expire: { table: public.t, where: \"true\", set: { a: { sql: \""} +
                          where + "\" } } }"))
                      .size() == 1);
        }
    }

    TEST_CASE("hostile names are names, when they are quoted as SQL would")
    {
        auto const all = load(job_that("vacuum: { tables: [ '\"Mixed Case\".\"semi;colon--\"', "
                                       "'\"a.b\".\"quo\"\"te\"', Public.Upper ] }"));
        auto const &tables = std::get<model::vacuum_action>(all.jobs[0].action).tables;
        CHECK(tables[0] == qualified_name{"Mixed Case", "semi;colon--"});
        CHECK(tables[1] == qualified_name{"a.b", "quo\"te"});
        CHECK(tables[2] == qualified_name{"public", "upper"});
        CHECK(problems(job_that("vacuum: { tables: [ public." + std::string(64, 'x') + " ] }"))
                  .size() == 1);
        CHECK(problems(job_that("vacuum: { tables: [ a.b.c ] }")).size() == 1);
        CHECK(problems(job_that("vacuum: { tables: [ public.a, PUBLIC.A ] }")) ==
              lines{"5:35: tables: public.a is in the list twice"});
    }
}
