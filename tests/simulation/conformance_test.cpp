// SPDX-License-Identifier: Apache-2.0
// The model of the ledger against the real one: the same random operations of several holders on
// both, every answer and every row compared after each. PGTEND_SEED repeats a run.
#include "conformance.hpp"

#include <algorithm>

namespace pgtend::simulation {

void bench::claim(bool committed_later)
{
    auto const wanted = wishes();
    auto const by = who();
    std::vector<ledger::claim> got, by_model;
    std::string asked = "claim by " + by.holder;
    for (auto const &each : wanted) {
        asked += " " + each.job + " " + to_rfc3339(*each.slot);
    }
    if (!committed_later) {
        both(
            asked,
            [&] {
                got = real.claim_slots(wanted, by);
                return shown(got);
            },
            [&] {
                by_model = modelled.claim_slots(wanted, by);
                return shown(by_model);
            });
        keep(got, by_model);
        return;
    }
    auto session = db.connect();
    session.begin();
    got = book{session}.claim_slots(wanted, by);
    auto const locked = modelled.lock_due(wanted, by);
    told.push_back(asked + ", not committed yet");
    REQUIRE_MESSAGE(got.size() == locked.size(), story());
    compare();
    bool open = true;
    auto const free = [&] {
        open = false;
        session.commit();
        by_model = modelled.take(locked, by);
        told.push_back("committed");
        REQUIRE_MESSAGE(shown(got) == shown(by_model), story());
    };
    beside_an_open_claim(locked, free);
    if (open) {
        free();
    }
    compare();
    keep(got, by_model);
}

// What others see and do meanwhile.
void bench::beside_an_open_claim(std::vector<ledger::slot_request> const &locked,
                                 std::function<void()> const &free)
{
    auto const by = who();
    auto const wanted = wishes();
    std::vector<ledger::claim> got, by_model;
    both(
        "another claim",
        [&] {
            got = real.claim_slots(wanted, by);
            return shown(got);
        },
        [&] {
            by_model = modelled.claim_slots(wanted, by);
            return shown(by_model);
        });
    keep(got, by_model);
    both(
        "mark lost", [&] { return shown(real.mark_lost()); },
        [&] { return shown(modelled.mark_lost()); });
    std::vector<pair> waiting;
    for (auto const &held : claims) {
        for (auto const &each : locked) {
            auto const &l = modelled.leases.at(each.job);
            if (each.job == held.modelled.job && l.token == held.modelled.token &&
                !l.holder.empty()) {
                waiting.push_back(held);
            }
        }
    }
    if (waiting.empty()) {
        return;
    }
    auto const held = random.any_of(waiting);
    switch (random.pick(0, 2)) {
    case 0:
        wait(
            "finish " + held.real.job,
            [&](book &ledger) {
                return shown(
                    ledger.finish(held.real, {.status = run_status::failed, .error = "no"}));
            },
            [&] {
                return shown(
                    modelled.finish(held.modelled, {.status = run_status::failed, .error = "no"}));
            },
            free);
        break;
    case 1:
        wait(
            "renew " + held.real.job,
            [&](book &ledger) {
                return std::to_string(ledger.renew(std::vector{held.real}).at(0));
            },
            [&] { return std::to_string(modelled.renew(std::vector{held.modelled}).at(0)); }, free);
        break;
    default:
        wait(
            "skip beside " + held.real.job,
            [&](book &ledger) {
                ledger.record_skipped(
                    std::vector<book::skip>{{held.real.job, slot_at(41), "busy"}});
                return "done";
            },
            [&] {
                modelled.record_skipped(
                    std::vector<book::skip>{{held.real.job, slot_at(41), "busy"}});
                return "done";
            },
            free);
    }
}

void bench::fence()
{
    auto &mine = random.any_of(work);
    int const session = mine.pid;
    if (mine.fenced) {
        bool const commits = random.one_in(2);
        told.push_back(fmt::format("transaction of {} ends", session));
        commits ? mine.session.commit() : mine.session.rollback();
        modelled.release(session);
        mine.fenced = false;
        compare();
        return;
    }
    if (claims.empty()) {
        return;
    }
    auto const held = random.any_of(claims);
    both(
        fmt::format("fence of {} token {} by {}", held.real.job, held.real.token, session),
        [&] {
            mine.session.begin();
            auto const statement = ledger::fence_of(held.real);
            mine.fenced = !mine.session.run(statement.sql, statement.parameters).empty();
            if (!mine.fenced) {
                mine.session.rollback();
            }
            return std::to_string(mine.fenced);
        },
        [&] { return std::to_string(modelled.fence(held.modelled, session)); });
}

void bench::finish(pair const &held)
{
    constexpr run_status ends[] = {run_status::succeeded, run_status::failed,
                                   run_status::interrupted, run_status::timed_out};
    ledger::finished_run const how{.status = random.any_of(ends),
                                   .rows = random.pick(0, 9),
                                   .error = random.one_in(2) ? "why" : "",
                                   .sqlstate = "57014",
                                   .hint = "help",
                                   .output = "said",
                                   .keep_open = random.one_in(2),
                                   .begun = random.one_in(2),
                                   .left_backend = random.one_in(2),
                                   .blameless = random.one_in(3)};
    both(
        fmt::format("finish {} token {} as {}{}", held.real.job, held.real.token,
                    ledger::name(how.status), how.keep_open ? ", open" : ""),
        [&] { return shown(real.finish(held.real, how)); },
        [&] { return shown(modelled.finish(held.modelled, how)); });
}

void bench::on_a_claim(pair &held)
{
    auto const what = fmt::format("{} token {}", held.real.job, held.real.token);
    switch (random.pick(0, 3)) {
    case 0:
    case 1:
        finish(held);
        break;
    case 2: {
        auto const &other = random.any_of(claims);
        both(
            "renew " + what,
            [&] {
                std::string out;
                for (bool const ours : real.renew(std::vector{held.real, other.real})) {
                    out += ours ? "1" : "0";
                }
                return out;
            },
            [&] {
                std::string out;
                for (bool const ours : modelled.renew(std::vector{held.modelled, other.modelled})) {
                    out += ours ? "1" : "0";
                }
                return out;
            });
        break;
    }
    default: {
        int const pid = random.one_in(3)   ? 0
                        : random.one_in(6) ? 999'999'999
                                           : random.any_of(work).pid;
        both(
            fmt::format("note backend {} for {}", pid, what),
            [&] {
                real.note_backend(held.real, pid);
                return "done";
            },
            [&] {
                modelled.note_backend(held.modelled, pid);
                return "done";
            });
    }
    }
}

void bench::step()
{
    switch (random.pick(0, 22)) {
    case 0: {
        std::vector<book::registration> all;
        for (auto const &job : jobs_of_both) {
            if (job != "d" && random.one_in(2)) {
                all.push_back(
                    {job, random.one_in(2) ? "0 2 * * *" : "0 3 * * *",
                     random.one_in(3) ? "Europe/Berlin" : "UTC",
                     random.one_in(3) ? "sql" : "cleanup",
                     random.one_in(3) ? std::nullopt : std::optional{slot_at(random.pick(0, 20))}});
            }
        }
        both(
            "register",
            [&] {
                real.register_jobs(all);
                return "done";
            },
            [&] {
                modelled.register_jobs(all);
                return "done";
            });
        break;
    }
    case 1:
    case 2:
    case 3:
        claim(random.one_in(4));
        break;
    case 4:
    case 5: {
        auto const &job = random.any_of(jobs_of_both);
        told.push_back("time passes for " + job);
        control.run("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 second' "
                    "WHERE job = $1 AND holder IS NOT NULL",
                    {job});
        if (auto const at = modelled.leases.find(job);
            at != modelled.leases.end() && !at->second.holder.empty()) {
            at->second.lease_until = modelled.now - seconds{1};
        }
        compare();
        break;
    }
    case 6:
    case 7:
    case 8:
        fence();
        break;
    case 9: {
        std::vector<book::skip> skips;
        for (int i = 0; i < 2; ++i) {
            skips.push_back({random.any_of(jobs_of_both), slot_at(random.pick(1, 40)), "missed"});
        }
        both(
            "skip " + skips[0].job + " and " + skips[1].job,
            [&] {
                real.record_skipped(skips);
                return "done";
            },
            [&] {
                modelled.record_skipped(skips);
                return "done";
            });
        break;
    }
    case 10: {
        auto const by = who();
        std::optional<instant> const evaluated =
            random.one_in(3) ? std::nullopt : std::optional{slot_at(random.pick(0, 40))};
        both(
            "heartbeat of " + by.holder,
            [&] {
                real.heartbeat(by, evaluated);
                return "done";
            },
            [&] {
                modelled.heartbeat(by, evaluated);
                return "done";
            });
        break;
    }
    case 11: {
        auto const job = random.one_in(4) ? std::string{} : random.any_of(jobs_of_both);
        bool const on = random.one_in(3);
        both(
            fmt::format("pause '{}' {}", job, on),
            [&] {
                real.pause(job, on, "because");
                return "done";
            },
            [&] {
                modelled.pause(job, on, "because");
                return "done";
            });
        break;
    }
    case 12: {
        auto const &job = random.any_of(jobs_of_both);
        auto const by = who();
        ledger::claim got, by_model;
        both(
            "claim by hand " + job + " by " + by.holder,
            [&] {
                got = real.claim_manual(job, by);
                return shown(std::vector{got});
            },
            [&] {
                by_model = modelled.claim_manual(job, by);
                return shown(std::vector{by_model});
            });
        if (!got.job.empty()) {
            keep({got}, {by_model});
        }
        break;
    }
    case 13: { // a backend ends, with its transaction
        auto &mine = random.any_of(work);
        told.push_back(fmt::format("backend {} ends", mine.pid));
        auto const pid = std::to_string(mine.pid);
        modelled.backends.erase(mine.pid);
        modelled.release(mine.pid);
        mine = open();
        while (control.run("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::integer", {pid})
                   .integer(0, std::size_t{0}) != 0) {
            std::this_thread::yield();
        }
        compare();
        break;
    }
    case 15: {
        std::vector<std::string> names;
        for (auto const &job : jobs_of_both) {
            if (random.one_in(3)) {
                names.push_back(job);
            }
        }
        auto const forgotten = [](std::vector<book::forgotten> const &all) {
            std::string out;
            for (auto const &each : all) {
                out += fmt::format("{} {} {}, ", each.job, each.failures, each.open_attempts);
            }
            return out;
        };
        both(
            "reset " + join(names, " "), [&] { return forgotten(real.reset(names)); },
            [&] { return forgotten(modelled.reset(names)); });
        break;
    }
    case 16: {
        bool const had = random.one_in(3);
        auto const failures = static_cast<int>(random.pick(0, 2));
        both(
            fmt::format("sessions {} after {}", had, failures),
            [&] {
                real.note_sessions(had, failures);
                return "done";
            },
            [&] {
                modelled.note_sessions(had, failures);
                return "done";
            });
        break;
    }
    case 17: {
        auto const &job = random.any_of(jobs_of_both);
        told.push_back("the clock is set back for the lease of " + job);
        control.run("UPDATE pgtend.lease SET lease_until = clock_timestamp() + interval '4 hours' "
                    "WHERE job = $1 AND holder IS NOT NULL",
                    {job});
        if (auto const at = modelled.leases.find(job);
            at != modelled.leases.end() && !at->second.holder.empty()) {
            at->second.lease_until = modelled.now + std::chrono::hours{4};
        }
        compare();
        both(
            "mark lost", [&] { return shown(real.mark_lost()); },
            [&] { return shown(modelled.mark_lost()); });
        break;
    }
    case 18: {
        std::vector<ledger::slot_bound> bounds;
        for (auto const &job : jobs_of_both) {
            bounds.push_back({job, slot_at(random.pick(0, 40))});
        }
        auto const stand = [](std::vector<ledger::newest_run> all) {
            std::sort(all.begin(), all.end(), [](auto &a, auto &b) { return a.job < b.job; });
            std::string out;
            for (auto const &each : all) {
                out += fmt::format("{} {} {}, ", each.job, each.slot ? to_rfc3339(*each.slot) : "-",
                                   each.token);
            }
            return out;
        };
        both(
            "what was run", [&] { return stand(real.newest_runs(bounds)); },
            [&] { return stand(modelled.newest_runs(bounds)); });
        break;
    }
    case 14:
        both(
            "mark lost", [&] { return shown(real.mark_lost()); },
            [&] { return shown(modelled.mark_lost()); });
        break;
    default:
        if (!claims.empty()) {
            on_a_claim(random.any_of(claims));
        }
    }
    prolong();
}

} // namespace pgtend::simulation

