// SPDX-License-Identifier: Apache-2.0
// The model of the ledger and the real one side by side: what is done to one is done to the other,
// and answers and rows are compared.
#pragma once
#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "ledger/support.hpp"
#include "model.hpp"
#include "seeds.hpp"

namespace pgtend::simulation {

using book = ledger::ledger;
using ledger::run_status;

inline instant slot_at(long long n)
{
    return parse_rfc3339("2001-01-01T00:00:00Z") + std::chrono::minutes{n};
}

inline std::vector<std::string> const jobs_of_both{"a", "b", "c", "d"};

// One claim as both sides know it: ids and tokens are compared, and each side is asked by its own.
struct pair {
    ledger::claim real, modelled;
};

class bench {
  public:
    explicit bench(std::uint64_t seed) : random{seed}, control{db.connect()}, real{control}
    {
        test::init(control, {.test_clock = true});
        modelled.now = parse_rfc3339("2040-01-01T00:00:00Z");
        for (int i = 0; i < 3; ++i) {
            work.emplace_back(open());
        }
        db.psql(fmt::format("ALTER DATABASE {} SET lock_timeout = '20s'", db.name()));
    }

    dice random;
    test::database db;
    pg::session control;
    book real;
    ledger_model modelled;
    struct worker {
        pg::session session;
        int pid;
        bool fenced = false;
    };
    std::vector<worker> work = {};
    std::vector<pair> claims = {};
    std::vector<std::string> told = {}; // what was done, for the message of a failure

    worker open()
    {
        auto session = db.connect();
        auto const pid = session.backend_pid();
        modelled.backends[pid] = modelled.now + microseconds{random.pick(1, 1'000'000)};
        return {std::move(session), pid};
    }

    ledger::runner_identity who()
    {
        auto out = test::runner(static_cast<int>(random.pick(1, 3)));
        out.config_hash = random.one_in(4) ? "hash-2" : "hash-1";
        return out;
    }

    // What became of an operation on one side.
    template <class Call> static std::string outcome(Call const &call)
    {
        try {
            return call();
        } catch (lease_lost const &) {
            return "lost";
        } catch (error const &e) {
            return e.code() == exit_code::held ? "held" : e.sqlstate().empty() ? "error" : e.what();
        }
    }

    template <class Real, class Modelled>
    void both(std::string const &what, Real const &by_real, Modelled const &by_model)
    {
        told.push_back(what);
        auto const one = outcome(by_real), other = outcome(by_model);
        REQUIRE_MESSAGE(one == other, story());
        compare();
    }

    // A statement that has to wait: on a session of its own, until `free` lets it go on.
    template <class Real, class Modelled, class Free>
    void wait(std::string const &what, Real const &by_real, Modelled const &by_model,
              Free const &free)
    {
        told.push_back(what + ", waiting");
        auto session = db.connect();
        auto const pid = std::to_string(session.backend_pid());
        auto answer = std::async(std::launch::async, [&] {
            book ledger{session};
            return outcome([&] { return by_real(ledger); });
        });
        while (control
                   .run("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::integer AND "
                        "wait_event_type = 'Lock'",
                        {pid})
                   .integer(0, std::size_t{0}) == 0) {
            if (answer.wait_for(milliseconds{1}) == std::future_status::ready) {
                FAIL("it did not wait, and said " << answer.get() << story());
            }
        }
        free();
        auto const one = answer.get(), other = outcome(by_model);
        REQUIRE_MESSAGE(one == other, story());
        compare();
    }

    std::string story() const
    {
        auto const first = told.size() > 25 ? told.end() - 25 : told.begin();
        return "\n" + join({first, told.end()}, "\n");
    }

    static std::string shown(std::vector<ledger::claim> all)
    {
        std::sort(all.begin(), all.end(), [](auto &a, auto &b) { return a.job < b.job; });
        std::string out = "got";
        for (auto const &each : all) {
            out += fmt::format(" {} {} token {} attempt {}", each.job,
                               each.slot ? to_rfc3339(*each.slot) : "by hand", each.token,
                               each.attempt);
        }
        return out;
    }

