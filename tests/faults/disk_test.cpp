// SPDX-License-Identifier: Apache-2.0
// Disks without room: below the tables, below the ledger, behind a stream.
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.hpp"
#include "support/database.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::has;
using test::later;
using test::next_hour;

namespace {

// Whether the disk below a part of a server's files is full, as the test says
// (tests/preload/full_disk.cpp).
class disk {
  public:
    // part: of the paths of the files that lie on it.
    explicit disk(std::string part) : part_{std::move(part)}
    {
        auto const *build = std::getenv("PGTEND_BUILD");
        if (build == nullptr) {
            throw error{"PGTEND_BUILD is not set", "run the tests by ./dev test"};
        }
        // Where the server's user may read it.
        std::filesystem::copy_file(std::string{build} + "/tests/full_disk.so", library());
        ::chmod(files_.path().c_str(), 0755);
        ::chmod(library().c_str(), 0755);
    }
    test::environment_changes of_server() const
    {
        return {{"LD_PRELOAD", library()}, {"FULL_DISK_PATH", part_}, {"FULL_DISK_WHEN", flag()}};
    }
    void fill() const { std::ofstream{flag()}; }
    void free() const { std::filesystem::remove(flag()); }

  private:
    std::string library() const { return files_.path() + "/full_disk.so"; }
    std::string flag() const { return files_.path() + "/full"; }

    test::scratch files_;
    std::string part_;
};

// A server on such a disk, its ledger, and a file of jobs.
struct crowded {
    crowded(std::string const &part, std::string const &jobs) : space{part}
    {
        config = files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + server.dsn() +
                                                "\" }\njobs:\n" + jobs);
        auto const made = run({"init", "--test-clock"});
        REQUIRE_MESSAGE(made.code == 0, made.err);
    }
    test::finished run(std::vector<std::string> args) const
    {
        args.insert(args.begin(), {"-c", config});
        return test::pgtend(args);
    }
    test::finished tick(std::string const &now) const { return run({"tick", "--now", now}); }
    // status/SQLSTATE of the job's runs, the oldest first
    std::string runs(std::string const &job) const
    {
        return server.value("SELECT coalesce(string_agg(status || '/' || sqlstate, ' ' ORDER BY "
                            "id), '') FROM pgtend.run WHERE job = '" +
                            job + "'");
    }
    // How often the server found no room for a statement.
    long refusals() const
    {
        std::ifstream log{server.directory() + "/log"};
        long out = 0;
        for (std::string line; std::getline(log, line);) {
            out += line.find("No space left on device") != std::string::npos ? 1 : 0;
        }
        return out;
    }

