// SPDX-License-Identifier: Apache-2.0
// Trees of more partitions than a server can lock at once. tests/bench/tree.sh has 50,000.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/own_server.hpp"

using namespace pgtend;

namespace {

// Two months with 500 partitions each, two rows in each, of which one is old. A transaction makes
// 100 of them: many more could not be locked.
void plant(test::own_server const &server)
{
    server.psql("CREATE TABLE events (id int NOT NULL, at timestamptz NOT NULL, old boolean NOT "
                "NULL) PARTITION BY RANGE (at);"
                "CREATE TABLE jan PARTITION OF events FOR VALUES FROM ('2026-01-01 00:00+00') TO "
                "('2026-02-01 00:00+00') PARTITION BY LIST (id);"
                "CREATE TABLE feb PARTITION OF events FOR VALUES FROM ('2026-02-01 00:00+00') TO "
                "('2026-03-01 00:00+00') PARTITION BY LIST (id)");
    for (auto const &[month, day] : {std::pair{"jan", "2026-01-05"}, {"feb", "2026-02-05"}}) {
        for (int first = 1; first <= 500; first += 100) {
            server.psql(fmt::format(
                "DO $$ BEGIN FOR i IN {1}..{2} LOOP EXECUTE format('CREATE TABLE {0}_%1$s "
                "PARTITION OF {0} FOR VALUES IN (%1$s); INSERT INTO {0}_%1$s VALUES (%1$s, "
                "''{3}'', true), (%1$s, ''{3}'', false)', i); END LOOP; END $$",
                month, first, first + 99, day));
        }
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F36: a tree of a thousand partitions on a server that cannot lock it as a whole: "
              "each kind of work does its part, in little memory")
    {
        test::own_server const server;
        for (auto const *setting : {"max_connections = 10", "max_prepared_transactions = 0",
                                    "superuser_reserved_connections = 1", "max_wal_senders = 0",
                                    "max_worker_processes = 0", "autovacuum_max_workers = 1",
                                    "wal_level = replica", "max_locks_per_transaction = 16"}) {
            server.psql(std::string{"ALTER SYSTEM SET "} + setting);
        }
        server.restart("fast");
        plant(server);
        CHECK_THROWS_WITH_AS(server.value("SELECT count(*) FROM events"),
                             doctest::Contains("out of shared memory"), std::exception);
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml",
            "version: 1\ntargets:\n  db: { dsn: \"" + server.dsn() +
                "\" }\npartitions:\n  - { table: public.events, key: at, every: month, from: "
                "2026-01, premake: 1 }\njobs:\n"
                "  - { name: clean, schedule: \"0 * * * *\", cleanup: { table: public.events, "
                "where: \"old\" } }\n");
        auto const run = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-c", config});
            auto const done = test::pgtend(args);
            CHECK_MESSAGE(done.code == 0, done.err);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
            CHECK(done.peak < 60'000); // kB
#endif
        };
        run({"init"});
        run({"partition", "create"});
        run({"job", "run", "clean"});
        CHECK(server.value("SELECT rows FROM pgtend.run WHERE job = 'clean'") == "1000");
        CHECK(server.value("SELECT count(*) FROM feb_7") == "1");
        run({"vacuum", "run", "public.events"});
        // Not asked of pg_stat_user_tables: the collector of 14 may lose messages.
        CHECK(server.value("SELECT count(*) FROM pg_class WHERE reltuples = 1 AND relname ~ "
                           "'^(jan|feb)_[0-9]+$'") == "1000");
    }
}