    void keep(std::vector<ledger::claim> const &got, std::vector<ledger::claim> const &by_model)
    {
        for (auto const &mine : by_model) {
            auto const same = std::find_if(got.begin(), got.end(),
                                           [&](auto const &each) { return each.job == mine.job; });
            if (same != got.end()) {
                claims.push_back({*same, mine});
            }
        }
        if (claims.size() > 8) {
            claims.erase(claims.begin(), claims.end() - 8);
        }
    }

    std::string when(std::optional<instant> at, instant present) const
    {
        if (!at) {
            return "-";
        }
        auto const distance = *at > present ? *at - present : present - *at;
        return distance < std::chrono::hours{1} ? "now" : to_rfc3339(*at);
    }

    // All that read() says, times as they are to each other.
    std::string shown(ledger::overview const &seen) const
    {
        auto const present = seen.server_time;
        auto const status = [](std::optional<run_status> s) {
            return s ? std::string{ledger::name(*s)} : "-";
        };
        std::string out =
            fmt::format("paused {} dead {} evaluated {} others {} without sessions {} {}\n",
                        seen.all_paused, seen.dead_leases, when(seen.evaluated_at, present),
                        join(seen.other_configurations, ","), seen.connect_failures,
                        when(seen.connect_failed_at, present));
        for (auto const &s : seen.jobs) {
            out += fmt::format(
                "{} {} last {} open {} {} x{} {} evaluated {} '{}' '{}' held '{}' {} {} '{}' {} "
                "{} failures {} {}\n",
                s.job, s.known, when(s.last_slot, present), when(s.open_slot, present),
                status(s.open_status), s.open_attempts, s.open_begun, when(s.evaluated_at, present),
                s.schedule, s.time_zone, s.holder,
                !s.lease_until                                       ? "-"
                : *s.lease_until < present                           ? "over"
                : *s.lease_until > present + std::chrono::minutes{2} ? "too long"
                                                                     : "live",
                s.paused, s.paused_because, status(s.last_status), s.finished_at.has_value(),
                s.failures, when(s.failed_at, present));
        }
        return out;
    }

    // The tables. What read() shows is not repeated.
    std::string real_rows()
    {
        std::string out;
        auto const add = [&](char const *query) {
            auto const found = control.run(query);
            for (std::size_t i = 0; i < found.size(); ++i) {
                out += found.text(i, 0) + "\n";
            }
        };
        add("SELECT format('%s token %s holder %s backend %s last %s kind %s', job, token, "
            "coalesce(holder, '-'), backend_pids, "
            "coalesce(extract(epoch FROM last_slot)::bigint::text, '-'), kind) "
            "FROM pgtend.lease ORDER BY job COLLATE \"C\"");
        add("SELECT format('%s %s attempt %s token %s %s by %s ended %s rows %s %s %s %s %s', job, "
            "coalesce(extract(epoch FROM slot)::bigint::text, '-'), attempt, coalesce(token, 0), "
            "status, holder, finished IS NOT NULL, rows, error, sqlstate, hint, output) "
            "FROM pgtend.run ORDER BY job COLLATE \"C\", id");
        add("SELECT format('%s %s %s %s %s', host, config_file, config_hash, holder, "
            "coalesce(extract(epoch FROM evaluated_at)::bigint::text, '-')) "
            "FROM pgtend.runner ORDER BY host COLLATE \"C\"");
        return out;
    }

    static std::string pids(std::vector<backend> const &all)
    {
        std::string out;
        for (auto const &each : all) {
            out += (out.empty() ? "" : ",") + std::to_string(each.pid);
        }
        return "{" + out + "}";
    }

