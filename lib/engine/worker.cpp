// SPDX-License-Identifier: Apache-2.0
#include "engine/worker.hpp"

#include <algorithm>
#include <typeinfo>
#include <utility>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "engine/hints.hpp"
#include "engine/notices.hpp"
#include "engine/settings.hpp"

namespace pgtend::engine {
namespace {

constexpr microseconds longest_lock_pause = seconds{1};
constexpr microseconds longest_question = seconds{10}; // who holds a lock

bool outside_transaction(std::vector<plan::statement> const &statements)
{
    return std::any_of(statements.begin(), statements.end(),
                       [](plan::statement const &s) { return !s.in_transaction; });
}

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

void add_notes(std::vector<std::string> &notes, std::vector<std::string> const &more)
{
    for (auto const &line : more) {
        if (std::find(notes.begin(), notes.end(), line) == notes.end()) {
            notes.push_back(line);
        }
    }
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

void worker::open()
{
    session();
}

pg::session &worker::session()
{
    if (!session_) {
        session_.emplace(control_.open());
    }
    return *session_;
}

step_result worker::carry_out(plan::step &step)
{
    auto const began = control_.time().steady();
    step_result out{.title = step.title, .object = step.object, .tally = {}};
    auto const fail = [&](error const &e) {
        out.status = step_status::failed;
        out.problem = e;
    };
    control_.started(step);
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
                             .tell_row_locks = own_lock_timeout(work->statements).count() > 0},
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

microseconds worker::statement_timeout() const
{
    auto const &settings = control_.around().settings;
    if (settings.statement_timeout.count() > 0) {
        return settings.statement_timeout;
    }
    // For a client that is gone before it can cancel: the server ends the statement by itself, a
    // little later.
    auto const left = control_.remaining();
    return left.count() > 0 ? left + seconds{5} : left;
}

void worker::wait_for_lock(request const &what, lock_wait &wait, std::vector<holder> const &who)
{
    auto const left = wait.deadline - wait.waited();
    if (left.count() <= 0) {
        auto const wanted = wanted_locks(what.statements);
        table_locked_ = !who.empty();
        control_.give_up(held_by(who, wanted));
        throw busy_error(wanted, who, wait.waited(),
                         current_ != nullptr ? current_->sql : what.statements.front().sql);
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
            throw run_ended{{cause::timed_out, e}};
        }
        throw; // the statement's own limit
    } catch (outcome_unknown const &e) {
        throw run_ended{{cause::outcome_unknown, e}};
    } catch (connection_lost const &e) {
        throw run_ended{lost(e)};
    } catch (connect_error const &e) {
        throw run_ended{{cause::cannot_connect, e}};
    }
}

std::optional<worker::done> worker::try_once(request const &what, lock_wait &wait, int &attempts)
{
    auto const &policy = control_.around().settings.lock;
    auto const wanted = wanted_locks(what.statements);
    auto const own = own_lock_timeout(what.statements);
    auto lock_timeout =
        std::max<microseconds>(own.count() > 0 ? own : policy.deadline, milliseconds{1});
    if (needs_protocol(what.statements)) {
        auto const seen = look(session(), wanted, control_.limit(longest_question),
                               [&](microseconds t) { control_.pause(t); });
        if (!seen.in_the_way.empty() && !seen.only_yielding) {
            wait_for_lock(what, wait, seen.in_the_way);
            return {};
        }
        auto const of_attempt = attempt_timeout(policy.attempt, seen);
        lock_timeout = own.count() > 0 ? std::min(own, of_attempt) : of_attempt;
    }
    ++attempts;
    auto const began = control_.time().steady();
    auto out = attempt(what, lock_timeout);
    out.elapsed = std::chrono::floor<microseconds>(control_.time().steady() - began);
    return out;
}

worker::done worker::persist(request const &what, int &attempts)
{
    auto const &settings = control_.around().settings;
    bool const known_busy = control_.given_up(wanted_locks(what.statements));
    lock_wait wait{.time = control_.time(),
                   .deadline = known_busy ? microseconds{0} : settings.lock.deadline,
                   .pauses = {settings.lock.attempt, longest_lock_pause, control_.random()}};
    backoff pauses{settings.retry.initial, settings.retry.ceiling, control_.random()};
    for (int retries = 0;;) {
        control_.check();
        current_ = nullptr;
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
                return find_holders(session(), wanted_locks(what.statements),
                                    control_.limit(longest_question));
            });
            if (who.empty() && what.tell_row_locks) {
                throw *failed;
            }
            wait_for_lock(what, wait, who);
        } else if (transient(failed->sqlstate()) && retries < settings.retry.max) {
            ++retries;
            auto const pause = pauses.next();
            control_.retrying(what.step, pgtend::describe(*failed), pause);
            control_.pause(pause);
        } else {
            throw with_hint(*failed, current_, settings, session_ ? &*session_ : nullptr);
        }
    }
}

