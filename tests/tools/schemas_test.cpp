// SPDX-License-Identifier: Apache-2.0
// What -o json prints is what docs/schemas/*.json promise.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "base/text.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "tools/commands.hpp"

using namespace pgtend;
namespace fs = std::filesystem;

namespace {

std::string root()
{
    auto const *told = std::getenv("PGTEND_SOURCE");
    return told == nullptr ? "." : told;
}

// A document of each command, of each shape that it has. A new command: a line here, and its
// schema.
class samples {
  public:
    samples()
    {
        ::chmod(documents_.path().c_str(), 0755); // the user of the sandbox's server has to pass
        g_.db.psql("CREATE TABLE t (id int PRIMARY KEY, state text);"
                   "INSERT INTO t SELECT i, 'old' FROM generate_series(1, 9) i;"
                   "CREATE TABLE p (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                   "CREATE TABLE q (at timestamptz NOT NULL) PARTITION BY RANGE (at);"
                   "CREATE INDEX extra ON t (id);"
                   "CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t");
    }

    void take_all()
    {
        take({"schedule", "check"});
        take({"-t", "db", "schedule", "check"});
        take({"schedule", "simulate", "--for", "2d"});
        take({"plan"});
        take({"index", "status"});
        take({"matview", "status"});
        take({"index", "create"});
        take({"matview", "create"});
        take({"apply", "--yes"});
        take({"plan"});
        take({"index", "status"});
        take({"matview", "status"});
        take({"index", "drop", "extra", "gone"});
        take({"check"});
        take({"check", "--write-baseline", documents_.path() + "/0-baseline.json"});
        take({"check", "--list"});
        take({"check", "--explain", "vacuum.horizon"});
        take({"job", "list"});
        take({"tick", "--now", test::before});
        take({"tick", "--now", test::due});
        take({"job", "run", "good"});
        take({"job", "run", "bad"});
        take({"job", "list"});
        take({"job", "show", "bad"});
        take({"job", "show", "none"});
        take({"job", "history"});
        take({"job", "history", "--stats"});
        take({"matview", "status"});
        take({"job", "pause", "good", "--because", "x"});
        take({"job", "pause", "--all"});
        take({"job", "list"});
        take({"job", "resume", "--all"});
        take({"job", "reset", "bad"});
        take({"schedule", "next", "30 2 * * *", "--zone", "Europe/Berlin"});
        take({"expire", "t", "--where", "state = 'old'", "--set", "state=new"});
        take({"cleanup", "t", "--where", "id < 5"});
        take({"cleanup", "gone", "--where", "true"});
        take({"partition", "create", "p", "--key", "at", "--every", "month"});
        take({"matview", "refresh", "m"});
        take({"partition", "status"});
        take({"vacuum", "run", "--analyze", "t"});
        take({"vacuum", "status"});
        take({"autovacuum", "apply", "t", "--set", "vacuum_scale_factor=0.05"});
        take({"autovacuum", "status"});
        take({"autovacuum", "revert"});
        auto const box = documents_.path() + "/box";
        take({"sandbox", "start", "--directory", box});
        take({"sandbox", "status", "--directory", box});
        take({"sandbox", "stop", "--directory", box});
        take({"sandbox", "status", "--directory", box});
        take({"init"});
        take({"init", "--adopt"});
        take({"init", "--remove"});
        take({"init"});
    }

    std::string const &directory() const { return documents_.path(); }

  private:
    void take(std::vector<std::string> args)
    {
        args.insert(args.begin(), {"-o", "json"});
        auto const done = g_.run(args);
        INFO(join(args, " "), ": ", done.err);
        CHECK(done.out.starts_with("{\n  \"schema\": \"pgtend/"));
        ++count_;
        documents_.write(std::to_string(count_) + "-" + args[2] + ".json", done.out);
    }

    test::ground g_{
        "  - { name: good, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
        "  - { name: bad, schedule: \"0 1,13 31 * 5\", sql: { text: \"select 1/0\" } }\n"
        "  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.t, where: id < 0 } "
        "}\n"
        "  - { name: wipe, schedule: \"0 * * * *\", cleanup: { table: public.t, where: id < 0 } }\n"
        "  - { name: fresh, schedule: \"0 * * * *\", refresh: { matview: public.d } }\n"
        "  - { name: none, schedule: \"@yearly\", enabled: false, sql: { text: \"select 1\" } }\n",
        "partitions:\n  - { table: public.q, key: at, every: month }\n"
        "indexes:\n  - { name: t_state, table: public.t, on: (state) }\n"
        "matviews:\n  - { name: public.d, query: select 1 AS one, unique_index: [one] }\n"
        "probes:\n  - { name: port, tcp: { host: localhost, port: 1 } }\n"
        "objectives:\n  - { name: quick, probe: port, metric: time, target: \"< 1s\" }\n"};
    test::scratch documents_;
    int count_ = 0;
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("every document of every command is as its schema says, which has no key too many")
    {
        samples s;
        s.take_all();
        test::scratch said;
        auto const command = "python3 '" + root() + "/tests/support/schema' check '" + root() +
                             "/docs/schemas' '" + s.directory() + "' 2> '" + said.path() +
                             "/faults'";
        auto const status = std::system(command.c_str());
        std::ifstream file{said.path() + "/faults"};
        std::string const faults{std::istreambuf_iterator<char>{file}, {}};
        CHECK_MESSAGE(status == 0, faults);
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("every command that prints a document has a schema, and every schema a command")
    {
        std::vector<std::string> commands, schemas;
        for (auto const &c : tools::commands()) {
            if (c.document) {
                commands.push_back(replace_all(std::string{c.name}, " ", "-"));
            }
        }
        for (auto const &file : fs::directory_iterator{root() + "/docs/schemas"}) {
            auto const name = file.path().stem().string();
            auto const other = {"job-history-stats", "check-list", "check-explain",
                                "check-baseline"};
            if (std::find(other.begin(), other.end(), name) == other.end()) {
                schemas.push_back(name); // those are second documents of a command
            }
        }
        std::sort(commands.begin(), commands.end());
        std::sort(schemas.begin(), schemas.end());
        CHECK(commands == schemas);
    }
}
