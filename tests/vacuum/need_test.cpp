// SPDX-License-Identifier: Apache-2.0
#include "vacuum/need.hpp"

#include <doctest/doctest.h>

#include "vacuum/support.hpp"

using namespace pgtend;
using namespace pgtend::vacuum;
using test::settings;

namespace {

catalog::vacuum_table table_of(double rows)
{
    catalog::vacuum_table out;
    out.name = {"public", "t"};
    out.reltuples = rows;
    out.pages = rows / 100;
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the server's defaults")
    {
        auto const of = thresholds_of(table_of(1e6), settings());
        CHECK(of.vacuum == doctest::Approx(200'050));
        CHECK(of.insert == doctest::Approx(201'000));
        CHECK(of.analyze == doctest::Approx(100'050));
        CHECK(of.freeze_age == doctest::Approx(200e6));
        CHECK(of.multixact_age == doctest::Approx(400e6));
        CHECK(of.autovacuum);
        CHECK(thresholds_of(table_of(-1), settings()).vacuum == doctest::Approx(50));
        CHECK(thresholds_of(table_of(1e9), settings()).vacuum == doctest::Approx(200'000'050));
    }

    TEST_CASE("18: a highest threshold, and inserts count for what is not frozen")
    {
        CHECK(thresholds_of(table_of(1e9), settings(180000)).vacuum == doctest::Approx(100e6));
        CHECK(thresholds_of(table_of(1e6), settings(180000)).vacuum == doctest::Approx(200'050));
        auto half = table_of(1e6);
        half.frozen_pages = half.pages / 2;
        CHECK(thresholds_of(half, settings(180000)).insert == doctest::Approx(101'000));
        CHECK(thresholds_of(half, settings(170000)).insert == doctest::Approx(201'000));
        auto own = table_of(1e9);
        own.options = {"autovacuum_vacuum_max_threshold=-1"};
        CHECK(thresholds_of(own, settings(180000)).vacuum == doctest::Approx(200'000'050));
        own.options = {"autovacuum_vacuum_max_threshold=1000"};
        CHECK(thresholds_of(own, settings(180000)).vacuum == doctest::Approx(1000));
        CHECK(thresholds_of(own, settings(170000)).vacuum == doctest::Approx(200'000'050));
    }

    TEST_CASE("storage parameters of the table and of its TOAST table")
    {
        auto of = table_of(1000);
        of.toast_reltuples = 500;
        of.options = {"fillfactor=70",
                      "autovacuum_vacuum_scale_factor=0.5",
                      "autovacuum_vacuum_threshold=7",
                      "autovacuum_vacuum_insert_threshold=-1",
                      "autovacuum_analyze_scale_factor=0",
                      "autovacuum_analyze_threshold=9",
                      "autovacuum_freeze_max_age=300000000",
                      "autovacuum_multixact_freeze_max_age=1000",
                      "autovacuum_enabled=off"};
        auto limits = thresholds_of(of, settings());
        CHECK(limits.vacuum == doctest::Approx(507));
        CHECK(limits.toast == doctest::Approx(257)); // without parameters of its own: the table's
        CHECK(limits.insert < 0);
        CHECK(limits.analyze == doctest::Approx(9));
        CHECK(limits.freeze_age == doctest::Approx(200e6)); // never above the server's
        CHECK(limits.multixact_age == doctest::Approx(1000));
        CHECK_FALSE(limits.autovacuum);
        of.options.emplace_back("toast.autovacuum_vacuum_threshold=11");
        CHECK(thresholds_of(of, settings()).toast == doctest::Approx(111)); // 11 + 0.2 * 500
    }

    TEST_CASE("the largest need counts, in its words")
    {
        auto of = table_of(1e5); // threshold 20,050
        of.dead = 42'105;
        of.inserted = 1000;
        of.age = 150e6;
        auto found = need_of(of, settings());
        CHECK(found.vacuum == doctest::Approx(2.1));
        CHECK(found.vacuum_reason == "42,105 dead rows, 2.1 times the threshold of 20,050");
        CHECK(found.analyze == 0);
        of.age = 1000e6;
        CHECK(need_of(of, settings()).vacuum_reason ==
              "its oldest transaction is 1,000,000,000 old, 5.0 times the limit of 200,000,000");
        of.toast_dead = 1000;
        CHECK(need_of(of, settings()).vacuum_reason ==
              "1,000 dead rows in its TOAST table, 20.0 times the threshold of 50");
        of.multixact_age = 9000e6;
        CHECK(need_of(of, settings()).vacuum_reason.find("multixact") != std::string::npos);
        of = table_of(1e5);
        of.inserted = 42'000;
        CHECK(need_of(of, settings()).vacuum == doctest::Approx(2));
        of.options = {"autovacuum_vacuum_insert_threshold=-1"};
        CHECK(need_of(of, settings()).vacuum == 0);
        of.modified = 20'100;
        CHECK(need_of(of, settings()).analyze == doctest::Approx(2));
        CHECK(need_of(of, settings()).analyze_reason ==
              "20,100 changed rows, 2.0 times the threshold of 10,050");
    }

    TEST_CASE("a threshold of nothing")
    {
        auto of = table_of(0);
        of.options = {"autovacuum_vacuum_threshold=0", "autovacuum_vacuum_scale_factor=0"};
        CHECK(need_of(of, settings()).vacuum == 0);
        of.dead = 3;
        CHECK(need_of(of, settings()).vacuum == doctest::Approx(3));
    }
}
