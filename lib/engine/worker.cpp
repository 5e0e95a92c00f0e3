// SPDX-License-Identifier: Apache-2.0
#include "engine/worker.hpp"

#include <algorithm>
#include <utility>

#include "base/duration.hpp"
#include "engine/hints.hpp"
#include "engine/notices.hpp"

namespace pgtend::engine {
namespace {

constexpr microseconds longest_lock_pause = seconds{1};
constexpr microseconds longest_question = seconds{10}; // who holds a lock
// A long lock that began since costs those who queue behind an attempt no more than that attempt.
constexpr microseconds clear_for = milliseconds{250};

bool needs_protocol(std::vector<plan::statement> const &statements)
{
    return std::any_of(statements.begin(), statements.end(),
                       [](plan::statement const &s) { return plan::needs_lock_protocol(s); });
}

// The shortest that a statement asks for; 0: none does.
microseconds own_lock_timeout(std::vector<plan::statement> const &statements)
{
    microseconds out{0};
    for (auto const &s : statements) {
        if (s.lock_timeout.count() > 0 && (out.count() == 0 || s.lock_timeout < out)) {
            out = s.lock_timeout;
        }
    }
    return out;
}

ending lost(connection_lost const &e)
{
    bool const by_server = e.sqlstate() == "57P01" || e.sqlstate() == "57P02";
    return {by_server ? cause::terminated : cause::session_lost, e};
}

// What a statement meets that somebody else was faster with: the object is there, or gone.
bool overtaken(error const &failed, plan::statement const *by)
{
    auto const &state = failed.sqlstate();
    return by != nullptr && !by->still_wanted.empty() &&
           (state == "42P07" || state == "42704" || (state == "23505" && by->in_transaction));
}

// Of the relations wanted, those that these hold.
std::vector<std::string> held_by(std::vector<holder> const &who,
                                 std::vector<plan::lock> const &wanted)
{
    std::vector<std::string> out;
    for (auto const &l : wanted) {
        auto const shown = display(parse_qualified_name(l.relation));
        if (std::any_of(who.begin(), who.end(),
                        [&](holder const &h) { return h.relation == shown; })) {
            out.push_back(l.relation);
        }
    }
    return out;
}

} // namespace

// How long a lock is waited for, over all attempts of one transaction.
struct worker::lock_wait {
    clock &time;
    clock::monotonic began = time.steady();
    microseconds deadline;
    backoff pauses;

