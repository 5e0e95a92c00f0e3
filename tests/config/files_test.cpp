// SPDX-License-Identifier: Apache-2.0
// Files: which are read, who may read and write them, and how they join.
#include <chrono>
#include <cstdlib>
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/support.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// Diagnostics as text, without the directory's path.
std::string refusal(scratch const &files, std::string const &name,
                    config::load_options const &options = with())
{
    try {
        config::load_file(files.path() + "/" + name, options);
    } catch (config_error const &e) {
        std::string out = e.what();
        for (auto at = out.find(files.path() + "/"); at != std::string::npos;
             at = out.find(files.path() + "/")) {
            out.erase(at, files.path().size() + 1);
        }
        return out;
    }
    return "";
}

std::string const one_job = "version: 1\njobs: [ { name: a, schedule: \"@daily\", vacuum: {} } ]\n";

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("what is not a readable file is refused at once")
    {
        scratch const files;
        CHECK(refusal(files, "none.yaml").find("none.yaml: cannot be opened: No such file") == 0);
        ::mkdir((files.path() + "/folder").c_str(), 0700);
        CHECK(refusal(files, "folder").find("folder: is a directory") == 0);
        REQUIRE(::mkfifo((files.path() + "/fifo").c_str(), 0600) == 0);
        CHECK(refusal(files, "fifo").find("fifo: is not a regular file") ==
              0); // and does not wait for a writer
        CHECK_THROWS_AS(config::load_file("/dev/zero", with()), config_error);
        CHECK_THROWS_AS(config::load_file(std::string("a\0b", 3), with()), config_error);
    }

    TEST_CASE("fifty megabytes are refused without being read")
    {
        scratch const files;
        files.write("big.yaml", one_job);
        REQUIRE(::truncate((files.path() + "/big.yaml").c_str(), 50'000'000) == 0);
        auto const begin = std::chrono::steady_clock::now();
        CHECK(refusal(files, "big.yaml").find("big.yaml: has more than 1,000,000 bytes") == 0);
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{1});
    }

    TEST_CASE("a file that others may write decides what runs: refused")
    {
        scratch const files;
        auto const path = files.write("a.yaml", one_job);
        for (auto const mode : {0600, 0400, 0640, 0644, 0755}) {
            ::chmod(path.c_str(), static_cast<mode_t>(mode));
            CHECK(refusal(files, "a.yaml").empty());
        }
        for (auto const mode : {0620, 0602, 0664, 0666}) {
            ::chmod(path.c_str(), static_cast<mode_t>(mode));
            CHECK(refusal(files, "a.yaml")
                      .find("a.yaml: group or others may write the file (mode 06") == 0);
            CHECK(refusal(files, "a.yaml", with({}, true)).empty());
        }
    }

    TEST_CASE("a password in a file that others may read: refused, whatever is allowed")
    {
        scratch const files;
        for (auto const *dsn :
             {"host=h password=s3cr3t", "host=h password = 's3cr3t'", "postgresql://u:s3cr3t@h/db",
              "postgres://u@h/db?password=s3cr3t", "host=h sslpassword=s3cr3t",
              "password=s3cr3t${X}", "${X}password=s3cr3t", "postgres://${X}:s3cr3t@h",
              "postgres://u:s3/cr3t@h/db"}) {
            CAPTURE(dsn);
            auto const path = files.write("a.yaml", "version: 1\ntargets: { a: { dsn: \"" +
                                                        std::string{dsn} + "\" } }\n");
            CHECK(refusal(files, "a.yaml", with({{"X", "y"}})).empty());
            for (auto const mode : {0640, 0604, 0644}) {
                ::chmod(path.c_str(), static_cast<mode_t>(mode));
                for (bool const insecure : {false, true}) {
                    auto const what = refusal(files, "a.yaml", with({{"X", "y"}}, insecure));
                    CHECK(what.find("a.yaml:2:22: dsn: it holds a password, and group or others "
                                    "may read or write") == 0);
                    CHECK(what.find("s3cr3t") == std::string::npos);
                    CHECK(what.find("cr3t") == std::string::npos);
                }
            }
        }
        for (auto const *dsn :
             {"host=h user=u passfile=/x", "${X}", "host=h password=${X}", "host=h password='${X}'",
              "postgresql://u:${X}@h/db", "postgresql://u@h/db?password=${X}&x=1",
              "postgresql:///db?host=/tmp", "${X}/db", "service=main"}) {
            CAPTURE(dsn);
            auto const path = files.write("a.yaml", "version: 1\ntargets: { a: { dsn: \"" +
                                                        std::string{dsn} + "\" } }\n");
            ::chmod(path.c_str(), 0644);
            CHECK(refusal(files, "a.yaml", with({{"X", "y"}})).empty());
        }
    }

    TEST_CASE("the files of include: join")
    {
        scratch const files;
        ::mkdir((files.path() + "/more").c_str(), 0700);
        files.write("main.yaml",
                    "version: 1\ntimezone: Africa/Kinshasa\ndefaults: { overlap: queue }\n"
                    "include: [more/jobs.yaml, common.yaml]\n"
                    "jobs: [ { name: a, schedule: \"@daily\", target: main, vacuum: {} } ]\n");
        files.write("more/jobs.yaml",
                    "include: ../common.yaml\n"
                    "jobs: [ { name: b, schedule: \"@daily\", sql: { file: b.sql } } ]\n");
        files.write("more/b.sql", "select 'beside its file';\n");
        files.write("common.yaml", "version: 1\ntargets: { main: {} }\n"
                                   "partitions: [ { table: a.b, key: k, every: day } ]\n");
        auto const all = config::load_file(files.path() + "/main.yaml", with());
        CHECK(all.jobs.size() == 2);
        CHECK(all.find_job("b").time_zone == "Africa/Kinshasa");
        CHECK(all.find_job("b").policy.overlap == model::overlap::queue);
        CHECK(std::get<model::sql_action>(all.find_job("b").action).text ==
              "select 'beside its file';\n");
        CHECK(all.find_job("b").at.file == files.path() + "/more/jobs.yaml");
        CHECK(all.targets.size() == 1); // common.yaml is read once
        CHECK(all.partitions.size() == 1);
    }

    TEST_CASE("errors of all files at once, each at its place")
    {
        scratch const files;
        files.write("main.yaml", "version: 1\ninclude:\n  - a.yaml\n  - none.yaml\n  - bad.yaml\n"
                                 "jobs: [ { name: x, schedule: \"@daily\", vacum: {} } ]\n");
        files.write("a.yaml",
                    "timezone: UTC\njobs: [ { name: y, schedule: \"@dayly\", vacuum: {} } ]\n");
        files.write("bad.yaml", "jobs: [\n");
        auto const what = refusal(files, "main.yaml");
        CHECK(what.find("main.yaml:4:5: '") == 0);
        CHECK(what.find("none.yaml': cannot be opened: No such file or directory\nmain.yaml:6:40: "
                        "unknown key 'vacum'") != std::string::npos);
        CHECK(what.find("\na.yaml:1:1: key 'timezone' belongs into the main file") !=
              std::string::npos);
        CHECK(what.find("\na.yaml:2:30: schedule '@dayly'") != std::string::npos);
        CHECK(what.find("\nbad.yaml:2:1: this is not YAML") != std::string::npos);
    }

    TEST_CASE("duplicates across files name both places")
    {
        scratch const files;
        files.write("main.yaml", one_job + "include: other.yaml\ntargets: { t: {} }\n");
        files.write(
            "other.yaml",
            "jobs:\n  - { name: a, schedule: \"@daily\", vacuum: {} }\ntargets:\n  t: {}\n");
        CHECK(refusal(files, "main.yaml") == "other.yaml:2:5: job 'a' is there twice (HINT: the "
                                             "first is in main.yaml:2:9; rename one of them)\n"
                                             "other.yaml:4:3: target 't' is there twice (HINT: the "
                                             "first is in main.yaml:4:12; rename one of them)");
    }

    TEST_CASE("cycles and endless chains of include")
    {
        scratch const files;
        files.write("a.yaml", "version: 1\ninclude: b.yaml\n");
        files.write("b.yaml", "include: [./a.yaml]\n");
        CHECK(refusal(files, "a.yaml").find("b.yaml:1:11: '") == 0);
        CHECK(refusal(files, "a.yaml").find("a.yaml' includes itself") != std::string::npos);
        for (int i = 0; i < 12; ++i) {
            files.write("c" + std::to_string(i) + ".yaml", (i == 0 ? "version: 1\n" : "") +
                                                               std::string{"include: c"} +
                                                               std::to_string(i + 1) + ".yaml\n");
        }
        files.write("c12.yaml", "jobs: []\n");
        CHECK(refusal(files, "c0.yaml").find("files are included more than 8 levels deep") !=
              std::string::npos);
        files.write("d.yaml", "version: 1\ninclude: [5, ~, a.yaml, { x: y }]\n");
        CHECK(refusal(files, "d.yaml")
                  .find("d.yaml:2:11: include: '5' is a number, and a text is wanted") == 0);
    }

    TEST_CASE("a symbolic link is the file that it names")
    {
        scratch const files;
        files.write("a.yaml", "version: 1\ninclude: b.yaml\n");
        REQUIRE(::symlink("a.yaml", (files.path() + "/b.yaml").c_str()) == 0);
        CHECK(refusal(files, "a.yaml").find("includes itself") != std::string::npos);
    }

    TEST_CASE("sql files")
    {
        scratch const files;
        files.write(
            "main.yaml",
            "version: 1\njobs: [ { name: a, schedule: \"@daily\", sql: { file: x.sql } } ]\n");
        CHECK(refusal(files, "main.yaml").find("main.yaml:2:53: '") == 0);
        auto const sql = files.write("x.sql", "select 1;\nrollback;\n");
        CHECK(refusal(files, "main.yaml") ==
              "main.yaml:2:53: file: statement 2 is transaction control (ROLLBACK) (HINT: the run "
              "opens and commits its transaction "
              "itself; `statements: separate` gives each statement its own)");
        files.write("x.sql", "select 1;\n");
        ::chmod(sql.c_str(), 0666);
        CHECK(refusal(files, "main.yaml")
                  .find("x.sql' may be written by group or others (mode 0666)") !=
              std::string::npos);
        CHECK(refusal(files, "main.yaml", with({}, true)).empty());
        ::chmod(sql.c_str(), 0644);
        CHECK(refusal(files, "main.yaml").empty());
        files.write("x.sql", "select '\xFF';\n");
        CHECK(refusal(files, "main.yaml").find("x.sql:1:9: the text is not UTF-8 from here on") ==
              0);
    }

    TEST_CASE("the query of a materialized view in a file beside the one that names it")
    {
        scratch const files;
        ::mkdir((files.path() + "/more").c_str(), 0700);
        files.write("main.yaml", "version: 1\ninclude: more/views.yaml\n");
        files.write("more/views.yaml",
                    "matviews:\n  - { name: public.a, query: { file: a.sql } }\n");
        CHECK(refusal(files, "main.yaml").find("views.yaml:2:38: '") != std::string::npos);
        auto const sql = files.write("more/a.sql", "-- one a day\nselect day\nfrom t;\n");
        auto const all = config::load_file(files.path() + "/main.yaml", with());
        CHECK(all.matviews.at(0).query == "-- one a day\nselect day\nfrom t");
        files.write("more/a.sql", "\xEF\xBB\xBFselect 1"); // with a byte order mark
        CHECK(config::load_file(files.path() + "/main.yaml", with()).matviews.at(0).query ==
              "select 1");
        files.write("more/a.sql", "select 1;\nselect 'x;\n");
        CHECK(refusal(files, "main.yaml").find("views.yaml:2:38: file: ") != std::string::npos);
        CHECK(refusal(files, "main.yaml").find("line 2") != std::string::npos);
        files.write("more/a.sql", "select 1");
        ::chmod(sql.c_str(), 0666);
        CHECK(refusal(files, "main.yaml").find("may be written by group or others") !=
              std::string::npos);
    }
}
