// SPDX-License-Identifier: Apache-2.0
#include "jobs/crew.hpp"

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "base/text.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;

constexpr std::size_t longest_output = 8'000; // bytes kept of a run's messages in the ledger

ledger::finished_run to_record(run_report const &report)
{
    ledger::finished_run out;
    out.status = report.status;
    out.rows = report.tally.rows;
    if (report.problem) {
        out.error = report.problem->message();
        out.sqlstate = report.problem->sqlstate();
        out.hint = report.problem->hint();
    }
    out.output = head_and_tail(join(report.messages, "\n"), longest_output);
    out.keep_open = report.reopen;
    return out;
}

} // namespace

struct crew::member {
    ledger::claim held;
    clock::monotonic sure_until; // of the lease, by this host's monotonic clock
    std::stop_source stop;
    bool lease_over = false;
    std::optional<run_report> report = {}; // set when the thread is done
    std::thread thread;
};

crew::crew(control &book, clock &time, crew_options options)
    : book_{book}, time_{time}, options_{std::move(options)},
      next_renewal_{time.steady() + ledger::ledger::renew_every}
{
}

crew::~crew()
{
    for (auto const &m : members_) {
        m->stop.request_stop();
    }
    for (auto const &m : members_) {
        m->thread.join();
    }
}

void crew::start(ledger::claim const &held, clock::monotonic claimed_at, work job)
{
    auto entry = std::make_unique<member>();
    auto &m = *entry;
    m.held = held;
    m.sure_until = claimed_at + ledger::ledger::ttl - ledger::ledger::margin;
    m.thread = std::thread{[this, &m, job = std::move(job)] {
        auto report = job(m.held, m.stop.get_token());
        {
            std::lock_guard const lock{mutex_};
            m.report = std::move(report);
        }
        rouse();
    }};
    std::lock_guard const lock{mutex_};
    members_.push_back(std::move(entry));
}

std::size_t crew::size()
{
    std::lock_guard const lock{mutex_};
    return members_.size();
}

void crew::rouse()
{
    std::lock_guard const lock{mutex_};
    wake_.request_stop();
}

void crew::pause(microseconds span)
{
    std::stop_token token;
    {
        std::lock_guard const lock{mutex_};
        token = wake_.get_token();
    }
    std::stop_callback const on_stop{options_.stop, [this] { rouse(); }};
    std::stop_callback const on_abort{options_.abort, [this] { rouse(); }};
    time_.sleep(span, token);
    std::lock_guard const lock{mutex_};
    if (wake_.stop_requested()) {
        wake_ = {};
    }
}

void crew::renew()
{
    auto const before = time_.steady();
    std::vector<ledger::claim> held;
    std::vector<member *> of;
    {
        std::lock_guard const lock{mutex_};
        for (auto const &m : members_) {
            held.push_back(m->held);
            of.push_back(m.get());
        }
    }
    if (!held.empty() && before >= next_renewal_) {
        next_renewal_ = before + ledger::ledger::renew_every;
        try {
            auto const ours = book_.ask([&](auto &book) { return book.renew(held); });
            for (std::size_t i = 0; i < of.size(); ++i) {
                of[i]->sure_until =
                    ours[i] ? before + ledger::ledger::ttl - ledger::ledger::margin : before;
            }
        } catch (error const &e) {
            log::warning("cannot renew the leases: {}", printable(e.what()));
        }
    }
    for (auto *m : of) {
        if (time_.steady() >= m->sure_until && !m->lease_over) {
            m->lease_over = true;
            m->stop.request_stop();
            log::warning("{}: the lease is no longer sure, the run stops", m->held.job);
        }
    }
}

void crew::obey_signals()
{
    if (options_.stop.stop_requested() && !stop_seen_) {
        stop_seen_ = time_.steady();
    }
    bool const over = stop_seen_ && time_.steady() - *stop_seen_ >= options_.stop_timeout;
    if (over || options_.abort.stop_requested()) {
        std::lock_guard const lock{mutex_};
        for (auto const &m : members_) {
            m->stop.request_stop();
        }
    }
}

std::unique_ptr<crew::member> crew::take_finished()
{
    std::lock_guard const lock{mutex_};
    auto const found = std::find_if(members_.begin(), members_.end(),
                                    [](auto const &m) { return m->report.has_value(); });
    if (found == members_.end()) {
        return {};
    }
    auto out = std::move(*found);
    members_.erase(found);
    return out;
}

std::vector<run_report> crew::tend()
{
    if (size() > 0) {
        pause(seconds{1});
    }
    renew();
    obey_signals();
    std::vector<run_report> out;
    while (auto done = take_finished()) {
        done->thread.join();
        record(*done, *done->report);
        out.push_back(std::move(*done->report));
    }
    return out;
}

void crew::record(member const &done, run_report &report)
{
    if (done.lease_over && report.status != run_status::succeeded) {
        report.status = run_status::lost;
    }
    if (report.status == run_status::lost) {
        return; // the run row is what the one who took over makes of it
    }
    try {
        book_.ask([&](auto &book) { book.finish(done.held, to_record(report)); });
    } catch (lease_lost const &e) {
        report.status = run_status::lost;
        report.problem = e;
    } catch (error const &e) {
        report.status = run_status::failed;
        report.problem =
            error{"the run's end could not be recorded: " + e.message(), e.hint(), e.sqlstate()};
    }
}

} // namespace pgtend::jobs