using namespace pgtend;

TEST_SUITE("db")
{
    TEST_CASE("the model purges what the ledger purges")
    {
        simulation::bench both{1};
        std::vector<ledger::ledger::registration> all;
        std::vector<ledger::ledger::skip> skips;
        int count = 1'010; // of a; b has fewer than it may keep
        for (std::string const job : {"a", "b", "c"}) {
            all.push_back({job, "* * * * *", "UTC", "sql", simulation::slot_at(0)});
            for (int i = 1; i <= count; ++i) {
                skips.push_back({job, simulation::slot_at(i), "missed"});
            }
            count = job == "a" ? 20 : 1'030;
        }
        both.real.register_jobs(all);
        both.modelled.register_jobs(all);
        both.real.record_skipped(skips);
        both.modelled.record_skipped(skips);
        // The oldest 25 of each job are too old; of b all. The next is older than a day.
        both.control.run("UPDATE pgtend.run SET started = started - CASE WHEN slot <= timestamptz "
                         "'2001-01-01 00:25Z' THEN interval '40 days' ELSE interval '2 days' END "
                         "WHERE slot <= timestamptz '2001-01-01 00:26Z'");
        for (auto &[id, r] : both.modelled.runs) {
            if (r.slot <= simulation::slot_at(26)) {
                r.started -= std::chrono::hours{r.slot <= simulation::slot_at(25) ? 24 * 40 : 48};
            }
        }
        auto const purge = [&](long long limit, std::vector<std::string> const &jobs) {
            both.both(
                fmt::format("purge {} of {}", limit, join(jobs, " ")),
                [&] { return std::to_string(both.real.purge(limit, jobs)); },
                [&] { return std::to_string(both.modelled.purge(limit, jobs)); });
        };
        purge(0, {"a"});
        purge(1'000, {"a", "b"}); // of c only what is too old: 5 beyond are left
        purge(1'000, {"b", "never seen"});
        purge(1'000, {"c", "a"});
        purge(1'000, {"c"});
    }

    TEST_CASE("the model answers and writes as the ledger does, whatever the order of operations")
    {
        for (auto const seed : simulation::seeds({1, 2, 3})) {
            INFO("PGTEND_SEED=" << seed);
            simulation::bench both{seed};
            for (int i = 0; i < 300; ++i) {
                both.step();
            }
        }
    }
}
