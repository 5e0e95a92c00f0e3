// SPDX-License-Identifier: Apache-2.0
#include "pg/wire.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <libpq-fe.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgtend::pg::wire {
namespace {

PGconn *pg(connection conn)
{
    return static_cast<PGconn *>(conn);
}

std::string text(char const *value)
{
    return value == nullptr ? std::string{} : std::string{value};
}

struct options_deleter {
    void operator()(PQconninfoOption *all) const { PQconninfoFree(all); }
};
using option_list = std::unique_ptr<PQconninfoOption, options_deleter>;

struct result_deleter {
    void operator()(PGresult *result) const { PQclear(result); }
};
using result_ptr = std::unique_ptr<PGresult, result_deleter>;

// A last defence: libpq quotes no password that is known of. A short one, or one that is the name
// of something, would only be pointed at by hiding it.
void hide(std::string &message, std::string const &secret, std::string const &names)
{
    if (secret.size() < 6 || names.find(secret) != std::string::npos) {
        return;
    }
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at)) {
        message.replace(at, secret.size(), "***");
        at += 3;
    }
}

// Never empty.
std::string failure_of(PGresult const *result)
{
    auto message = text(PQresultErrorMessage(result));
    return message.empty() ? "the server gave no reason" : message;
}

void add_row(PGresult const *result, int row, std::vector<rows::cell> &cells)
{
    auto const width = PQnfields(result);
    for (int c = 0; c < width; ++c) {
        if (PQgetisnull(result, row, c) != 0) {
            cells.emplace_back();
        } else {
            cells.emplace_back(std::string_view{
                PQgetvalue(result, row, c), static_cast<std::size_t>(PQgetlength(result, row, c))});
        }
    }
}

rows to_rows(std::shared_ptr<PGresult> const &result)
{
    auto const width = PQnfields(result.get());
    auto const count = PQntuples(result.get());
    std::vector<std::string> names;
    std::vector<rows::cell> cells;
    names.reserve(static_cast<std::size_t>(width));
    cells.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(count));
    for (int c = 0; c < width; ++c) {
        names.emplace_back(PQfname(result.get(), c));
    }
    for (int r = 0; r < count; ++r) {
        add_row(result.get(), r, cells);
    }
    auto const affected = std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
    return {std::move(names), std::move(cells), static_cast<std::size_t>(count), affected, result};
}

void on_notice(void *log, PGresult const *result)
{
    if (log == nullptr) {
        return;
    }
    try {
        auto const field = [result](int code) { return text(PQresultErrorField(result, code)); };
        server_message message;
        message.severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
        message.sqlstate = field(PG_DIAG_SQLSTATE);
        message.primary = field(PG_DIAG_MESSAGE_PRIMARY);
        message.detail = field(PG_DIAG_MESSAGE_DETAIL);
        message.hint = field(PG_DIAG_MESSAGE_HINT);
        message.context = field(PG_DIAG_CONTEXT);
        static_cast<notice_log *>(log)->add(message);
    } catch (...) { // out of memory: libpq is C, nothing may pass through it
    }
}

} // namespace

std::optional<keywords> parse_conninfo(std::string const &conninfo)
{
    option_list const all{PQconninfoParse(conninfo.c_str(), nullptr)};
    if (!all) {
        return std::nullopt;
    }
    keywords out;
    for (auto const *o = all.get(); o->keyword != nullptr; ++o) {
        if (o->val != nullptr) {
            out.emplace_back(o->keyword, o->val);
        }
    }
    return out;
}

connection start_opening(keywords const &parameters)
{
    std::vector<char const *> names;
    std::vector<char const *> values;
    for (auto const &[name, value] : parameters) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    auto *conn = PQconnectStartParams(names.data(), values.data(), 0);
    if (conn == nullptr) {
        throw std::bad_alloc{};
    }
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    collect_notices(conn, nullptr); // libpq would print them to stderr
    return conn;
}

progress advance(connection conn)
{
    switch (PQconnectPoll(pg(conn))) {
    case PGRES_POLLING_READING:
        return progress::wants_read;
    case PGRES_POLLING_WRITING:
        return progress::wants_write;
    case PGRES_POLLING_OK:
        return progress::done;
    default:
        return progress::failed;
    }
}

void close(connection conn) noexcept
{
    PQfinish(pg(conn));
}

int socket(connection conn) noexcept
{
    return PQsocket(pg(conn));
}

std::string option(connection conn, std::string_view keyword)
{
    option_list const all{PQconninfo(pg(conn))};
    for (auto const *o = all.get(); o != nullptr && o->keyword != nullptr; ++o) {
        if (keyword == o->keyword) {
            return text(o->val);
        }
    }
    return {};
}

target current_target(connection conn)
{
    return {text(PQhost(pg(conn))), text(PQport(pg(conn))), text(PQhostaddr(pg(conn)))};
}

std::string failure_text(connection conn)
{
    auto message = text(PQerrorMessage(pg(conn)));
    auto const names =
        text(PQhost(pg(conn))) + " " + text(PQdb(pg(conn))) + " " + text(PQuser(pg(conn)));
    hide(message, text(PQpass(pg(conn))), names);
    hide(message, option(conn, "sslpassword"), names);
    return message;
}

