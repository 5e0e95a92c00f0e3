// SPDX-License-Identifier: Apache-2.0
// What the ledger remembers of failures, and how it holds against a clock that was set back.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"

using namespace pgtend;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;

namespace {

ledger::claim take_slot(ledger::ledger &book, int at, bool again = false)
{
    auto const got =
        book.claim_slots(std::vector<slot_request>{{"nightly", minute(at), again}}, runner(1));
    REQUIRE(got.size() == 1);
    return got[0];
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("failures are counted in a row: what counts, what does not, what forgets them")
    {
        test::ledger_database l;
        int n = 0;
        auto const ends = [&](ledger::finished_run const &how) {
            auto const before = l.state("nightly").failures;
            auto const told = l.book.finish(take_slot(l.book, ++n), how);
            auto const now = l.state("nightly").failures;
            CHECK(told.before == before);
            CHECK(told.now == now);
            return now;
        };
        CHECK(!l.state("nightly").failed_at);
        CHECK(ends({.status = run_status::failed}) == 1);
        CHECK(ends({.status = run_status::timed_out}) == 2);
        CHECK(ends({.status = run_status::interrupted}) == 3);
        auto const failed_at = l.state("nightly").failed_at;
        REQUIRE(failed_at);
        CHECK(ends({.status = run_status::interrupted, .blameless = true}) == 3);
        CHECK(l.state("nightly").failed_at == failed_at);
        take_slot(l.book, ++n);
        l.expire("nightly");
        CHECK(l.book.mark_lost().at(0).failures == 4);
        CHECK(l.state("nightly").failures == 4);
        take_slot(l.book, ++n);
        l.expire("nightly");
        l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(++n)}}, runner(2));
        CHECK(l.state("nightly").failures == 5); // the run that was taken over
        l.expire("nightly");
        auto const by_hand = l.book.claim_manual("nightly", runner(1));
        CHECK(l.state("nightly").failures == 6);
        l.book.finish(by_hand, {.status = run_status::failed, .blameless = true});
        CHECK(l.state("nightly").failures == 6);
        auto const mended = l.book.claim_manual("nightly", runner(1));
        CHECK(l.book.finish(mended, {}).before == 6);
        CHECK(l.book.finish(mended, {}).before == 0); // repeated
        CHECK(l.state("nightly").failures == 0);
        CHECK(!l.state("nightly").failed_at);
    }

    TEST_CASE("an answer that was lost is no failure")
    {
        test::ledger_database l;
        std::vector<slot_request> const wanted{{"nightly", minute(1)}};
        REQUIRE(l.book.claim_slots(wanted, runner(1)).size() == 1);
        REQUIRE(l.book.claim_slots(wanted, runner(1)).size() == 1);
        CHECK(l.state("nightly").failures == 0);
    }

    TEST_CASE("after a failure of another runner the try that waited for the same pause is refused")
    {
        test::ledger_database l;
        slot_request half_open{"nightly", minute(1)};
        half_open.failures = 0;
        REQUIRE(l.book.claim_slots(std::vector{half_open}, runner(1)).size() == 1);
        l.book.finish({.job = "nightly", .slot = minute(1), .token = 1, .run = 1},
                      {.status = run_status::interrupted, .keep_open = true});
        half_open.again = true;
        CHECK(l.book.claim_slots(std::vector{half_open}, runner(2)).empty());
        half_open.failures = 1;
        CHECK(l.book.claim_slots(std::vector{half_open}, runner(2)).size() == 1);
    }

    TEST_CASE("reset forgets failures and attempts; a run that goes on stays one attempt")
    {
        test::ledger_database l{{"a", "b", "nightly"}};
        for (int attempt = 1; attempt <= 3; ++attempt) {
            l.book.finish(take_slot(l.book, 1, attempt > 1),
                          {.status = run_status::interrupted, .keep_open = true});
        }
        std::vector<std::string> const names{"nightly", "unknown"};
        auto const forgotten = l.book.reset(names);
        REQUIRE(forgotten.size() == 1);
        CHECK(forgotten[0].failures == 3);
        CHECK(forgotten[0].open_attempts == 3);
        CHECK(l.state("nightly").failures == 0);
        CHECK(l.state("nightly").open_attempts == 0);
        CHECK(l.state("nightly").open_slot == minute(1)); // is left to be taken up
        auto const held = take_slot(l.book, 1, true);
        CHECK(held.attempt == 1);
        l.book.note_sessions(false, 0);
        CHECK(l.book.reset(names).size() == 1);
        CHECK(l.book.read({}).connect_failures == 1);
        l.book.finish(held, {.status = run_status::interrupted, .keep_open = true, .begun = false});
        CHECK(l.state("nightly").open_attempts == 0);
        l.book.finish(take_slot(l.book, 2), {});
        auto const all = l.book.reset({});
        REQUIRE(all.size() == 3);
        CHECK(all[2].open_attempts == 0); // its slot is done with
        CHECK(l.book.read({}).connect_failures == 0);
    }

    TEST_CASE("of runners that saw the same lack of sessions one counts it")
    {
        test::ledger_database l;
        auto const now = [&] { return l.book.read({}); };
        CHECK(!now().connect_failed_at);
        l.book.note_sessions(false, 0);
        l.book.note_sessions(false, 0);
        CHECK(now().connect_failures == 1);
        CHECK(now().connect_failed_at);
        l.book.note_sessions(false, 1);
        CHECK(now().connect_failures == 2);
        l.book.note_sessions(true, 7);
        CHECK(now().connect_failures == 0);
        CHECK(!now().connect_failed_at);
    }

    TEST_CASE("F18: a slot before the watermark is given once, and while nobody had the job since")
    {
        test::ledger_database l;
        l.book.finish(take_slot(l.book, 1), {});
        l.book.record_skipped(std::vector<ledger::ledger::skip>{{"nightly", minute(2), "late"}});
        l.book.finish(take_slot(l.book, 240), {});
        auto const look = [&](int upto) {
            return l.book
                .newest_runs(std::vector<ledger::slot_bound>{{"nightly", minute(upto)},
                                                             {"unknown", minute(upto)}})
                .at(0);
        };
        CHECK(look(0).slot == std::nullopt);
        CHECK(look(5).slot == minute(1)); // a skipped one was not run
        CHECK(look(300).slot == minute(240));
        auto const token = look(5).token;
        slot_request back{"nightly", minute(5)};
        CHECK(l.book.claim_slots(std::vector{back}, runner(1)).empty());
        back.token = token - 1;
        CHECK(l.book.claim_slots(std::vector{back}, runner(1)).empty());
        back.token = token;
        auto const got = l.book.claim_slots(std::vector{back}, runner(1));
        REQUIRE(got.size() == 1);
        l.book.finish(got[0], {});
        CHECK(l.book.claim_slots(std::vector{back}, runner(2)).empty()); // who looked before that
        back.token = look(5).token;
        CHECK(l.book.claim_slots(std::vector{back}, runner(2)).empty()); // it was run
        CHECK(l.state("nightly").last_slot == minute(240));
    }

    TEST_CASE("F18: of forty runners that look after the clock was set back one gets the slot")
    {
        test::ledger_database l;
        l.book.finish(take_slot(l.book, 240), {});
        auto const got = test::at_once(l.db, 8, [&](int n, pg::session &s) {
            ledger::ledger book{s};
            int mine = 0;
            for (int i = 1; i <= 20; ++i) {
                slot_request back{"nightly", minute(i)};
                back.token =
                    book.newest_runs(std::vector<ledger::slot_bound>{{"nightly", minute(i)}})
                        .at(0)
                        .token;
                for (auto const &held : book.claim_slots(std::vector{back}, runner(n))) {
                    ++mine;
                    book.finish(held, {});
                }
            }
            return mine;
        });
        auto const twice =
            l.value("SELECT count(*) FROM (SELECT slot FROM pgtend.run GROUP BY slot "
                    "HAVING count(*) > 1) t");
        CHECK(twice == "0");
        int all = 0;
        for (auto const mine : got) {
            all += mine;
        }
        CHECK(all > 0);
    }

    TEST_CASE("F18: a schedule that counts from the future is registered anew, also as it was")
    {
        test::ledger_database l;
        l.control.run("UPDATE pgtend.lease SET counts_from = counts_from + interval '4 hours'");
        auto const from = parse_rfc3339("2026-01-01T00:00:00Z");
        l.add({"nightly"});
        CHECK(l.state("nightly").counts_from == from);
        l.control.run("UPDATE pgtend.lease SET counts_from = counts_from - interval '4 hours'");
        l.add({"nightly"});
        CHECK(l.state("nightly").counts_from == from - std::chrono::hours{4});
    }

    TEST_CASE("F18: a lease that ends later than any can is cut, so that who lives keeps it")
    {
        test::ledger_database l{{"dead", "alive"}};
        auto const held = l.book.claim_slots(
            std::vector<slot_request>{{"dead", minute(1)}, {"alive", minute(1)}}, runner(1));
        REQUIRE(held.size() == 2);
        CHECK(l.book.read({}).dead_leases == 0);
        l.control.run("UPDATE pgtend.lease SET lease_until = lease_until + interval '4 hours'");
        CHECK(l.book.read({}).dead_leases == 2);
        CHECK(l.book.mark_lost().empty());
        CHECK(l.book.read({}).dead_leases == 0);
        CHECK(l.value("SELECT bool_and(lease_until <= clock_timestamp() + interval '30 s') FROM "
                      "pgtend.lease") == "t");
        auto const &alive = held[0].job == "alive" ? held[0] : held[1];
        CHECK(l.book.renew(std::vector{alive}).at(0));
        l.expire("dead");
        CHECK(l.book.mark_lost().size() == 1);
    }
}
