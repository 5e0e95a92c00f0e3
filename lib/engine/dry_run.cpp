// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/core.h>
#include <ostream>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "engine/executor.hpp"
#include "engine/locks.hpp"
#include "engine/settings.hpp"
#include "plan/refusal.hpp"
#include "plan/script.hpp"

namespace pgtend::engine {
namespace {

std::string comment(std::string_view text)
{
    return "-- " + printable(text) + "\n";
}

// Also of text with line ends; what is in it stays readable.
std::string commented_out(std::string const &text)
{
    std::string out;
    for (auto const &line : split(trim(text), '\n')) {
        out += "--   " + printable(line) + "\n";
    }
    return out;
}

std::string terminated(plan::statement const &s)
{
    auto sql = plan::inlined(s);
    // A comment at the end would swallow the semicolon.
    auto const last_line = sql.rfind('\n') == std::string::npos ? 0 : sql.rfind('\n');
    return sql + (sql.find("--", last_line) == std::string::npos ? ";\n" : "\n;\n");
}

std::string with_comments(plan::statement const &s)
{
    std::string out;
    if (!s.comment.empty()) {
        out += comment(s.comment);
    }
    if (auto const locks = plan::lock_summary(s); !locks.empty()) {
        out += comment("locks: " + locks);
    }
    return out + terminated(s);
}

// Nobody else is at work on what the statement locks. It would wait for them, and who builds the
// index that it drops as left over would have built it for nothing.
std::string undisturbed(plan::statement const &s)
{
    std::string out;
    for (auto const &wanted : s.locks) {
        std::string modes;
        for (auto const mode : plan::all_lock_modes) {
            if (plan::conflict(wanted.mode, mode)) {
                modes += (modes.empty() ? "" : ",") + std::string{plan::catalog_name(mode)};
            }
        }
        out += "\n  AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE granted AND relation "
               "OPERATOR(pg_catalog.=) " +
               plan::quote_literal(wanted.relation) +
               "::pg_catalog.regclass\n    AND database OPERATOR(pg_catalog.=) (SELECT oid FROM "
               "pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) "
               "pg_catalog.current_database())\n    AND mode OPERATOR(pg_catalog.=) ANY ('{" +
               modes + "}'))";
    }
    return out;
}

// As the real executor: what is no longer wanted is left out.
std::string if_wanted(plan::statement const &s)
{
    if (s.still_wanted.empty()) {
        return with_comments(s);
    }
    return "SELECT EXISTS (" + s.still_wanted + ")" + (s.concurrently ? undisturbed(s) : "") +
           " AS wanted \\gset\n\\if :wanted\n" + with_comments(s) +
           "\\else\n\\warn 'left out: done already, or somebody works on it now'\n\\endif\n";
}

class dry_run_executor final : public executor {
  public:
    dry_run_executor(environment around, std::ostream &out) : around_{std::move(around)}, out_{out}
    {
    }

    result run(plan::plan work) override
    {
        result all{.steps = {}, .notes = work.notes};
        std::optional<pg::session> session;
        try {
            if (around_.open) {
                session.emplace(around_.open());
            }
            print_header(work, session ? &*session : nullptr);
            for (std::size_t i = 0; i < work.steps.size(); ++i) {
                if (around_.stop.stop_requested() || around_.drain.stop_requested()) {
                    throw interrupted{"stopped on request"};
                }
                all.steps.push_back(print(work.steps[i], i + 1, session ? &*session : nullptr));
            }
        } catch (interrupted const &e) {
            all.ended_by = {cause::interrupted, e};
        } catch (connect_error const &e) {
            all.ended_by = {cause::cannot_connect, e};
        } catch (connection_lost const &e) {
            all.ended_by = {cause::session_lost, e};
        }
        for (auto i = all.steps.size(); i < work.steps.size(); ++i) {
            all.steps.push_back(
                {.title = work.steps[i].title, .object = work.steps[i].object, .tally = {}});
        }
        return all;
    }