    disk space;
    test::own_server server{space.of_server()};
    test::scratch files;
    std::string config;
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F11: a tablespace without room: 53100 at once, whole transactions stay or go, and "
              "the next slot goes on when there is room")
    {
        crowded const c{
            "/pg_tblspc/",
            "  - { name: clean, schedule: \"0 * * * *\", retry: { max: 100, initial: 1ms, ceiling: "
            "1ms }, cleanup: { table: public.old_rows, where: \"true\", batch_rows: 100 } }\n"
            "  - { name: view, schedule: \"0 * * * *\", refresh: { matview: public.view } }\n"
            "  - { name: beside, schedule: \"0 * * * *\", sql: { text: \"insert into public.hit "
            "values (1)\" } }\n"};
        auto session = test::open(c.server.dsn());
        session.run("SET allow_in_place_tablespaces = on");
        session.run("CREATE TABLESPACE small LOCATION ''");
        c.server.psql(
            "CREATE TABLE hit (n int); CREATE TABLE kept (id int, note text) TABLESPACE small;"
            "CREATE TABLE old_rows AS SELECT g AS id, repeat('x', 200) AS note FROM "
            "generate_series(1, 1000) g; ALTER TABLE old_rows ADD PRIMARY KEY (id);"
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
            "public.kept VALUES (OLD.id, OLD.note); RETURN OLD; END';"
            "CREATE TRIGGER keep BEFORE DELETE ON old_rows FOR EACH ROW EXECUTE FUNCTION keep();"
            // Room for the first batches.
            "INSERT INTO kept SELECT -g, repeat('x', 200) FROM generate_series(1, 300) g; DELETE "
            "FROM kept;"
            "CREATE MATERIALIZED VIEW view TABLESPACE small AS SELECT count(*) FROM old_rows");
        c.server.psql("VACUUM (TRUNCATE off) kept");
        REQUIRE(c.tick(before).code == 0);
        c.space.fill();
        auto const done = c.tick(due);
        CHECK(done.code == 1);
        CHECK(has(done.err, "53100"));
        CHECK(has(done.err, "HINT: Check free disk space"));
        CHECK(c.runs("clean") == "failed/53100");
        CHECK(c.runs("view") == "failed/53100");
        CHECK(c.runs("beside") == "succeeded/");
        CHECK(c.refusals() == 2); // one each: not tried again
        auto const left = std::stoi(c.server.value("SELECT count(*) FROM old_rows"));
        CHECK(left > 0);
        CHECK(left < 1000);
        CHECK(c.server.value("SELECT count(*) FROM kept") == std::to_string(1000 - left));
        CHECK(c.server.value("SELECT count FROM view") == "1000");
        CHECK(c.tick(later).code == 0); // the slot is done with
        CHECK(c.refusals() == 2);

        c.space.free();
        auto const again = c.tick(next_hour);
        CHECK_MESSAGE(again.code == 0, again.err);
        CHECK(c.runs("clean") == "failed/53100 succeeded/");
        CHECK(c.runs("view") == "failed/53100 succeeded/");
        CHECK(c.server.value("SELECT count(*) FROM old_rows") == "0");
        CHECK(c.server.value("SELECT count(DISTINCT id) || ' ' || count(*) FROM kept") ==
              "1000 1000");
    }

    TEST_CASE("F11: no room for the ledger itself: each tick ends and says so, no slot runs twice, "
              "and all goes on when there is room")
    {
        // A kilobyte of messages that do not compress: some runs fill a page of the history.
        crowded const c{"/base/", "  - { name: j, schedule: \"* * * * *\", sql: { text: \"select "
                                  "public.work()\" } }\n"};
        c.server.psql(
            "CREATE TABLE hit (at timestamptz DEFAULT now()); CREATE FUNCTION work() RETURNS void "
            "LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.hit DEFAULT VALUES; FOR i IN 1..3 "
            "LOOP "
            "RAISE WARNING '%', (SELECT string_agg(md5(random()::text), '') FROM "
            "generate_series(1, 14)); END LOOP; END $$");
        auto const minute = [](int n) { return fmt::format("2026-01-01T00:{:02}:05Z", n); };
        REQUIRE(c.tick(minute(0)).code == 0);
        REQUIRE(c.tick(minute(1)).code == 0);
        c.space.fill();
        int failed = 0, last = 2;
        for (; failed < 3; ++last) {
            REQUIRE(last < 40);
            auto const done = c.tick(minute(last));
            if (done.code != 0) {
                ++failed;
                CHECK(done.code == 1);
                CHECK_MESSAGE(has(done.err, "53100"), done.err);
            }
        }
        c.space.free();
        c.server.psql("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 "
                      "second' WHERE holder IS NOT NULL");
        c.tick(minute(last)); // tells what was lost
        auto const done = c.tick(minute(last + 1));
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(c.server.value("SELECT count(*) FROM pgtend.run WHERE status = 'running'") == "0");
        CHECK(c.server.value("SELECT count(*) FROM (SELECT FROM pgtend.run GROUP BY slot HAVING "
                             "count(*) > 1) twice") == "0");
        CHECK(c.server.value("SELECT (SELECT count(*) FROM hit) BETWEEN count(*) FILTER (WHERE "
                             "status = 'succeeded') AND count(*) FROM pgtend.run") == "t");
    }

    TEST_CASE("F12: a full disk behind stderr or stdout: the work is done and recorded, the exit "
              "code tells that something could not be written")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", sql: { text: \"insert into hit "
                       "values (1)\" } }\n"};
        g.db.psql("CREATE TABLE hit (n int); CREATE TABLE old_rows AS SELECT g FROM "
                  "generate_series(1, 10) g");
        REQUIRE(g.tick(before).code == 0);
        auto const code_of = [&](std::string const &command, std::string const &streams) {
            auto const line = std::string{std::getenv("PGTEND_BINARY")} + " -c " + g.config + " " +
                              command + " " + streams;
            return WEXITSTATUS(std::system(line.c_str()));
        };
        CHECK(code_of("-v tick --now " + std::string{due}, ">/dev/null 2>/dev/full") == 1);
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(code_of("tick --now " + std::string{next_hour}, ">/dev/full 2>/dev/null") == 1);
        CHECK(g.runs("j") == "succeeded/1 succeeded/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 2);
        CHECK(code_of("cleanup public.old_rows --where true", ">/dev/full 2>/dev/null") == 1);
        CHECK(g.count("SELECT count(*) FROM old_rows") == 0);
    }

    TEST_CASE("streams that were closed from the start: the work is done, and nothing meant for "
              "them goes to the server")
    {
        test::ground g{""};
        for (auto const *streams :
             {">&- 2>/dev/null", "2>&- >/dev/null", ">&- 2>&-", "<&- >&- 2>&-"}) {
            INFO(streams);
            g.db.psql("CREATE TABLE old_rows AS SELECT g FROM generate_series(1, 10) g");
            auto const line = std::string{std::getenv("PGTEND_BINARY")} + " -v -c " + g.config +
                              " cleanup public.old_rows --where true " + streams;
            CHECK(WEXITSTATUS(std::system(line.c_str())) == 0);
            CHECK(g.count("SELECT count(*) FROM old_rows") == 0);
            g.db.psql("DROP TABLE old_rows");
        }
    }
}
