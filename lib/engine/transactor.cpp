// SPDX-License-Identifier: Apache-2.0
#include "engine/transactor.hpp"

#include <algorithm>
#include <typeinfo>

#include "base/kill_point.hpp"
#include "engine/notices.hpp"
#include "engine/settings.hpp"
#include "plan/script.hpp"

namespace pgtend::engine {
namespace {

bool outside_transaction(std::vector<plan::statement> const &statements)
{
    return std::any_of(statements.begin(), statements.end(),
                       [](plan::statement const &s) { return !s.in_transaction; });
}

} // namespace

pg::session &transactor::session()
{
    if (!session_) {
        session_.emplace(control_.open());
        if (!control_.around().transaction_pooler) {
            // It may wait long for its turn, until steps of other lanes are done.
            session_->run("SET idle_session_timeout = 0", {}, control_.limit(microseconds{0}));
        }
    }
    return *session_;
}

microseconds transactor::statement_timeout() const
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

transactor::done transactor::run(request const &what)
{
    current_ = nullptr;
    if (!outside_transaction(what.statements)) {
        return run_in_transaction(what);
    }
    if (what.statements.size() != 1) {
        throw error{"a statement that cannot run in a transaction must be a step of its own",
                    {},
                    {},
                    what.statements.front().sql};
    }
    return run_outside(what);
}

void transactor::run_statement(plan::statement const &body, bool english, done &out)
{
    current_ = &body;
    auto const limit = control_.limit(body.timeout, body.concurrently);
    if (!body.still_wanted.empty() && session().run(body.still_wanted, {}, limit).empty()) {
        out.results.emplace_back();
        ++out.left_out;
        add_notes(out.warnings, {"found done by somebody else meanwhile"});
        return;
    }
    out.results.push_back(body.only_counted ? session().count(body.sql, limit)
                                            : session().run(body.sql, body.parameters, limit));
    auto const said = session().take_notices();
    if (auto const problem = skipped_work(said, body, english)) {
        throw *problem;
    }
    add_notes(out.warnings, warnings(said));
}

transactor::done transactor::run_in_transaction(request const &what)
{
    auto &s = session();
    auto const &around = control_.around();
    plan::statement const opening{
        .sql = opening_text(around.settings, around.fence,
                            {.read_only = what.read_only,
                             .note_transaction_id = !what.read_only && around.resolve,
                             .lock_timeout = what.lock_timeout,
                             .statement_timeout = statement_timeout(),
                             .server_version = s.server_version()})};
    done out;
    s.take_notices();
    try {
        reach("before begin");
        auto const opened = s.batch(opening.sql, control_.limit(microseconds{0}));
        if (opened.empty()) {
            throw lease_lost{"another run took the job over"};
        }
        reach("after begin");
        if (!what.read_only) {
            control_.begin();
        }
        for (auto const &statement : what.statements) {
            run_statement(statement, true, out);
        }
        reach("before commit");
        commit(what.read_only, opened.text(0, 0));
        if (session_) { // that a standby did not confirm it, say
            add_notes(out.warnings, warnings(session_->take_notices()));
        }
        reach("after commit");
        return out;
    } catch (error const &e) {
        roll_back();
        if (current_ == nullptr && typeid(e) == typeid(error)) {
            // The opening is long and not the caller's: only what failed in it is of interest.
            throw error{"the work's transaction could not be opened: " + e.message(), e.hint(),
                        e.sqlstate()};
        }
        throw;
    } catch (...) {
        roll_back();
        throw;
    }
}

void transactor::roll_back() noexcept
{
    if (session_) {
        session_->rollback();
    }
}

void transactor::commit(bool read_only, std::string const &transaction_id)
{
    auto const &around = control_.around();
    try {
        session().commit(control_.limit(microseconds{0}));
    } catch (outcome_unknown const &e) {
        if (read_only) {
            throw connection_lost{
                "the connection was lost at the end of a transaction that only read", "08006",
                "COMMIT"};
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
        } catch (interrupted const &) {
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

transactor::done transactor::run_outside(request const &what)
{
    auto &s = session();
    auto const &around = control_.around();
    auto const &body = what.statements.front();
    if (around.transaction_pooler) {
        throw error{"this statement needs settings of the session, which a pooler in transaction "
                    "mode gives to other clients",
                    "Connect to the server directly. If the pooler in between is in session mode, "
                    "say so: `pooler: session`, or --pooler session.",
                    {},
                    body.sql};
    }
    for (auto const &guard : around.fence.opening) {
        // READ WRITE is said, because the role's default may be read only.
        auto const text = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; " +
                          plan::inlined(guard) + "\n; COMMIT";
        if (s.batch(text, control_.limit(microseconds{0})).empty()) {
            throw lease_lost{"another run took the job over"};
        }
    }
    done out;
    s.take_notices();
    auto const messages = apply_session_settings(body, what.lock_timeout);
    try {
        bool const english = messages == "C" || messages == "POSIX" || messages.starts_with("en") ||
                             messages.starts_with("C.");
        control_.begin();
        reach("before outside");
        run_statement(body, english, out);
        reach("after outside");
    } catch (...) {
        take_back_session_settings();
        throw;
    }
    take_back_session_settings();
    return out;
}

std::string transactor::apply_session_settings(plan::statement const &body,
                                               microseconds lock_timeout)
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

void transactor::take_back_session_settings() noexcept
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