  private:
    void print_header(plan::plan const &work, pg::session const *session)
    {
        out_ << comment(fmt::format("dry run: nothing was changed; {} step{} to do",
                                    work.steps.size(), work.steps.size() == 1 ? "" : "s"));
        auto server = around_.server;
        if (session != nullptr) {
            server +=
                fmt::format("{}PostgreSQL {}.{}", server.empty() ? "" : ", ",
                            session->server_version() / 10000, session->server_version() % 10000);
        }
        if (!server.empty()) {
            out_ << comment("server: " + server);
        }
        out_ << comment("printed: " + to_rfc3339(around_.time.now()));
        for (auto const &note : work.notes) {
            out_ << comment(note);
        }
        if (work.empty()) {
            return;
        }
        out_ << "\\set ON_ERROR_STOP on\n"
             << settings_script(
                    around_.settings,
                    {.lock_timeout = around_.settings.lock.attempt,
                     .statement_timeout = around_.settings.statement_timeout,
                     .server_version = session != nullptr ? session->server_version() : 140000});
    }

    step_result print(plan::step const &step, std::size_t number, pg::session *session)
    {
        step_result out{.title = step.title,
                        .object = step.object,
                        .status = step_status::succeeded,
                        .tally = {}};
        out_ << "\n" << comment(fmt::format("{}. {}", number, step.title));
        if (!step.reason.empty()) {
            out_ << comment(step.reason);
        }
        if (auto const *body = std::get_if<plan::transaction>(&step.body)) {
            print_holders(body->statements, session);
            out_ << "BEGIN;\n" << own_lock_timeout(body->statements);
            for (auto const &s : body->statements) {
                out_ << if_wanted(s);
            }
            out_ << "COMMIT;\n";
        } else if (auto const *alone = std::get_if<plan::standalone>(&step.body)) {
            print_holders({alone->body}, session);
            // Set anew, not reset: what it would be reset to is what the role has, often none.
            auto const set = [&](microseconds longest) {
                return alone->body.concurrently ? lock_timeout_script(longest, false) : "";
            };
            out_ << set(microseconds{0}) << if_wanted(alone->body)
                 << set(around_.settings.lock.attempt);
        } else {
            print_task(*std::get<std::unique_ptr<plan::task>>(step.body), out, session);
        }
        return out;
    }

    // Of a transaction whose statements ask for shorter waits than an attempt's.
    std::string own_lock_timeout(std::vector<plan::statement> const &statements) const
    {
        auto shortest = around_.settings.lock.attempt;
        for (auto const &s : statements) {
            if (s.lock_timeout.count() > 0) {
                shortest = std::min(shortest, s.lock_timeout);
            }
        }
        return shortest < around_.settings.lock.attempt ? lock_timeout_script(shortest, true) : "";
    }

    void print_task(plan::task const &machine, step_result &out, pg::session *session)
    {
        auto const what = machine.describe();
        out.tally.expected = what.expected_rows;
        if (auto const *why = plan::refused(machine)) {
            out.status = step_status::failed;
            out.problem = *why;
            out_ << comment(what.until);
            return;
        }
        out_ << comment(what.title);
        if (what.expected_rows) {
            out_ << comment("expected rows: about " + thousands(*what.expected_rows));
        }
        if (what.statements.empty()) {
            out_ << comment(what.until);
            return;
        }
        print_holders(what.statements, session);
        out_ << comment("repeated, each time with other values and committed, " +
                        (what.until.empty() ? "until there is nothing left" : what.until) + ":");
        for (auto const &s : what.statements) {
            out_ << commented_out(with_comments(s));
        }
    }

    void print_holders(std::vector<plan::statement> const &statements, pg::session *session)
    {
        auto const wanted = wanted_locks(statements);
        if (session == nullptr || wanted.empty()) {
            return;
        }
        try {
            auto const who =
                find_holders(*session, wanted, {.timeout = seconds{10}, .stop = around_.stop});
            out_ << comment(who.empty() ? "nobody holds a conflicting lock right now"
                                        : "in the way right now: " + describe(who));
        } catch (interrupted const &) {
            throw;
        } catch (connection_lost const &) {
            throw;
        } catch (error const &e) {
            out_ << comment("who holds a conflicting lock could not be asked: " + e.message());
        }
    }

    environment around_;
    std::ostream &out_;
};

} // namespace

std::unique_ptr<executor> dry_run(environment around, std::ostream &out)
{
    return std::make_unique<dry_run_executor>(std::move(around), out);
}

} // namespace pgtend::engine