worker::done worker::attempt(request const &what, microseconds lock_timeout)
{
    if (!outside_transaction(what.statements)) {
        return attempt_in_transaction(what, lock_timeout);
    }
    if (what.statements.size() != 1) {
        throw error{"a statement that cannot run in a transaction must be a step of its own",
                    {},
                    {},
                    what.statements.front().sql};
    }
    return attempt_outside(what, lock_timeout);
}

void worker::run_statement(plan::statement const &body, bool english, done &out)
{
    current_ = &body;
    out.results.push_back(
        session().run(body.sql, body.parameters, control_.limit(body.timeout, body.concurrently)));
    auto const said = session().take_notices();
    if (auto const problem = skipped_work(said, body, english)) {
        throw *problem;
    }
    add_notes(out.warnings, warnings(said));
}

worker::done worker::attempt_in_transaction(request const &what, microseconds lock_timeout)
{
    auto &s = session();
    auto const &around = control_.around();
    plan::statement const opening{
        .sql = opening_text(around.settings, around.fence,
                            {.read_only = what.read_only,
                             .note_transaction_id = !what.read_only && around.resolve,
                             .lock_timeout = lock_timeout,
                             .statement_timeout = statement_timeout(),
                             .server_version = s.server_version()})};
    done out;
    s.take_notices();
    try {
        auto const opened = s.batch(opening.sql, control_.limit(microseconds{0}));
        if (opened.empty()) {
            throw lease_lost{"another run took the job over"};
        }
        for (auto const &statement : what.statements) {
            run_statement(statement, true, out);
        }
        commit(what.read_only, opened.text(0, 0));
        return out;
    } catch (error const &e) {
        if (session_) {
            session_->rollback();
        }
        if (current_ == nullptr && typeid(e) == typeid(error)) {
            // The opening is long and not the caller's: only what failed in it is of interest.
            throw error{"the work's transaction could not be opened: " + e.message(), e.hint(),
                        e.sqlstate()};
        }
        throw;
    }
}

void worker::commit(bool read_only, std::string const &transaction_id)
{
    auto const &around = control_.around();
    try {
        session().commit(control_.limit(microseconds{0}));
    } catch (outcome_unknown const &e) {
        if (read_only) {
            throw connection_lost{e.message(), "08006", "COMMIT"};
        }
        session_.reset();
        outcome_unknown const problem{e.message(), transaction_id};
        if (!around.resolve || transaction_id.empty()) {
            throw problem;
        }
        auto what = pg::commit_outcome::unknown;
        try {
            what = around.resolve(transaction_id);
        } catch (connect_error const &) {
            throw problem;
        }
        if (what == pg::commit_outcome::unknown) {
            throw problem;
        }
        if (what == pg::commit_outcome::aborted) {
            throw error{
                "the connection was lost during COMMIT, and the server rolled the transaction back",
                {},
                "08006",
                "COMMIT"};
        }
    }
}

worker::done worker::attempt_outside(request const &what, microseconds lock_timeout)
{
    auto &s = session();
    auto const &around = control_.around();
    auto const &body = what.statements.front();
    if (around.transaction_pooler) {
        throw error{"this statement needs settings of the session, which a pooler in transaction "
                    "mode gives to other clients",
                    "Connect to the server directly, or through a pooler in session mode.",
                    {},
                    body.sql};
    }
    for (auto const &guard : around.fence.opening) {
        if (s.run(guard.sql, guard.parameters, control_.limit(microseconds{0})).empty()) {
            throw lease_lost{"another run took the job over"};
        }
    }
    done out;
    s.take_notices();
    auto const messages = apply_session_settings(body, lock_timeout);
    try {
        bool const english = messages == "C" || messages == "POSIX" || messages.starts_with("en") ||
                             messages.starts_with("C.");
        run_statement(body, english, out);
    } catch (...) {
        take_back_session_settings();
        throw;
    }
    take_back_session_settings();
    return out;
}

std::string worker::apply_session_settings(plan::statement const &body, microseconds lock_timeout)
{
    bool const unlimited = body.concurrently;
    auto const timeout = body.timeout.count() > 0 ? body.timeout : statement_timeout();
    transaction_options const options{.lock_timeout = unlimited ? microseconds{0} : lock_timeout,
                                      .statement_timeout = unlimited ? microseconds{0} : timeout,
                                      .server_version = session().server_version()};
    try {
        // The language of the server's messages comes back.
        return session()
            .batch(session_settings_text(control_.around().settings, options),
                   control_.limit(microseconds{0}))
            .text(0, 0);
    } catch (error const &) {
        take_back_session_settings();
        throw;
    }
}

void worker::take_back_session_settings() noexcept
{
    if (!session_ || session_->lost()) {
        return;
    }
    try {
        session_->batch(session_reset_text(control_.around().settings,
                                           {.server_version = session_->server_version()}),
                        {.timeout = seconds{5}});
    } catch (...) {
        session_.reset(); // a session with foreign settings is of no use
    }
}

} // namespace pgtend::engine
