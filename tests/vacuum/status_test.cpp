// SPDX-License-Identifier: Apache-2.0
// What of vacuum needs somebody, from what the server tells.
#include "vacuum/status.hpp"

#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::vacuum;
using test::list;

namespace {

instant const noon = parse_rfc3339("2026-10-14T12:00:00Z");

struct server {
    catalog::vacuum_activity activity;
    catalog::vacuum_snapshot tables;

    status seen(status_limits const &limits = {}) const
    {
        return status_of(activity, tables, limits, noon);
    }
    catalog::vacuum_table &add(std::string const &name, double age = 0)
    {
        auto &out = tables.tables.emplace_back();
        out.name = {"public", name};
        out.age = age;
        return out;
    }
    catalog::horizon_holder &hold(std::string const &kind, std::string const &who, long long age,
                                  std::optional<seconds> held = {})
    {
        auto &out = activity.holders.emplace_back();
        out.kind = kind;
        out.who = who;
        out.age = age;
        if (held) {
            out.since = (noon - *held).time_since_epoch().count();
        }
        return out;
    }
};

list kinds(status const &of)
{
    list out;
    for (auto const &each : of.findings) {
        out.push_back(each.kind + " " + each.object);
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a holder is told by its time or by the transactions since; the limits are exclusive")
    {
        server s;
        s.hold("session", "1", 10, seconds{3600});
        s.hold("session", "2", 10, seconds{3601});
        s.hold("slot", "quiet", 10'000'000);
        s.hold("slot", "far", 10'000'001);
        CHECK(kinds(s.seen()) == list{"horizon 2", "horizon far"});
        CHECK(kinds(s.seen({.holder_age = seconds{30}, .holder_transactions = 5})) ==
              list{"horizon 1", "horizon 2", "horizon quiet", "horizon far"});
        CHECK(s.seen().holders[1].too_old);
        CHECK(!s.seen().holders[2].too_old);
    }

    TEST_CASE("each kind of holder has its own remedy")
    {
        server s;
        auto &idle = s.hold("session", "4711", 99, seconds{7200});
        idle.state = "idle in transaction";
        idle.application = "shop";
        idle.user = "app";
        idle.database = "prod";
        s.hold("session", "4712", 99, seconds{7200}).state = "active";
        s.hold("prepared", "it's", 99, seconds{7200}).database = "prod";
        auto &slot = s.hold("slot", "old_replica", 20'000'000);
        slot.state = "inactive";
        slot.application = "physical";
        auto &logical = s.hold("slot", "cdc", 20'000'000);
        logical.state = "active";
        logical.application = "logical";
        logical.only_catalogs = true;
        s.hold("standby", "replica1", 20'000'000).application = "10.0.0.7";
        auto const seen = s.seen();
        REQUIRE(seen.findings.size() == 6);
        CHECK(seen.findings[0].message ==
              "session 4711 (shop) of app in database prod, idle in transaction, 2 h old, holds "
              "back the removal of old rows, by 99 transactions");
        CHECK(seen.findings[0].hint.find("SELECT pg_terminate_backend(4711)") == 0);
        CHECK(seen.findings[1].hint.find("pg_cancel_backend(4712)") != std::string::npos);
        CHECK(seen.findings[2].hint == "ask its transaction manager; else COMMIT PREPARED "
                                       "'it''s' or ROLLBACK PREPARED 'it''s' in database prod");
        CHECK(seen.findings[3].message.find("inactive physical replication slot old_replica") == 0);
        CHECK(seen.findings[3].hint.find("pg_drop_replication_slot('old_replica')") !=
              std::string::npos);
        CHECK(seen.findings[4].message.find("old rows of the catalogs") != std::string::npos);
        CHECK(seen.findings[4].hint.find("pg_drop_replication_slot") == std::string::npos);
        CHECK(seen.findings[5].message.find("standby replica1 at 10.0.0.7") == 0);
    }

    TEST_CASE("ages count by their own limits; autovacuum's own limit is no trouble yet")
    {
        server s;
        s.activity.database = "prod";
        s.activity.databases = {{"prod", 221e6, 0}, {"other", 0, 441e6}, {"young", 210e6, 0}};
        s.add("fine", 215e6);
        s.add("old", 221e6);
        s.add("early", 1.2e6).options = {"autovacuum_freeze_max_age=1000000"};
        s.add("parent", 2e9).kind = 'p';
        auto &multi = s.add("multi");
        multi.multixact_age = 500e6;
        auto const seen = s.seen();
        CHECK(kinds(seen) == list{"wraparound_database database prod",
                                  "wraparound_database database other",
                                  "wraparound_table public.old", "wraparound_table public.early",
                                  "wraparound_table public.multi"});
        CHECK(seen.findings[2].message == "public.old: its oldest transaction is 221,000,000 old, "
                                          "1.1 times autovacuum_freeze_max_age of 200,000,000");
        CHECK(seen.findings[4].message.find("oldest multixact is 500,000,000 old") !=
              std::string::npos);
        REQUIRE(seen.tables.size() == 4);
        CHECK(seen.tables[0].name == "public.multi");
        CHECK(seen.tables[1].name == "public.early");
        CHECK(s.seen({.tables = 2}).tables.size() == 2);
    }

    TEST_CASE("beyond the failsafe it says what comes next, and who is at it already")
    {
        server s;
        s.add("t", 1.7e9);
        CHECK(s.seen().findings[0].message.find("beyond the failsafe age of 1,600,000,000") !=
              std::string::npos);
        CHECK(s.seen().findings[0].hint.find("VACUUM \"public\".\"t\"") == 0);
        auto &running = s.activity.running.emplace_back();
        running.pid = 99;
        running.table = {"public", "t"};
        running.phase = "scanning heap";
        running.blocks = 200;
        running.scanned = 50;
        CHECK(s.seen().findings[0].hint == "process 99 is at it: scanning heap, 25 %");
    }

    TEST_CASE("what is due, the most needed first, and no more than asked for")
    {
        server s;
        s.add("calm").dead = 10;
        s.add("worst").dead = 500;
        s.add("changed").modified = 100;
        s.add("off").dead = 120;
        s.tables.tables.back().options = {"autovacuum_enabled=false"};
        auto const seen = s.seen({.tables = 2});
        CHECK(seen.due_in_all == 3);
        REQUIRE(seen.due.size() == 2);
        CHECK(seen.due[0].table.name == "worst");
        CHECK(seen.due[0].how_much.vacuum == doctest::Approx(10));
        CHECK(seen.due[1].table.name == "off");
        CHECK(!seen.due[1].autovacuum);
        CHECK(seen.findings.empty());
    }

    TEST_CASE("progress is told by what the phase goes through")
    {
        catalog::running_vacuum one;
        CHECK(progress_of(one) == "not visible");
        one.phase = "vacuuming indexes";
        one.index_rounds = 1;
        CHECK(progress_of(one) == "vacuuming indexes, 1 index round"); // up to 16
        one.indexes = 4;
        one.indexes_done = 3;
        CHECK(progress_of(one) == "vacuuming indexes, 75 %, 1 index round");
        one.phase = "vacuuming heap";
        one.blocks = 10;
        one.vacuumed = 1;
        one.index_rounds = 2;
        CHECK(progress_of(one) == "vacuuming heap, 10 %, 2 index rounds");
        one.blocks = 0;
        CHECK(progress_of(one) == "vacuuming heap, 2 index rounds");
    }

    TEST_CASE("what cannot be seen is said with the GRANT that shows it; busy workers, and what is "
              "off")
    {
        server s;
        CHECK(s.seen().notes.empty());
        s.activity.sees_all = false;
        s.activity.role = "Some one";
        REQUIRE(s.seen().notes.size() == 1);
        CHECK(s.seen().notes[0].find("GRANT pg_monitor TO \"Some one\"") != std::string::npos);
        CHECK(s.seen().findings.empty());
        s.activity.hidden = 3; // whether they hold old rows is not known: not fine
        CHECK(s.seen().notes.empty());
        REQUIRE(s.seen().findings.size() == 1);
        CHECK(s.seen().findings[0].kind == "unseen");
        CHECK(s.seen().findings[0].message.find("3 sessions") != std::string::npos);
        CHECK(s.seen().findings[0].hint == "GRANT pg_monitor TO \"Some one\"");
        s.activity.max_workers = 1;
        s.activity.running.emplace_back().autovacuum = true;
        s.activity.autovacuum = false;
        s.tables.settings.track_counts = false;
        s.activity.standby = true;
        CHECK(s.seen().notes.size() == 4);
    }
}
