// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// Files of 16 MB.
void write_wal(pg::session &s, int files)
{
    for (int i = 0; i < files; ++i) {
        s.batch("SELECT pg_logical_emit_message(false, 'x', 'y')");
        s.batch("SELECT pg_switch_wal()");
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("wal: archived, streamed, kept by slots")
    {
        own_server const server;
        auto s = open(server.dsn());
        CHECK(look(s, "backup.archiving") == list{"info archive_mode"});
        CHECK(look(s, "backup.slot_wal").empty());
        CHECK(look(s, "backup.archiver").empty());

        s.run("SELECT pg_create_physical_replication_slot('left_over', true)");
        CHECK(look(s, "backup.slot_inactive") == list{"error replication slot left_over"});
        CHECK(look(s, "backup.slot_wal") == list{"info max_slot_wal_keep_size"});
        write_wal(s, 2);
        CHECK(look(s, "backup.slot_wal", {0.01, 1}) ==
              list{"warning replication slot left_over", "info max_slot_wal_keep_size"});
        CHECK(look(s, "backup.slot_wal", {0.01, 0.02}).front() ==
              "error replication slot left_over");
        s.run("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
        s.run("ALTER SYSTEM SET min_wal_size = '32MB'");
        s.run("ALTER SYSTEM SET archive_mode = on");
        s.run("ALTER SYSTEM SET archive_command = 'false'");
        server.restart("fast");
        s = open(server.dsn());
        write_wal(s, 4);
        eventually("it fails", [&] { return !look(s, "backup.archiver").empty(); });
        CHECK(look(s, "backup.archiver") == list{"error archiver"});
        CHECK(about(s, "backup.archiver", "archiver")
                  .message.ends_with(" ago, and it never succeeded"));
        CHECK(look(s, "backup.archiving").empty());
        s.run("ALTER SYSTEM SET archive_command = 'true'");
        s.run("SELECT pg_reload_conf()");
        eventually("it succeeds", [&] { return look(s, "backup.archiver").empty(); });
        eventually("what the slot needs is removed", [&] {
            s.run("CHECKPOINT");
            return look(s, "backup.slot_inactive").empty();
        });
        CHECK(look(s, "backup.slot_wal") == list{"error replication slot left_over"});
        CHECK(about(s, "backup.slot_wal", "replication slot left_over").message ==
              "wal that it needs was removed: whoever reads it must start anew");
        s.run(about(s, "backup.slot_wal", "replication slot left_over").fix);
        CHECK(look(s, "backup.slot_wal").empty());
    }

    TEST_CASE("a standby that is behind")
    {
        own_server const server;
        server.psql("CREATE ROLE bare LOGIN");
        standby const copy{server};
        auto s = open(server.dsn());
        auto there = open(copy.dsn());
        CHECK(look(s, "backup.archiving").empty());
        CHECK(look(there, "backup.archiving").empty());
        CHECK(look(s, "backup.replica_lag").empty());
        there.run("SELECT pg_wal_replay_pause()");
        write_wal(s, 4);
        eventually("64 MB", [&] { return look(there, "backup.replica_lag").size() == 1; });
        CHECK(look(there, "backup.replica_lag") == list{"warning this standby"});
        auto const seen = look(s, "backup.replica_lag");
        REQUIRE(seen.size() == 1);
        CHECK(seen.front().starts_with("warning standby "));
        auto bare = open(server.dsn() + " user=bare");
        CHECK(look(bare, "backup.replica_lag") == list{"needs pg_read_all_stats"});
        write_wal(s, 4);
        eventually("128 MB",
                   [&] { return look(there, "backup.replica_lag") == list{"error this standby"}; });
        CHECK(look(s, "backup.replica_lag").front().starts_with("error standby "));

        // No check fails on a standby.
        for (auto const *each : queried_rules()) {
            INFO(each->id);
            CHECK_NOTHROW(ask(there, *each));
        }
    }
}
