// SPDX-License-Identifier: Apache-2.0
#include "questions.hpp"

#include <algorithm>

namespace pgtend::simulation {

namespace question = jobs::question;

namespace {

template <class... Cases> struct overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases> overloaded(Cases...) -> overloaded<Cases...>;

ledger::streak finish(server &on, question::finish const &asked)
{
    auto const holder = [&] { return on.book.leases.at(asked.held.job).holder; };
    bool const held = !holder().empty();
    auto const out = on.book.finish(asked.held, asked.how);
    bool const first = on.book.planted() == bug::claim_after_work;
    if (first || (held && holder().empty())) { // not only repeated
        on.judge.finished(asked.held, asked.how, on.book.now);
    }
    return out;
}

} // namespace

std::vector<std::string> locks_of(question::any const &asked)
{
    std::vector<std::string> out;
    std::visit(overloaded{
                   [&](question::finish const &q) { out.push_back(q.held.job); },
                   [&](question::renew const &q) {
                       for (auto const &each : q.held) {
                           out.push_back(each.job);
                       }
                   },
                   [&](question::record_skipped const &q) {
                       for (auto const &each : q.slots) {
                           out.push_back(each.job);
                       }
                   },
                   [&](question::register_jobs const &q) {
                       for (auto const &each : q.jobs) {
                           out.push_back(each.job);
                       }
                   },
                   [](auto const &) {},
               },
               asked);
    return out;
}

bool waits(server const &on, question::any const &asked)
{
    if (on.book.planted() == bug::finish_by_run &&
        std::holds_alternative<question::finish>(asked)) {
        return false; // nobody has locked the run row
    }
    auto const rows = locks_of(asked);
    return std::any_of(rows.begin(), rows.end(),
                       [&](auto const &job) { return on.book.waits(job); });
}

std::vector<ledger::slot_request> lock_rows(server &on, question::any const &asked,
                                            ledger::runner_identity const &who)
{
    return on.book.lock_due(std::get<question::claim_slots>(asked).wanted, who);
}

outcome write_rows(server &on, std::span<ledger::slot_request const> locked,
                   ledger::runner_identity const &who, long question)
{
    auto got = on.book.take(locked, who);
    if (on.book.planted() != bug::claim_after_work) {
        on.judge.claimed(got, who.holder, question, on.book.now);
    }
    on.judge.watch(on.book);
    return {std::move(got), {}};
}

outcome carry_out(server &on, question::any const &asked, std::span<std::string const> names,
                  ledger::runner_identity const &who)
{
    outcome out;
    auto &kept = on.book;
    try {
        std::visit(
            overloaded{
                [&](question::read const &) { out.what = kept.read(names, who); },
                [&](question::mark_lost const &) { out.what = kept.mark_lost(); },
                [&](question::register_jobs const &q) { kept.register_jobs(q.jobs); },
                [&](question::record_skipped const &q) { kept.record_skipped(q.slots); },
                [&](question::claim_slots const &q) {
                    out = write_rows(on, kept.lock_due(q.wanted, who), who);
                },
                [&](question::claim_manual const &q) {
                    std::vector<ledger::claim> got{kept.claim_manual(q.job, who)};
                    on.judge.claimed(got, who.holder, 0, on.book.now);
                    out.what = std::move(got);
                },
                [&](question::renew const &q) { out.what = kept.renew(q.held); },
                [&](question::finish const &q) { out.what = finish(on, q); },
                [&](question::heartbeat const &q) { kept.heartbeat(who, q.evaluated); },
                [&](question::purge const &q) { kept.purge(q.limit, q.jobs); },
                [&](question::newest_runs const &q) { out.what = kept.newest_runs(q.asked); },
                [&](question::note_sessions const &q) { kept.note_sessions(q.had, q.failures); },
            },
            asked);
    } catch (error const &) {
        out.failure = std::current_exception();
    }
    on.judge.watch(kept);
    return out;
}

} // namespace pgtend::simulation