    static std::string shown(ledger::streak const &failures)
    {
        return fmt::format("{} failures, {} before", failures.now, failures.before);
    }
    static std::string shown(std::vector<ledger::lost_run> const &all)
    {
        std::vector<std::string> out;
        for (auto const &each : all) {
            out.push_back(fmt::format("{} {} {} {} {}", each.job,
                                      each.slot ? to_rfc3339(*each.slot) : "-", each.attempt,
                                      each.holder, each.failures));
        }
        std::sort(out.begin(), out.end()); // rows of one claim have their ids in any order
        return join(out, ", ");
    }

    std::string model_rows() const
    {
        auto const epoch = [](std::optional<instant> at) {
            return at ? std::to_string(
                            std::chrono::duration_cast<seconds>(at->time_since_epoch()).count())
                      : "-";
        };
        auto const flag = [](bool value) { return value ? "t" : "f"; };
        std::string out;
        for (auto const &[job, l] : modelled.leases) {
            out += fmt::format("{} token {} holder {} backend {} last {} kind {}\n", job, l.token,
                               l.holder.empty() ? "-" : l.holder, pids(l.workers),
                               epoch(l.last_slot), l.kind);
        }
        for (auto const &job : jobs_of_both) {
            for (auto const &[id, r] : modelled.runs) {
                if (r.job == job) {
                    out += fmt::format(
                        "{} {} attempt {} token {} {} by {} ended {} rows {} {} {} {} {}\n", job,
                        epoch(r.slot), r.attempt, r.token.value_or(0), ledger::name(r.status),
                        r.holder, flag(r.finished.has_value()), r.rows, r.error, r.sqlstate, r.hint,
                        r.output);
                }
            }
        }
        for (auto const &[where, r] : modelled.runners) {
            out += fmt::format("{} {} {} {} {}\n", where.first, where.second, r.config_hash,
                               r.holder, epoch(r.evaluated_at));
        }
        return out;
    }

    void compare()
    {
        auto const asks = random.one_in(5) ? ledger::runner_identity{} : who();
        auto const one = shown(real.read(jobs_of_both, asks)) + real_rows();
        auto const other = shown(modelled.read(jobs_of_both, asks)) + model_rows();
        REQUIRE_MESSAGE(one == other, "the rows differ, the real ones:\n"
                                          << one << "the model's:\n"
                                          << other << story());
        // What no CHECK holds, because a fresh backend would have to look for it at each tick.
        REQUIRE_MESSAGE(control
                            .run("SELECT FROM pgtend.lease WHERE (holder IS NULL) <> (lease_until "
                                 "IS NULL) OR (open_slot IS NULL) <> (open_status IS NULL)")
                            .empty(),
                        "a lease that is held for no time, or a slot that is half open" << story());
    }

    // A slow machine must not end leases.
    void prolong()
    {
        control.run("UPDATE pgtend.lease SET lease_until = clock_timestamp() + interval '33 s' "
                    "WHERE lease_until > clock_timestamp()");
    }

    std::vector<ledger::slot_request> wishes()
    {
        std::vector<ledger::slot_request> out;
        for (auto const &job : jobs_of_both) {
            if (random.one_in(2)) {
                auto const open = modelled.leases.contains(job) ? modelled.leases.at(job).open_slot
                                                                : std::nullopt;
                out.push_back({job, open && random.one_in(2) ? *open : slot_at(random.pick(1, 40)),
                               !random.one_in(3)});
                if (random.one_in(3) && modelled.leases.contains(job)) {
                    out.back().failures = modelled.leases.at(job).failures - random.pick(-1, 1);
                }
                if (random.one_in(3) && modelled.leases.contains(job)) {
                    out.back().token = modelled.leases.at(job).token - random.pick(0, 1);
                }
            }
        }
        return out;
    }

    void step();
    void claim(bool committed_later);
    void fence();
    void finish(pair const &held);
    void on_a_claim(pair &held);
    void beside_an_open_claim(std::vector<ledger::slot_request> const &locked,
                              std::function<void()> const &free);
};

} // namespace pgtend::simulation
