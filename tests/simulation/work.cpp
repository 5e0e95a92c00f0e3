// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"

namespace pgtend::simulation {

using ledger::run_status;

namespace {

constexpr int most_retries = 5;

} // namespace

jobs::run_report work::report() const
{
    jobs::run_report out;
    out.job = held_.job;
    out.status = status_;
    out.reopen = status_ == run_status::interrupted && (!begun_ || kind_.idempotent);
    out.begun = begun_;
    out.left_backend = kind_.outside && lost_;
    if (refused_) {
        out.problem = connect_error{"too many connections", "", "53300"};
    }
    return out;
}

void work::end(run_status status)
{
    at_ = statement::over;
    status_ = status;
}

// The next transaction, or statement outside of one.
void work::next()
{
    if (kind_.outside && !noted_) {
        at_ = statement::note;
    } else if (batch_ == kind_.batches) {
        end(run_status::succeeded);
    } else if (stopped_) {
        end(run_status::interrupted);
    } else {
        at_ = kind_.outside ? statement::guard : statement::open;
    }
}

void work::replied(reply what, long long transaction)
{
    switch (what) {
    case reply::no_row:
        // Of the note: lib/jobs/run.cpp tells it as a failure, which cannot be recorded.
        return end(at_ == statement::note ? run_status::failed : run_status::lost);
    case reply::failed:
        return end(run_status::failed);
    case reply::cancelled: // of resolve: nobody knows what became of the COMMIT
        return end(at_ == statement::resolve ? run_status::failed : run_status::interrupted);
    case reply::timed_out:
        return end(run_status::timed_out);
    case reply::no_connection:
        refused_ = at_ == statement::connect;
        return end(at_ == statement::resolve ? run_status::failed : run_status::interrupted);
    case reply::lost:
        if (at_ == statement::commit) {
            at_ = statement::resolve;
        } else if (at_ != statement::resolve) { // which asks again on another connection
            end(run_status::interrupted);
            lost_ = true;
        }
        return;
    case reply::in_progress:
        return;
    case reply::committed:
        ++batch_;
        at_ = statement::connect;
        if (batch_ == kind_.batches) {
            end(run_status::succeeded);
        }
        return;
    case reply::aborted:
        at_ = statement::connect;
        if (++retries_ > most_retries) {
            end(run_status::failed);
        }
        return;
    case reply::ok:
        break;
    }
    switch (at_) {
    case statement::connect:
        return next();
    case statement::note:
        noted_ = true;
        return next();
    case statement::open:
        transaction_ = transaction;
        at_ = statement::change;
        begun_ = begun_ || !stopped_;
        break;
    case statement::change:
        at_ = statement::commit;
        break;
    case statement::guard:
        at_ = statement::outside;
        begun_ = begun_ || !stopped_;
        break;
    case statement::commit:
    case statement::outside:
        ++batch_;
        retries_ = 0;
        return next();
    case statement::resolve:
    case statement::over:
        break;
    }
    if (stopped_) {
        end(run_status::interrupted);
    }
}

int server::connect(int client)
{
    auto const id = client * 100 + ++connected_[client];
    sessions[id].pid = id;
    book.backends[id] = book.now;
    return id;
}

bool server::waits(message const &what) const
{
    bool const touches = what.what == statement::open || what.what == statement::guard ||
                         what.what == statement::note;
    return touches && book.waits(what.held.job);
}

server::answer server::carry_out(int id, message const &what)
{
    if (what.what == statement::resolve) {
        for (auto const &[other, each] : sessions) {
            if (each.id == what.transaction) {
                return {reply::in_progress};
            }
        }
        auto const found = transactions.find(what.transaction);
        return {found != transactions.end() && found->second ? reply::committed : reply::aborted};
    }
    auto &mine = sessions.at(id);
    switch (what.what) {
    case statement::note:
        try {
            book.note_backend(what.held, mine.pid);
        } catch (lease_lost const &) {
            return {reply::no_row};
        }
        break;
    case statement::guard:
        if (!book.fence(what.held, id)) {
            return {reply::no_row};
        }
        book.release(id);
        break;
    case statement::open:
        if (!book.fence(what.held, id)) {
            return {reply::no_row};
        }
        mine.transaction = what.held;
        mine.id = next_transaction_++;
        return {reply::ok, mine.id};
    case statement::change:
        judge.began(what.held, what.kind.idempotent);
        if (!what.kind.idempotent || !judge.done(what.held, what.batch)) {
            mine.changed.push_back(what.batch);
        }
        break;
    case statement::commit: {
        auto const token = book.leases.at(what.held.job).token;
        for (auto const batch : mine.changed) {
            judge.committed(*mine.transaction, batch, token);
        }
        transactions[mine.id] = true;
        roll_back(id);
        break;
    }
    case statement::outside:
        judge.began(what.held, what.kind.idempotent);
        judge.outside_begins(what.held, mine.pid);
        mine.outside = what.held;
        break;
    default:
        break;
    }
    return {};
}

void server::end_outside(int id)
{
    auto &mine = sessions.at(id);
    if (mine.outside) {
        judge.outside_ends(mine.outside->job, mine.pid);
        mine.outside.reset();
    }
}

void server::roll_back(int id)
{
    auto &mine = sessions.at(id);
    book.release(id);
    mine.transaction.reset();
    mine.id = 0;
    mine.changed.clear();
}

void server::disconnect(int id)
{
    end_outside(id);
    roll_back(id);
    book.backends.erase(sessions.at(id).pid);
    sessions.erase(id);
}

} // namespace pgtend::simulation
