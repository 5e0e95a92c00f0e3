// SPDX-License-Identifier: Apache-2.0
// The smallest role, and what may be set against its sessions.
#include <atomic>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"
#include "sql/queries.hpp"

using namespace pgtend;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;

namespace {

// A role with the printed grants, dropped with the test.
class smallest_role {
  public:
    explicit smallest_role(test::ledger_database &l) : l_{l}, name_{"small_" + l.db.name()}
    {
        l_.control.run(fmt::format("CREATE ROLE {} LOGIN", name_));
        l_.control.batch(ledger::grants(name_));
    }
    ~smallest_role() { l_.control.batch(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", name_)); }
    pg::session connect() const { return test::open(l_.db.dsn(name_)); }
    void set(std::string const &what)
    {
        l_.control.run(fmt::format("ALTER ROLE {} SET {}", name_, what));
    }

  private:
    test::ledger_database &l_;
    std::string name_;
};

// Everything that runners and people do with a ledger, by this session.
void use_everything(pg::session &s)
{
    ledger::ledger book{s};
    std::vector<std::string> const jobs{"a", "b"};
    book.register_jobs(std::vector<ledger::ledger::registration>{
        {"a", "0 2 * * *", "UTC", "sql", minute(0)}, {"b", "0 2 * * *", "UTC", "sql", minute(0)}});
    CHECK(book.read(jobs, runner(1)).jobs.at(1).known);
    book.record_skipped(std::vector<ledger::ledger::skip>{{"a", minute(1), "too late"}});
    auto held =
        book.claim_slots(std::vector<slot_request>{{"a", minute(2)}, {"b", minute(1)}}, runner(1));
    REQUIRE(held.size() == 2);
    CHECK(book.renew(held) == std::vector<bool>{true, true});
    book.note_backend(held[1],
                      static_cast<int>(s.run("SELECT pg_catalog.pg_backend_pid()").integer(0, 0)));
    s.begin();
    auto const fence = ledger::fence_of(held[0]);
    CHECK(s.run(fence.sql, fence.parameters).size() == 1);
    CHECK(s.run(fence.sql, {fence.parameters[0], "0"}).empty());
    s.commit();
    book.finish(held[0], {.status = run_status::interrupted, .keep_open = true});
    book.finish(held[1], {.rows = 5});
    book.finish(book.claim_manual("a", runner(1)), {});
    auto const reopened =
        book.claim_slots(std::vector<slot_request>{{"a", minute(2), true}}, runner(1));
    REQUIRE(reopened.size() == 1);
    CHECK(reopened[0].attempt == 2);
    CHECK_THROWS_AS(book.claim_manual("a", runner(2)), error);
    CHECK(book.mark_lost().empty());
    book.finish(reopened[0], {});
    CHECK(book.claim_slots(std::vector<slot_request>{{"a", minute(2)}}, runner(1)).empty());
    book.heartbeat(runner(1), minute(2));
    CHECK(book.read(jobs, runner(1)).evaluated_at == minute(2));
    book.pause("a", true, "because");
    book.pause("", true, "because");
    CHECK(book.read(jobs).jobs.at(0).paused);
    CHECK(book.read(jobs).all_paused);
    CHECK(book.claim_slots(std::vector<slot_request>{{"a", minute(3)}}, runner(1)).empty());
    book.pause("a", false, "");
    book.pause("", false, "");
    CHECK(book.history({.job = "b"}).size() == 1);
    CHECK(book.history({.status = run_status::skipped}).size() == 1);
    CHECK(book.last_runs(jobs).size() == 2);
    CHECK(book.newest_runs(std::vector<ledger::slot_bound>{{"a", minute(9)}}).at(0).slot ==
          minute(2));
    book.note_sessions(false, 0);
    book.note_sessions(false, 1);
    CHECK(book.read(jobs).connect_failures == 2);
    book.note_sessions(true, 2);
    CHECK(book.read(jobs).connect_failures == 0);
    book.finish(book.claim_slots(std::vector<slot_request>{{"a", minute(4)}}, runner(1)).at(0),
                {.status = run_status::failed});
    CHECK(book.reset(std::vector<std::string>{"a"}).at(0).failures == 1);
    CHECK(book.reset({}).size() == 2);
    book.register_jobs(
        std::vector<ledger::ledger::registration>{{"a", "0 3 * * *", "UTC", "sql", minute(0)}});
    CHECK(book.read(jobs).jobs.at(0).schedule == "0 3 * * *");
    slot_request back{"a", minute(3)};
    back.token = book.newest_runs(std::vector<ledger::slot_bound>{{"a", minute(3)}}).at(0).token;
    back.failures = 0;
    CHECK(book.claim_slots(std::vector{back}, runner(1)).size() == 1);
    CHECK(book.purge(100, jobs) == 0);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("the smallest role can do everything that a runner does")
    {
        test::ledger_database l{std::vector<std::string>{}};
        smallest_role const role{l};
        auto s = role.connect();
        use_everything(s);
        CHECK(test::failure_of<error>([&] { s.run("CREATE TABLE pgtend.mine ()"); }).sqlstate() ==
              "42501");
        CHECK(test::failure_of<error>([&] {
                  s.run("UPDATE pgtend.meta SET database_oid = 1");
              }).sqlstate() == "42501");
    }

    TEST_CASE("a hostile search_path changes nothing")
    {
        test::ledger_database l{std::vector<std::string>{}};
        smallest_role role{l};
        l.control.batch(R"(CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
            CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.no(bigint, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.no(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.no(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.no(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE FUNCTION evil.one(bigint, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
            CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.no);
            CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.no);
            CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.no);
            CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no);
            CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = evil.no);
            CREATE OPERATOR evil.<= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no);
            CREATE OPERATOR evil.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil.no);
            CREATE OPERATOR evil.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil.no);
            CREATE OPERATOR evil.= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.no);
            CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.no);
            CREATE OPERATOR evil.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.no);
            CREATE OPERATOR evil.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.no);
            CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = evil.one);
            CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2000-01-01''::timestamptz';
            CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2000-01-01''::timestamptz';
            CREATE FUNCTION evil.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS 'SELECT ''evil''::text';
            CREATE DOMAIN evil.text AS integer; CREATE DOMAIN evil.timestamptz AS integer;)");
        role.set("search_path = evil, pg_catalog");
        auto s = role.connect();
        REQUIRE(s.run("SELECT 'a'::pg_catalog.text = 'a'::pg_catalog.text").flag(0, 0) ==
                false); // the attack works
        REQUIRE(test::failure_of<error>([&] { s.run("SELECT 'a'::text"); }).sqlstate() == "22P02");
        use_everything(s);
    }

    TEST_CASE("settings of the role that would stand in the way do not")
    {
        test::ledger_database l{std::vector<std::string>{}};
        smallest_role role{l};
        role.set("default_transaction_read_only = on");
        role.set("default_transaction_isolation = serializable");
        role.set("DateStyle = 'SQL, DMY'");
        role.set("TimeZone = 'Africa/Kinshasa'");
        role.set("IntervalStyle = 'iso_8601'");
        role.set("standard_conforming_strings = off");
        role.set("row_security = off");
        auto s = role.connect();
        use_everything(s);
    }

    TEST_CASE("claims race at SERIALIZABLE too: each slot once, no error")
    {
        test::ledger_database l;
        l.control.run(fmt::format(
            "ALTER DATABASE {} SET default_transaction_isolation = serializable", l.db.name()));
        std::atomic<int> got{0};
        std::barrier<> gate{6};
        test::at_once(l.db, 6, [&](int n, pg::session &s) {
            ledger::ledger book{s};
            for (int round = 0; round < 20; ++round) {
                auto const claimed = test::meet_after(gate, [&] {
                    return book.claim_slots(std::vector<slot_request>{{"nightly", minute(round)}},
                                            runner(n));
                });
                test::meet_after(gate, [&] {
                    for (auto const &mine : claimed) {
                        ++got;
                        book.finish(mine, {});
                    }
                    return true;
                });
            }
            return true;
        });
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE status = 'succeeded'") ==
              std::to_string(got.load()));
        CHECK(l.value("SELECT count(*) FROM (SELECT slot FROM pgtend.run GROUP BY 1 HAVING "
                      "count(*) > 1) d") == "0");
        CHECK(got > 0);
    }

    TEST_CASE("every query of the ledger prepares")
    {
        test::ledger_database l;
        int count = 0;
        for (auto const &[name, text] : sql::all()) {
            if (name.starts_with("ledger_")) {
                INFO(name);
                CHECK_NOTHROW(l.control.run(fmt::format("PREPARE {} AS {}", name, text)));
                ++count;
            }
        }
        CHECK(count > 15);
    }
}
