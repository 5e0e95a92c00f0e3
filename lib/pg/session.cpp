// SPDX-License-Identifier: Apache-2.0
#include "pg/session.hpp"

#include <algorithm>
#include <exception>
#include <fmt/core.h>
#include <numeric>
#include <utility>

#include "base/log.hpp"
#include "pg/driver.hpp"
#include "pg/interrupter.hpp"
#include "pg/message.hpp"
#include "pg/trace.hpp"
#include "pg/wire.hpp"

namespace pgtend::pg {
namespace {

// Returned or changed.
long long count_of(rows const &result)
{
    return std::max(result.affected(), static_cast<long long>(result.size()));
}

long long count_of(std::vector<rows> const &results)
{
    return std::accumulate(results.begin(), results.end(), 0LL,
                           [](long long sum, rows const &each) { return sum + count_of(each); });
}

bool has_nul(std::string_view text)
{
    return text.find('\0') != std::string_view::npos;
}

void check(std::vector<param> const &parameters, std::string_view sql)
{
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i] && has_nul(*parameters[i])) {
            throw error{
                fmt::format("parameter ${} holds a NUL byte, which PostgreSQL text cannot", i + 1),
                {},
                "22021",
                std::string{sql}};
        }
    }
}

char const *begin_text(isolation level, bool read_only)
{
    switch (level) {
    case isolation::repeatable_read:
        return read_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                         : "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE";
    case isolation::serializable:
        return read_only ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
                         : "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
    default:
        return read_only ? "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
                         : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    }
}

} // namespace

struct session::impl {
    explicit impl(wire::connection handle) : conn{handle}, statements{handle}, interrupts{handle}
    {
        wire::collect_notices(conn, &notices);
    }

    // Throws when nothing may be sent.
    void check(std::string_view sql, limits const &limit)
    {
        if (gone || wire::broken(conn)) {
            throw lost_error(sql);
        }
        if (limit.stop.stop_requested()) {
            throw interrupted{"stopped before the statement was sent", std::string{sql}};
        }
        if (has_nul(sql)) {
            throw error{"the statement holds a NUL byte, which PostgreSQL text cannot",
                        {},
                        "22021",
                        std::string{sql}};
        }
    }

    // The connection is gone: keeps why, for every later call.
    connection_lost lost_error(std::string_view sql)
    {
        gone = true;
        if (death.primary.empty()) {
            // A FATAL that arrived between statements is a notice to libpq; libpqxx loses one that
            // arrived during a statement.
            death = notices.last_words();
            if (death.sqlstate.empty()) {
                death = parse_message(wire::failure_text(conn));
            }
        }
        return {death.primary.empty() ? "the connection was lost"
                                      : "the connection was lost: " + death.primary,
                death.sqlstate.empty() ? "08006" : death.sqlstate, std::string{sql}};
    }

    // What became of a message: an empty text or that of a failure.
    struct reply {
        std::string failure = {};
        long long rows = 0;
    };

    // Runs `work`, which returns a reply, under the limit. Throws what the failure means.
    template <class Work> void guarded(std::string_view sql, limits const &limit, Work const &work)
    {
        bool const traced = log::enabled(log::level::debug);
        system_clock const real;
        auto const sent = traced ? real.steady() : clock::monotonic{};
        interrupts.start(limit.timeout, limit.stop, limit.grace);
        reply answer;
        try {
            answer = work();
        } catch (
            ...) { // out of memory: what the server still sends would be taken for the next answer
            gone = true;
            interrupts.finish();
            throw;
        }
        auto const verdict = interrupts.finish();
        gone = gone || verdict.socket_shut || wire::broken(conn);
        auto const &failure = answer.failure;
        if (traced) {
            auto const took = std::chrono::duration_cast<microseconds>(real.steady() - sent);
            auto const pid = wire::backend_pid(conn);
            if (failure.empty()) {
                trace(pid, took, answer.rows, sql);
            } else {
                trace_failure(pid, took, parse_message(failure).sqlstate, sql);
            }
        }
        if (failure.empty()) {
            return; // its result came, whatever was asked for meanwhile
        }
        auto const message = parse_message(failure);
        if (!gone && message.sqlstate.empty()) {
            // Not the server's words: a write that failed leaves libpq's status as it was until
            // somebody reads.
            gone = !wire::look_alive(conn);
        }
        if (gone) {
            if (verdict.socket_shut) {
                throw connection_lost{
                    why(verdict.why, limit) +
                        ", it did not end within the grace, and the connection was shut down",
                    "08006", std::string{sql}};
            }
            throw lost_error(sql);
        }
        if (message.sqlstate == "57014" && verdict.why == interrupter::reason::timeout) {
            throw timed_out{why(verdict.why, limit) + " and was cancelled", {}, std::string{sql}};
        }
        if (message.sqlstate == "57014" && verdict.why == interrupter::reason::stop) {
            throw interrupted{why(verdict.why, limit) + " and was cancelled", std::string{sql}};
        }
        throw error{error_text(message), message.hint, message.sqlstate, std::string{sql}};
    }

    static std::string why(interrupter::reason reason, limits const &limit)
    {
        if (reason == interrupter::reason::stop) {
            return "the statement was asked to stop";
        }
        return fmt::format("the statement took longer than its limit of {} ms",
                           std::chrono::duration_cast<milliseconds>(limit.timeout).count());
    }

    // Several statements, or BEGIN and COMMIT: libpqxx gives neither the results between nor the
    // command tag.
    wire::answer send(std::string const &sql, limits const &limit)
    {
        check(sql, limit);
        wire::answer answer;
        guarded(sql, limit, [&] {
            answer = wire::execute(conn, sql);
            return reply{std::exchange(answer.failure, {}), count_of(answer.results)};
        });
        return answer;
    }