    microseconds waited() const { return std::chrono::floor<microseconds>(time.steady() - began); }
};

step_result worker::carry_out(plan::step &step)
{
    auto const began = control_.time().steady();
    step_result out{.title = step.title, .object = step.object, .tally = {}};
    auto const fail = [&](error const &e) {
        out.status = step_status::failed;
        out.problem = e;
    };
    control_.started(step);
    retries_ = 0;
    try {
        carry_out(step, out);
        out.status = step_status::succeeded;
    } catch (run_ended const &e) {
        fail(e.why().problem);
        control_.end(e.why());
    } catch (error const &e) {
        fail(e);
    } catch (std::exception const &e) {
        fail(error{e.what()});
    }
    if (retries_ > 0) {
        auto const often = retries_ == 1 ? std::string{"once"}
                                         : std::to_string(retries_) + " times, the last time";
        add_notes(out.tally.notes, {"tried again " + often + " because of: " + last_retry_});
    }
    out.elapsed = std::chrono::floor<microseconds>(control_.time().steady() - began);
    control_.finished(out);
    return out;
}

void worker::carry_out(plan::step &step, step_result &out)
{
    if (std::holds_alternative<std::unique_ptr<plan::task>>(step.body)) {
        carry_out_task(step, out);
        return;
    }
    std::vector<plan::statement> single;
    auto const *statements = &single;
    if (auto const *body = std::get_if<plan::transaction>(&step.body)) {
        statements = &body->statements;
    } else {
        single.push_back(std::get<plan::standalone>(step.body).body);
    }
    auto const came_to = persist({.step = step, .statements = *statements}, out.attempts);
    if (step.counts >= 0) {
        out.tally.rows = came_to.results.at(static_cast<std::size_t>(step.counts)).affected();
    }
    out.tally.batches = 1;
    add_notes(out.tally.notes, came_to.warnings);
}

void worker::carry_out_task(plan::step &step, step_result &out)
{
    auto &machine = *std::get<std::unique_ptr<plan::task>>(step.body);
    std::vector<std::string> said;
    auto const take_stock = [&] {
        out.tally = machine.progress();
        add_notes(out.tally.notes, said);
    };
    try {
        plan::outcome last;
        for (bool first = true;; first = false) {
            auto const work = machine.next(last);
            if (!first) {
                control_.progressed(step, machine.progress());
            }
            if (!work) {
                break;
            }
            control_.check();
            if (work->pause_before.count() > 0) {
                control_.pause(work->pause_before);
            }
            last = {};
            out.attempts = 0;
            table_locked_ = false;
            try {
                auto came_to =
                    persist({.step = step,
                             .statements = work->statements,
                             .read_only = work->read_only,
                             .tell_row_locks = own_lock_timeout(work->statements).count() > 0,
                             .tell_conflicts = work->tells_conflicts},
                            out.attempts);
                last.results = std::move(came_to.results);
                last.elapsed = came_to.elapsed;
                if (said.size() < 20) {
                    add_notes(said, came_to.warnings);
                }
            } catch (error const &e) {
                last.failed = {e.sqlstate(), e.message(), e.hint(), table_locked_};
            }
        }
    } catch (...) {
        take_stock();
        throw;
    }
    take_stock();
}

void worker::wait_for_lock(request const &what, lock_wait &wait, std::vector<holder> who)
{
    auto const left = wait.deadline - wait.waited();
    if (left.count() <= 0) {
        auto const wanted = wanted_locks(what.statements);
        auto const &failed =
            hands_.current() != nullptr ? *hands_.current() : what.statements.front();
        table_locked_ = !who.empty();
        control_.give_up(held_by(who, wanted));
        if (!who.empty() && who.front().relation.empty()) {
            control_.give_up_old_transactions();
        }
        if (who.empty() && wanted.empty()) {
            try {
                who = guarded([&] {
                    return find_suspects(hands_.session(), failed,
                                         control_.around().settings.search_path,
                                         control_.limit(longest_question));
                });
            } catch (error const &) { // who it may be is worth no other error
            }
        }
        throw busy_error(wanted, who, wait.waited(), failed.sql);
    }
    auto const pause = std::min(wait.pauses.next(), left);
    control_.retrying(what.step, who.empty() ? "a lock is held by others" : describe(who), pause);
    control_.pause(pause);
}

template <class Work> auto worker::guarded(Work const &work) -> decltype(work())
{
    try {
        return work();
    } catch (lease_lost const &e) {
        throw run_ended{{cause::lease_lost, e}};
    } catch (interrupted const &) {
        throw run_ended{control_.interruption()};
    } catch (timed_out const &e) {
        if (control_.out_of_time()) {
            throw run_ended{control_.time_is_over(": the statement was cancelled", e.statement())};
        }
        throw; // the statement's own limit
    } catch (outcome_unknown const &e) {
        throw run_ended{{cause::outcome_unknown, static_cast<error const &>(e)}};
    } catch (connection_lost const &e) {
        control_.note_lost_session();
        if (control_.out_of_time()) { // it did not let itself be cancelled
            throw run_ended{control_.time_is_over(
                ": the statement did not let itself be cancelled, and the connection was shut down",
                e.statement())};
        }
        throw run_ended{lost(e)};
    } catch (connect_error const &e) {
        throw run_ended{{cause::cannot_connect, e}};
    }
}

sight worker::look_around(std::vector<plan::lock> const &wanted)
{
    auto const now = control_.time().steady();
    std::vector<plan::lock> unsure;
    int clear = 0;
    for (auto const &l : wanted) {
        auto const known = clear_until_.find(l.relation);
        bool const sure = known != clear_until_.end() && now < known->second;
        if (plan::needs_lock_protocol(l)) {
            sure ? static_cast<void>(++clear) : unsure.push_back(l);
        }
    }
    if (unsure.empty() && clear > 0) {
        return {.in_the_way = {}, .existing = clear};
    }
    auto out = look(hands_.session(), wanted, control_.limit(longest_question),
                    [&](microseconds t) { control_.pause(t); });
    if (out.in_the_way.empty()) {
        clear_until_.clear(); // few are of use later
        for (auto const &l : wanted) {
            clear_until_[l.relation] = now + clear_for;
        }
    }
    return out;
}

std::optional<worker::done> worker::try_once(request const &what, lock_wait &wait, int &attempts)
{
    auto const &policy = control_.around().settings.lock;
    if (what.statements.front().concurrently) {
        auto const old = find_old_transactions(hands_.session(), control_.limit(longest_question));
        if (!old.empty()) {
            wait_for_lock(what, wait, old);
            return {};
        }
    }
    auto const wanted = wanted_locks(what.statements);
    auto const own = own_lock_timeout(what.statements);
    auto lock_timeout =
        std::max<microseconds>(own.count() > 0 ? own : policy.deadline, milliseconds{1});
    if (needs_protocol(what.statements)) {
        auto const seen = look_around(wanted);
        if (!seen.in_the_way.empty() && !seen.only_yielding) {
            wait_for_lock(what, wait, seen.in_the_way);
            return {};
        }
        auto const of_attempt = attempt_timeout(policy.attempt, seen);
        lock_timeout = own.count() > 0 ? std::min(own, of_attempt) : of_attempt;
    }
    ++attempts;
    auto const began = control_.time().steady();
    auto const looked = std::exchange(clear_until_, {}); // kept when it succeeds
    auto out = hands_.run(
        {.statements = what.statements, .read_only = what.read_only, .lock_timeout = lock_timeout});
    clear_until_ = looked;
    out.elapsed = std::chrono::floor<microseconds>(control_.time().steady() - began);
    return out;
}

bool worker::worth_a_retry(error const &failed, request const &what)
{
    auto const &state = failed.sqlstate();
    bool const conflict = state == "40001" || state == "40P01";
    return transient(state) && !(conflict && what.tell_conflicts);
}

bool worker::clear_up(request const &what, plan::statement const *failed)
{
    bool some = false;
    if (failed != nullptr) {
        for (auto const &each : failed->clear_up) {
            int attempts = 0;
            std::vector const alone{each};
            some =
                persist({.step = what.step, .statements = alone}, attempts).left_out == 0 || some;
        }
        clear_until_.clear(); // who failed for the same reason may have begun anew
    }
    return some;
}

worker::done worker::persist(request const &what, int &attempts)
{
    auto const &settings = control_.around().settings;
    bool const known_busy =
        control_.given_up(wanted_locks(what.statements)) ||
        (what.statements.front().concurrently && control_.given_up_old_transactions());
    lock_wait wait{.time = control_.time(),
                   .deadline = known_busy ? microseconds{0} : settings.lock.deadline,
                   .pauses = {settings.lock.attempt, longest_lock_pause, control_.random()}};
    backoff pauses{settings.retry.initial, settings.retry.ceiling, control_.random()};
    bool asked_again = false; // whether it is still wanted
    int cleared = 0;
    for (int retries = 0;;) {
        control_.check();
        hands_.forget();
        std::optional<error> failed;
        try {
            if (auto out = guarded([&] { return try_once(what, wait, attempts); })) {
                return std::move(*out);
            }
            continue; // somebody was in the way, and a pause was made
        } catch (lock_busy const &) {
            throw;
        } catch (error const &e) {
            failed = e;
        }
        if (failed->sqlstate() == "55P03") {
            auto const who = guarded([&] {
                return find_holders(hands_.session(), wanted_locks(what.statements),
                                    control_.limit(longest_question));
            });
            if (who.empty() && what.tell_row_locks) {
                throw *failed;
            }
            wait_for_lock(what, wait, who);
        } else if (!asked_again && overtaken(*failed, hands_.current())) {
            // Asked once; once more each time that something was cleared away for it.
            asked_again = !clear_up(what, hands_.current()) || ++cleared > settings.retry.max;
        } else if (worth_a_retry(*failed, what) && retries < settings.retry.max) {
            ++retries;
            ++retries_;
            last_retry_ = failed->message().substr(0, failed->message().find('\n')) +
                          " (SQLSTATE " + failed->sqlstate() + ")";
            auto const pause = pauses.next();
            control_.retrying(what.step, pgtend::describe(*failed), pause);
            auto const *const by = hands_.current();
            control_.pause(pause);
            clear_up(what, by);
        } else {
            throw with_hint(*failed, hands_.current(), settings, hands_.opened());
        }
    }
}

} // namespace pgtend::engine
