// SPDX-License-Identifier: Apache-2.0
// What only time brings: a lease that is renewed, and one that cannot be. Three runners at the same
// time, so that the half minute is waited for once.
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <memory>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::before;
using test::due;
using test::eventually;
using test::later;

namespace {

// Each change of a row takes 0.1 s, so that all take 50 s; when they were is noted.
constexpr char slow_bookings[] = R"(
    CREATE TABLE bookings (id int PRIMARY KEY, open boolean NOT NULL, changes int NOT NULL DEFAULT 0, changed timestamptz)
        WITH (fillfactor = 10); -- few rows in a block, and so in a batch
    INSERT INTO bookings SELECT i, i % 2 = 0 FROM generate_series(1, 1000) i;
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.1); NEW.changed := clock_timestamp(); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION slow();
)";
constexpr char expire_by_fives[] =
    "  - { name: expire, schedule: \"0 * * * *\", max_age: 1h, expire: { table: public.bookings, "
    "where: open, batch_rows: 5, batch_time: 500ms, set: { open: \"false\", changes: { sql: "
    "changes + 1 } } } }\n";

class at_work {
  public:
    explicit at_work(std::string const &kill_at = "") : ground_{expire_by_fives}
    {
        ground_.db.psql(slow_bookings);
        REQUIRE(ground_.tick(before).code == 0);
        runner_ = std::make_unique<test::process>(
            ground_.arguments({"-d",
                               line_.dsn(ground_.db.name()) + " keepalives_idle=1 "
                                                              "keepalives_interval=1 "
                                                              "keepalives_count=2 "
                                                              "tcp_user_timeout=2000",
                               "--connect-timeout", "1s", "tick", "--now", due}),
            test::environment_changes{{"PGTEND_KILL_AT", kill_at}});
        eventually("it works", [&] {
            return ground_.count("SELECT count(*) FROM bookings WHERE changes > 0") > 0;
        });
    }

    test::proxy &line() { return line_; }
    test::process &runner() { return *runner_; }
    test::ground const &ground() const { return ground_; }

    bool works() const
    {
        return ground_.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                             "current_database() AND application_name = 'pgtend/tick/expire'") > 0;
    }
    // Seconds from the last change of a row to the end of the lease.
    double left() const
    {
        return std::stod(ground_.db.value("SELECT extract(epoch FROM (SELECT lease_until FROM "
                                          "pgtend.lease) - max(changed)) FROM bookings"));
    }
    // The next runner finds the run lost, and does the rest.
    void check_takeover()
    {
        make_quick();
        ground_.expire_lease("expire");
        CHECK(ground_.tick(later).code == 1);
        check_all_done();
    }
    // Nothing helps it: a runner that looks each second has the job soon after the lease is over.
    void check_takeover_in_time()
    {
        make_quick();
        auto const over = ground_.db.value("SELECT lease_until FROM pgtend.lease");
        auto const begun = std::chrono::steady_clock::now();
        auto const now = [&] { return ground_.db.value("SELECT clock_timestamp()"); };
        std::string in_time; // the end of the first tick that began when the lease was over
        while (ground_.runs("expire") == "running/1" &&
               std::chrono::steady_clock::now() - begun < 40s) {
            bool const is_over =
                ground_.db.value("SELECT clock_timestamp() > '" + over + "'") == "t";
            ground_.tick(later);
            in_time = in_time.empty() && is_over ? now() : in_time;
            std::this_thread::sleep_for(1s);
        }
        check_all_done();
        in_time = in_time.empty() ? now() : in_time;
        CHECK(ground_.db.value("SELECT started > '" + over + "' AND started < '" + in_time +
                               "' FROM pgtend.run WHERE attempt = 2") == "t");
    }

  private:
    void make_quick()
    {
        eventually("the backends are gone", [&] { return !works(); });
        CHECK(ground_.runs("expire") == "running/1");
        ground_.db.psql("ALTER TABLE bookings DISABLE TRIGGER slow");
    }
    void check_all_done() const
    {
        CHECK(ground_.runs("expire") == "lost/1 succeeded/2");
        CHECK(ground_.db.value("SELECT string_agg(line, ', ' ORDER BY line) FROM (SELECT format("
                               "'%s %s %s', count(*), open, changes) AS line FROM bookings GROUP "
                               "BY open, changes) s") == "500 f 0, 500 f 1");
    }

    test::ground ground_;
    test::proxy line_;
    std::unique_ptr<test::process> runner_;
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "F04, F14: killed while it renews its lease; cut off from the ledger, or unheard by it: "
        "work ends before the lease does, and another one takes over")
    {
        auto const begun = std::chrono::steady_clock::now();
        at_work before_renewal{"before renew"};
        at_work after_renewal{"after renew"};
        at_work cut_off;
        cut_off.line().unplug("pgtend/tick");
        cut_off.line().swallow(test::proxy::way::both, "pgtend/tick"); // the sessions to come
        at_work unheard;
        unheard.line().swallow(test::proxy::way::both, "pgtend/tick");

        CHECK(before_renewal.runner().wait().code == 128 + SIGKILL);
        CHECK(after_renewal.runner().wait().code == 128 + SIGKILL);
        CHECK(std::chrono::steady_clock::now() - begun >= 10s);
        // Thirty seconds from the claim, or from the renewal ten seconds later.
        CHECK(before_renewal.left() > 18);
        CHECK(before_renewal.left() < 21);
        CHECK(after_renewal.left() > 28);
        before_renewal.check_takeover_in_time();
        after_renewal.check_takeover();

        auto const ended = cut_off.runner().wait();
        CHECK_MESSAGE(ended.code == 4, ended.err);
        CHECK(ended.err.find("the lease is no longer sure") != std::string::npos);
        eventually(
            "its work ends", [&] { return !unheard.works(); }, 10s);
        for (auto *one : {&cut_off, &unheard}) {
            CHECK(one->left() > 3);
            CHECK(one->left() < 10);
        }
        unheard.runner().signal(SIGKILL); // it would wait for its answer some seconds more
        cut_off.check_takeover();
        unheard.check_takeover();
    }
}
