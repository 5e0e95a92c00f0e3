// SPDX-License-Identifier: Apache-2.0
// Through PgBouncer in transaction mode: each statement may meet another server connection.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"
#include "support/pooler.hpp"

using namespace pgtend;
using ledger::slot_request;
using test::minute;
using test::runner;

TEST_SUITE("db")
{
    TEST_CASE("a transaction pooler: init, claims that race, fence and takeover")
    {
        test::pooler const pooler{"transaction", 4};
        test::database const db;
        auto const created = test::at_once(db, 10, [&](int, pg::session &) {
            auto s = test::open(pooler.dsn(db));
            return test::init(s).from_version == 0 ? 1 : 0;
        });
        CHECK(std::count(created.begin(), created.end(), 1) == 1);

        auto control = test::open(pooler.dsn(db));
        ledger::ledger book{control};
        std::vector<std::string> const jobs{"nightly"};
        book.register_jobs(std::vector<ledger::ledger::registration>{
            {"nightly", "* * * * *", "UTC", "sql", minute(0)}});
        auto const got = test::at_once(db, 10, [&](int n, pg::session &) {
            auto s = test::open(pooler.dsn(db));
            ledger::ledger mine{s};
            std::size_t all = 0;
            for (int round = 1; round <= 20; ++round) {
                for (auto const &held : mine.claim_slots(
                         std::vector<slot_request>{{"nightly", minute(round)}}, runner(n))) {
                    ++all;
                    CHECK(mine.renew(std::vector<ledger::claim>{held}) == std::vector<bool>{true});
                    mine.finish(held, {});
                }
                mine.heartbeat(runner(n), minute(round));
            }
            return all;
        });
        std::size_t sum = 0;
        for (auto const n : got) {
            sum += n;
        }
        CHECK(db.value("SELECT count(*) FROM pgtend.run WHERE status = 'succeeded'") ==
              std::to_string(sum));
        CHECK(db.value("SELECT count(*) FROM (SELECT slot FROM pgtend.run GROUP BY 1 HAVING "
                       "count(*) > 1) d") == "0");
        CHECK(book.read(jobs).jobs.at(0).last_slot == minute(20));

        auto const held =
            book.claim_slots(std::vector<slot_request>{{"nightly", minute(30)}}, runner(1)).at(0);
        auto work = test::open(pooler.dsn(db));
        work.begin();
        auto const fence = ledger::fence_of(held);
        CHECK(work.run(fence.sql, fence.parameters).size() == 1);
        control.run(
            "UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 second'");
        CHECK(book.claim_slots(std::vector<slot_request>{{"nightly", minute(30), true}}, runner(2))
                  .empty());
        work.commit();
        CHECK(book.claim_slots(std::vector<slot_request>{{"nightly", minute(30), true}}, runner(2))
                  .size() == 1);
        work.begin();
        CHECK(work.run(fence.sql, fence.parameters).empty());
        work.rollback();
        // What a heartbeat sets stays with its transaction.
        for (int i = 0; i < 8; ++i) {
            CHECK(control.run("SELECT current_setting('synchronous_commit')").text(0, 0) == "on");
        }
    }
}
