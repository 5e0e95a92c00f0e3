// SPDX-License-Identifier: Apache-2.0
// What autovacuum will do, without a server.
#include "vacuum/outlook.hpp"
#include "vacuum/support.hpp"

#include <doctest/doctest.h>

using namespace pgtend;
using namespace pgtend::vacuum;
using test::settings;

namespace {

constexpr long long hour = 3'600'000'000;
constexpr instant thousandth_hour{microseconds{1'000 * hour}};

catalog::vacuum_table vacuumed_table()
{
    catalog::vacuum_table out;
    out.name = {"public", "t"};
    out.reltuples = 10'000; // vacuum over 2,050, analyze over 1,050, inserts over 3,000
    out.last_vacuum = out.last_analyze = 990 * hour;
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("due is what is over its threshold, not what has reached it")
    {
        auto t = vacuumed_table();
        t.dead = 2'050;
        t.modified = 1'050;
        auto const at = outlook_of(t, settings(), thousandth_hour);
        CHECK_FALSE(at.vacuum_due);
        CHECK_FALSE(at.analyze_due);
        t.dead = 2'051;
        t.modified = 1'051;
        auto const over = outlook_of(t, settings(), thousandth_hour);
        CHECK(over.vacuum_due);
        CHECK(over.analyze_due);
        CHECK_FALSE(over.vacuum_in);
        CHECK_FALSE(over.analyze_in);
        // A threshold of nothing: one row is over it.
        t.options = {"autovacuum_vacuum_threshold=0", "autovacuum_vacuum_scale_factor=0"};
        t.dead = 1;
        CHECK(outlook_of(t, settings(), thousandth_hour).vacuum_due);
        t.dead = 0;
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_due);
    }

    TEST_CASE(
        "when it comes, by the pace since the last time; the sooner of dead and inserted rows")
    {
        auto t = vacuumed_table();
        t.dead = 1'025; // half the way in 10 hours
        t.modified = 210;
        auto const one = outlook_of(t, settings(), thousandth_hour);
        CHECK(one.vacuum_in == microseconds{10 * hour});
        CHECK(one.analyze_in == microseconds{40 * hour});
        t.inserted = 2'000;
        CHECK(outlook_of(t, settings(), thousandth_hour).vacuum_in == microseconds{5 * hour});
        t.last_vacuum = t.last_analyze = std::nullopt;
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_in);
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).analyze_in);
        t = vacuumed_table();
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_in); // no pace
        t.last_vacuum = 1'001 * hour;                                      // the clock was set back
        t.dead = 5;
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_in);
    }

    TEST_CASE("switched off, for the table, the server or the counts: only age counts")
    {
        auto t = vacuumed_table();
        t.dead = t.modified = 1e6;
        auto const is = [&](bool vacuum, bool analyze, catalog::vacuum_settings const &with) {
            auto const o = outlook_of(t, with, thousandth_hour);
            CHECK(o.off);
            CHECK(o.vacuum_due == vacuum);
            CHECK(o.analyze_due == analyze);
        };
        auto no_autovacuum = settings(), no_counts = settings();
        no_autovacuum.autovacuum = false;
        no_counts.track_counts = false;
        is(false, false, no_autovacuum);
        is(false, false, no_counts);
        t.options = {"autovacuum_enabled=off"};
        is(false, false, settings());
        t.age = 200e6 + 1;
        is(true, false, no_autovacuum);
        is(true, true, settings()); // once it is looked at
        t.age = 0;
        t.multixact_age = 400e6 + 1;
        is(true, true, settings());
    }

    TEST_CASE("rows in the TOAST table make it due, too, also inserted ones")
    {
        auto t = vacuumed_table();
        t.toast = "pg_toast_1";
        t.toast_reltuples = 1'000;
        t.toast_inserted = 1'201;
        CHECK(outlook_of(t, settings(), thousandth_hour).vacuum_due);
        CHECK(outlook_of(t, settings(), thousandth_hour).needed.vacuum_reason ==
              "1,201 inserted rows in its TOAST table, 1.0 times the threshold of 1,200");
        t.options = {"toast.autovacuum_vacuum_insert_threshold=-1"};
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_due);
        t.options = {};
        auto newer = settings();
        newer.server_version = 180000;
        t.toast_pages = 100;
        t.toast_frozen_pages = 50;
        t.toast_inserted = 1'101;
        CHECK(outlook_of(t, newer, thousandth_hour).vacuum_due);
        CHECK_FALSE(outlook_of(t, settings(), thousandth_hour).vacuum_due);
    }

    TEST_CASE("settings, and where they are from")
    {
        auto t = vacuumed_table();
        t.options = {"autovacuum_vacuum_scale_factor=0.05", "fillfactor=70",
                     "toast.autovacuum_enabled=false", "parallel_workers=2"};
        auto const own = table_settings(t, settings(), false);
        REQUIRE(own.size() == 3);
        CHECK(own[0].name == "toast.autovacuum_enabled");
        CHECK(own[1].name == "autovacuum_vacuum_scale_factor");
        CHECK(own[1].value == "0.05");
        CHECK(own[1].of_table);
        CHECK(own[1].server == "0.2");
        CHECK(own[2].name == "fillfactor");
        CHECK_FALSE(own[2].server);
        auto const all = table_settings(t, settings(), true);
        CHECK(all.size() == server_settings(settings()).size() + 2);
        CHECK_FALSE(all[0].of_table);
        CHECK(all[0].name == "autovacuum_analyze_scale_factor");
        CHECK(all[0].value == "0.1");
        auto newer = settings();
        newer.server_version = 180000;
        CHECK(server_settings(newer).size() == server_settings(settings()).size() + 1);
    }
}