void set_tcp_user_timeout(connection conn, std::chrono::milliseconds timeout) noexcept
{
    auto const value = static_cast<unsigned>(timeout.count());
    ::setsockopt(PQsocket(pg(conn)), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
}

int server_version(connection conn) noexcept
{
    return PQserverVersion(pg(conn));
}

int backend_pid(connection conn) noexcept
{
    return PQbackendPID(pg(conn));
}

bool broken(connection conn) noexcept
{
    return PQstatus(pg(conn)) == CONNECTION_BAD;
}

bool look_alive(connection conn) noexcept
{
    while (!broken(conn)) {
        pollfd waiting{PQsocket(pg(conn)), POLLIN, 0};
        if (::poll(&waiting, 1, 0) <= 0) {
            return true;
        }
        if (PQconsumeInput(pg(conn)) == 0) {
            return false;
        }
        PQisBusy(pg(conn)); // parses: a FATAL is handed to on_notice
    }
    return false;
}

transaction transaction_state(connection conn) noexcept
{
    switch (PQtransactionStatus(pg(conn))) {
    case PQTRANS_IDLE:
        return transaction::none;
    case PQTRANS_INTRANS:
        return transaction::open;
    case PQTRANS_INERROR:
        return transaction::failed;
    case PQTRANS_ACTIVE:
        return transaction::busy;
    default:
        return transaction::unknown;
    }
}

void collect_notices(connection conn, notice_log *log) noexcept
{
    PQsetNoticeReceiver(pg(conn), on_notice, log);
}

namespace {

using row_user = std::function<void(PGresult const *)>;

// Everything that the server answers to what was sent; of rows that come one by one, their number.
answer receive(connection conn, row_user const *use_row = nullptr)
{
    answer out;
    bool answered = false;
    long long count = 0;
    while (result_ptr result{PQgetResult(pg(conn))}) {
        answered = true;
        switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE:
            ++count;
            (*use_row)(result.get());
            break;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            out.tag = PQcmdStatus(result.get());
            if (use_row != nullptr) {
                std::string const changed = PQcmdTuples(result.get());
                out.results.emplace_back(std::vector<std::string>{}, std::vector<rows::cell>{}, 0U,
                                         changed.empty() ? count : std::stoll(changed), nullptr);
            } else {
                out.results.push_back(to_rows(std::move(result)));
            }
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            out.failure = end_copy(conn);
            return out;
        default:
            if (out.failure.empty()) {
                out.failure = failure_of(result.get());
            }
        }
    }
    if (!answered) {
        out.failure = failure_text(conn) + "no answer came";
    }
    return out;
}

} // namespace

answer execute(connection conn, std::string const &sql)
{
    if (PQsendQuery(pg(conn), sql.c_str()) == 0) {
        return {.failure = failure_text(conn)};
    }
    return receive(conn);
}

answer parse(connection conn, std::string const &sql)
{
    if (PQsendPrepare(pg(conn), "", sql.c_str(), 0, nullptr) == 0) {
        return {.failure = failure_text(conn)};
    }
    return receive(conn);
}

answer each_row(connection conn, std::string const &sql, std::vector<param> const &parameters,
                std::function<void(std::vector<rows::cell> const &)> const &use)
{
    std::vector<char const *> values;
    values.reserve(parameters.size());
    for (auto const &each : parameters) {
        values.push_back(each ? each->c_str() : nullptr);
    }
    if (PQsendQueryParams(pg(conn), sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0 ||
        PQsetSingleRowMode(pg(conn)) == 0) {
        return {.failure = failure_text(conn)};
    }
    std::vector<rows::cell> cells;
    row_user const hand_on = [&](PGresult const *result) {
        cells.clear();
        add_row(result, 0, cells);
        use(cells);
    };
    return receive(conn, &hand_on);
}

answer count_rows(connection conn, std::string const &sql)
{
    if (PQsendQuery(pg(conn), sql.c_str()) == 0 || PQsetSingleRowMode(pg(conn)) == 0) {
        return {.failure = failure_text(conn)};
    }
    row_user const nothing = [](PGresult const *) {};
    return receive(conn, &nothing);
}

std::string end_copy(connection conn)
{
    for (;;) {
        // One of the two applies; the other does nothing.
        PQputCopyEnd(pg(conn), "this program sends no data of its own");
        char *line = nullptr;
        while (PQgetCopyData(pg(conn), &line, 0) > 0) {
            PQfreemem(line);
        }
        bool another = false;
        while (result_ptr const result{PQgetResult(pg(conn))}) {
            auto const status = PQresultStatus(result.get());
            if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
                another = true;
                break;
            }
        }
        if (!another) {
            return "ERROR:  0A000: COPY from or to the client is not possible here\n"
                   "HINT:  Copy from or to a file of the server, or use INSERT and SELECT.\n";
        }
    }
}

canceller::canceller(connection conn)
    : handle_{PQgetCancel(pg(conn))}, socket_{::fcntl(PQsocket(pg(conn)), F_DUPFD_CLOEXEC, 0)}
{
}

canceller::~canceller()
{
    PQfreeCancel(static_cast<PGcancel *>(handle_));
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

bool canceller::send() noexcept
{
    char reason[256];
    return PQcancel(static_cast<PGcancel *>(handle_), reason, sizeof reason) == 1;
}

void canceller::shut_down() noexcept
{
    ::shutdown(socket_, SHUT_RDWR);
}

} // namespace pgtend::pg::wire
