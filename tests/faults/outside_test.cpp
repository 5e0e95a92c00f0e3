// SPDX-License-Identifier: Apache-2.0
// Passwords, closed streams, poor surroundings, files that others may change.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/ground.hpp"

using namespace pgtend;
using test::eventually;

namespace {

constexpr char password[] = "s3cret-Passw0rd/with@signs";

std::string slurp(std::string const &path)
{
    std::ifstream in{path, std::ios::binary};
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

// The shell's exit code of a command line in which PGTEND stands for the binary.
int shell(std::string command)
{
    auto const at = command.find("PGTEND");
    command.replace(at, 6, std::getenv("PGTEND_BINARY"));
    return WEXITSTATUS(std::system(command.c_str()));
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F32: the password is nowhere: not in argv, output, errors, log, ledger or "
              "pg_stat_activity")
    {
        test::ground g{"  - { name: slow, schedule: \"* * * * *\", sql: { text: \"select "
                       "pg_sleep(1)\", idempotent: true } }\n"};
        g.db.psql(std::string{"DROP ROLE IF EXISTS pgtend_test_secret; CREATE ROLE "
                              "pgtend_test_secret SUPERUSER LOGIN PASSWORD '"} +
                  password + "'");
        auto const server = "host=127.0.0.1 port=" + test::server_variable("PORT") +
                            " dbname=" + g.db.name() + " user=pgtend_test_secret";
        auto const dsn = server + " password=" + password;
        std::string said;
        auto const note = [&](test::finished const &f) { said += f.out + f.err; };

        // On the command line, while it runs, and when it fails.
        {
            test::process runner{{"-v", "-d", dsn, "-c", g.config, "job", "run", "slow"}};
            eventually("it works", [&] {
                return g.count("SELECT count(*) FROM pgtend.run WHERE status = 'running'") == 1;
            });
            said += slurp("/proc/" + std::to_string(runner.pid()) + "/cmdline");
            said += g.db.value("SELECT string_agg(a::text, ' ') FROM pg_stat_activity a WHERE pid "
                               "<> pg_backend_pid()");
            auto const done = runner.wait();
            CHECK_MESSAGE(done.code == 0, done.err);
            note(done);
        }
        note(test::pgtend(
            {"-v", "-d", server + "x password=" + password, "job", "list", "-c", g.config}));
        note(test::pgtend({"-v", "-d",
                           "postgresql://pgtend_test_secret:" + std::string{"s3cret-Passw0rd"} +
                               "@127.0.0.1:1/x?connect_timeout=1",
                           "init"}));
        note(test::pgtend({"-v", "-d", dsn + " nonsense", "init"}));
        note(test::pgtend({"-v", "-d",
                           "host=127.0.0.1 port=" + test::server_variable("PORT") + " dbname=" +
                               g.db.name() + " user=pgtend_test_secret password=wrong-" + password,
                           "init"}));
        // In the file, by variable and literally.
        auto const yaml = [&](std::string const &value) {
            return "version: 1\ntargets:\n  db: { dsn: \"" + value +
                   "\" }\njobs:\n  - { name: slow, schedule: \"* * * * *\", sql: { text: \"select "
                   "pg_sleep(0)\", idempotent: true } }\n";
        };
        auto const by_variable = g.files.write("variable.yaml", yaml("${SECRET_DSN}"));
        note(test::pgtend({"-v", "-c", by_variable, "tick"}, {{"SECRET_DSN", dsn}}));
        auto const literal = g.files.write("literal.yaml", yaml(dsn));
        note(test::pgtend({"-v", "-c", literal, "job", "list"}));
        note(test::pgtend({"-v", "-c", literal, "--dry-run", "job", "run", "slow"}));
        chmod(literal.c_str(), 0644);
        auto const open_to_all = test::pgtend({"-v", "-c", literal, "job", "list"});
        CHECK(open_to_all.code == 2); // F33
        note(open_to_all);
        said += g.db.value("SELECT coalesce(string_agg(r::text, ' '), '') FROM pgtend.run r") +
                g.db.value("SELECT coalesce(string_agg(r::text, ' '), '') FROM pgtend.runner r") +
                g.db.value("SELECT coalesce(string_agg(r::text, ' '), '') FROM pgtend.lease r");
        CHECK(said.size() > 1000);
        CHECK(said.find("s3cret") == std::string::npos);
        g.db.psql("DROP ROLE pgtend_test_secret");
    }

    TEST_CASE("F33: a file that others may write is refused")
    {
        test::ground g{"  - { name: j, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"};
        chmod(g.config.c_str(), 0666);
        auto const done = g.run({"tick"});
        CHECK(done.code == 2);
        CHECK(done.err.find("chmod") != std::string::npos);
    }

    TEST_CASE("F41: closed or broken streams, no HOME, no TZ, a directory that cannot be written")
    {
        test::ground g{"  - { name: j, schedule: \"* * * * *\", sql: { text: \"insert into hit "
                       "values (1)\" } }\n"};
        g.db.psql("CREATE TABLE hit (n int)");
        REQUIRE(g.tick("2026-01-01T00:00:30Z").code == 0);
        auto const tick = [&](std::string const &minute) {
            return "PGTEND -c " + g.config + " tick --now 2026-01-01T00:" + minute + ":05Z";
        };
        CHECK(shell(tick("01") + " >&-") == 0);
        CHECK(shell(tick("02") + " 2>&-") == 0);
        CHECK(shell(tick("03") + " >&- 2>&- <&-") == 0);
        CHECK(shell("bash -c '" + tick("04") + " | true; exit ${PIPESTATUS[0]}'") == 0);
        CHECK(shell("cd / && env -i PATH=/usr/bin " + tick("05")) == 0);
        CHECK(shell("env LANG=C LC_ALL=C " + tick("06")) == 0);
        CHECK(g.count("SELECT count(*) FROM hit") == 6);
        auto const listed =
            test::pgtend({"-c", g.config, "job", "history"}, {{"TZ", "Asia/Tokyo"}, {"HOME", ""}});
        CHECK(listed.code == 0);
        CHECK(listed.out.find("2026-01-01T00:06:00Z") != std::string::npos);
    }

    TEST_CASE("F27: what looks like SQL in a value stays a value")
    {
        test::ground g;
        g.db.psql("CREATE TABLE \"o'k; DROP TABLE x--\" (\"a\"\"b\" int, s text); INSERT INTO "
                  "\"o'k; DROP TABLE x--\" VALUES (1, 'old');"
                  "CREATE TABLE x (id int)");
        auto const done = g.run({"expire", "\"o'k; DROP TABLE x--\"", "--where", "s = 'old'",
                                 "--set", "s='); DROP TABLE x; --"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.db.value("SELECT s FROM \"o'k; DROP TABLE x--\"") == "'); DROP TABLE x; --");
        CHECK(g.count("SELECT count(*) FROM x") == 0);
        auto const broken = g.run({"cleanup", "public.x", "--where", "true) or (true"});
        CHECK(broken.code == 2);
        auto const second = g.run({"cleanup", "public.x", "--where", "true; drop table x"});
        CHECK(second.code == 2);
        CHECK(g.run({"init"}, {{"PGAPPNAME", "'; drop table x; --"}}).code == 0);
        CHECK(g.count("SELECT count(*) FROM x") == 0);
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("F24: a file with ten errors gives ten lines, exit 2, and nothing runs")
    {
        test::scratch files;
        auto const config = files.write(
            "bad.yaml",
            "version: 1\n"
            "timezone: Europe/Berln\n"
            "targets: { db: { dsn: \"host=/nonexistent\" } }\n"
            "defaults: { tiemout: 1min, retry: { max: many } }\n"
            "jobs:\n"
            "  - { name: a, schedule: \"61 * * * *\", sql: { text: \"select 1\" } }\n"
            "  - { name: b, schedule: \"* * * * *\", clenup: { table: t, where: \"x\" } }\n"
            "  - { name: c, schedule: \"* * * * *\", timeout: 5, sql: { text: \"select 1\" } }\n"
            "  - { name: a, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"
            "  - { name: \"d e\", schedule: \"* * * * *\", missed: sometimes, sql: { text: \"\" } "
            "}\n");
        auto const done = test::pgtend({"-c", config, "tick"});
        CHECK(done.code == 2);
        CHECK(done.out.empty());
        auto const lines = std::count(done.err.begin(), done.err.end(), '\n');
        CHECK_MESSAGE(lines == 10, done.err);
        CHECK(done.err.find(config + ":2:") != std::string::npos);
        CHECK(done.err.find("timeout") != std::string::npos); // the nearest key
    }
}