    bool in_transaction() const noexcept
    {
        auto const state = wire::transaction_state(conn);
        return !gone && (state == wire::transaction::open || state == wire::transaction::failed);
    }

    wire::connection conn;
    notice_log notices;
    bool gone = false;
    server_message death; // why it is gone
    std::string transaction_id;
    driver statements; // closes it
    interrupter::client interrupts;
};

session adopt(wire::connection conn)
{
    return session{std::make_unique<session::impl>(conn)};
}

session::session(std::unique_ptr<impl> implementation) : impl_{std::move(implementation)} {}
session::~session() = default;
session::session(session &&) noexcept = default;
session &session::operator=(session &&) noexcept = default;

rows session::run(std::string_view sql, std::vector<param> const &parameters, limits const &limit)
{
    impl_->check(sql, limit);
    check(parameters, sql);
    rows out;
    impl_->guarded(sql, limit, [&]() -> impl::reply {
        try {
            auto result = impl_->statements.execute(std::string{sql}, parameters);
            if (!result) {
                return {wire::end_copy(impl_->conn)};
            }
            out = *std::move(result);
            return {.rows = count_of(out)};
        } catch (std::exception const &e) {
            return {*e.what() == '\0' ? "the driver gave no reason" : e.what()};
        }
    });
    return out;
}

rows session::batch(std::string_view sql, limits const &limit)
{
    auto all = batch_all(sql, limit);
    auto last = std::find_if(all.rbegin(), all.rend(), [](auto const &r) { return !r.empty(); });
    if (last == all.rend()) {
        last = all.rbegin(); // none returned a row: the last one's count
    }
    return last == all.rend() ? rows{} : std::move(*last);
}

std::vector<rows> session::batch_all(std::string_view sql, limits const &limit)
{
    return impl_->send(std::string{sql}, limit).results;
}

void session::each_row(std::string_view sql, std::vector<param> const &parameters,
                       std::function<void(std::vector<rows::cell> const &)> const &use,
                       limits const &limit)
{
    std::string const text{sql};
    impl_->check(text, limit);
    check(parameters, text);
    std::exception_ptr problem;
    impl_->guarded(text, limit, [&] {
        auto answer = wire::each_row(impl_->conn, text, parameters, [&](auto const &cells) {
            if (problem) {
                return;
            }
            try {
                use(cells);
            } catch (...) {
                problem = std::current_exception();
            }
        });
        return impl::reply{std::move(answer.failure), count_of(answer.results)};
    });
    if (problem) {
        std::rethrow_exception(problem);
    }
}

rows session::count(std::string_view sql, limits const &limit)
{
    std::string const text{sql};
    impl_->check(text, limit);
    wire::answer answer;
    impl_->guarded(text, limit, [&] {
        answer = wire::count_rows(impl_->conn, text);
        return impl::reply{std::exchange(answer.failure, {}), count_of(answer.results)};
    });
    return std::move(answer.results.at(0));
}

void session::parse(std::string_view sql, limits const &limit)
{
    std::string const text{sql};
    impl_->check(text, limit);
    impl_->guarded(text, limit,
                   [&] { return impl::reply{.failure = wire::parse(impl_->conn, text).failure}; });
}

void session::begin(isolation level, bool read_only, limits const &limit)
{
    if (in_transaction()) {
        throw error{"a transaction is open already", {}, "25001", "BEGIN"};
    }
    impl_->transaction_id.clear();
    impl_->send(begin_text(level, read_only), limit);
}

void session::commit(limits const &limit)
{
    impl_->check("COMMIT", limit);
    if (!in_transaction()) {
        throw error{"no transaction is open", {}, "25P01", "COMMIT"};
    }
    if (!wire::look_alive(impl_->conn)) {
        throw impl_->lost_error("COMMIT");
    }
    auto const id = std::exchange(impl_->transaction_id, {});
    std::string tag;
    try {
        tag = impl_->send("COMMIT", limit).tag;
    } catch (connection_lost const &e) {
        throw outcome_unknown{
            std::string{"whether COMMIT was carried out is not known: "} + e.what(), id};
    }
    if (tag == "ROLLBACK") {
        throw error{
            "the transaction had failed before: COMMIT rolled it back", {}, "40000", "COMMIT"};
    }
    if (tag != "COMMIT") {
        throw outcome_unknown{"COMMIT was answered with '" + tag + "'", id};
    }
}

void session::rollback() noexcept
{
    try {
        impl_->transaction_id.clear();
        if (in_transaction()) {
            impl_->send("ROLLBACK", {std::chrono::seconds{10}, {}, std::chrono::seconds{2}});
        }
    } catch (...) {
        impl_->gone = true; // a session whose transaction cannot be ended is of no use
    }
}

bool session::in_transaction() const noexcept
{
    return impl_->in_transaction();
}

std::string session::note_transaction_id(limits const &limit)
{
    impl_->transaction_id = run("SELECT pg_catalog.pg_current_xact_id()", {}, limit).text(0, 0);
    return impl_->transaction_id;
}

std::vector<notice> session::take_notices()
{
    return impl_->notices.take();
}

bool session::lost() const noexcept
{
    return impl_->gone || wire::broken(impl_->conn);
}

int session::server_version() const noexcept
{
    return wire::server_version(impl_->conn);
}

std::string session::host() const
{
    return wire::current_target(impl_->conn).host;
}

std::string session::port() const
{
    return wire::current_target(impl_->conn).port;
}

std::string session::address() const
{
    return wire::current_target(impl_->conn).address;
}

int session::backend_pid() const noexcept
{
    return wire::backend_pid(impl_->conn);
}

} // namespace pgtend::pg
