// SPDX-License-Identifier: Apache-2.0
#include "pg/connect.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <poll.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "pg/console.hpp"
#include "pg/diagnosis.hpp"
#include "pg/interrupter.hpp"
#include "pg/message.hpp"
#include "pg/wire.hpp"

namespace pgtend::pg {
namespace {

constexpr auto poll_slice = milliseconds{100}; // how late a stop may be noticed
constexpr auto warn_every = std::chrono::seconds{30};

// Owns a connection until a session takes it over.
class opening {
  public:
    explicit opening(wire::keywords const &parameters) : conn_{wire::start_opening(parameters)} {}
    ~opening()
    {
        if (conn_ != nullptr) {
            wire::close(conn_);
        }
    }
    opening(opening const &) = delete;
    opening &operator=(opening const &) = delete;
    wire::connection get() const { return conn_; }
    wire::connection release() { return std::exchange(conn_, nullptr); }

  private:
    wire::connection conn_;
};

// One attempt: a connection, or why there is none.
struct attempt_result {
    std::unique_ptr<opening> opened;
    std::string failure; // as libpq gives it
    bool timed_out = false;
};

std::string printable_name(std::string name)
{
    name.resize(std::min<std::size_t>(
        name.size(), 63)); // NAMEDATALEN - 1, where the server cuts it with a notice
    for (char &c : name) {
        if (c < ' ' || c > '~') {
            c = '?';
        }
    }
    return name;
}

std::string describe(wire::target const &target)
{
    auto const name = target.host.empty() ? target.address : target.host;
    return name + " port " + target.port;
}

std::vector<std::string> list_of(std::string const &text)
{
    std::vector<std::string> out;
    std::size_t start = 0;
    for (auto comma = text.find(','); comma != std::string::npos; comma = text.find(',', start)) {
        out.push_back(text.substr(start, comma - start));
        start = comma + 1;
    }
    out.push_back(text.substr(start));
    return out;
}

microseconds attempt_limit(connect_options const &options)
{
    auto const own = options.target.get("connect_timeout");
    auto const number = std::strtol(own.c_str(), nullptr, 10);
    return number > 0 ? microseconds{std::chrono::seconds{number}} : options.attempt_timeout;
}

wire::keywords parameters_of(connect_options const &options, microseconds limit)
{
    auto target = options.target;
    auto const by_default = [&target](char const *keyword, std::string const &value) {
        if (target.get(keyword).empty()) {
            target.set(keyword, value);
        }
    };
    target.set("application_name", printable_name(options.application_name));
    target.set("client_encoding", "UTF8");
    by_default("keepalives_idle", "10");
    by_default("keepalives_interval", "5");
    by_default("keepalives_count", "4");
    // While connecting it also ends a connect() that nobody answers, so that libpq goes on to the
    // next address.
    auto const wait =
        std::chrono::duration_cast<milliseconds>(std::min(options.tcp_user_timeout, limit * 4 / 5));
    by_default("tcp_user_timeout", std::to_string(std::max<long long>(wait.count(), 1)));
    return target.values();
}

// libpq itself goes on to the next host when one does not answer, but only in its blocking calls:
// takes the silent host out of the lists. False when it was the only one.
bool drop_current_host(wire::connection conn, wire::keywords &parameters)
{
    auto const silent = wire::current_target(conn);
    auto const hosts = list_of(wire::option(conn, "host"));
    auto const addresses = list_of(wire::option(conn, "hostaddr"));
    auto const ports = list_of(wire::option(conn, "port"));
    auto const count = std::max(hosts.size(), addresses.size());
    auto const at = [](std::vector<std::string> const &list, std::size_t i) {
        return list.size() == 1 ? list.front() : list[i];
    };
    std::array<std::string, 3> rest;
    std::size_t kept = 0;
    bool dropped = false;
    for (std::size_t i = 0; i < count; ++i) {
        auto const host = hosts.size() == count ? hosts[i] : std::string{};
        auto const address = addresses.size() == count ? addresses[i] : std::string{};
        bool const same =
            (host.empty() ? address : host) == silent.host && at(ports, i) == silent.port;
        if (same && !dropped) {
            dropped = true;
            continue;
        }
        auto const *separator = kept++ == 0 ? "" : ",";
        rest[0] += separator + host;
        rest[1] += separator + address;
        rest[2] += separator + at(ports, i);
    }
    if (!dropped || kept == 0) {
        return false;
    }
    constexpr std::array<char const *, 3> names{"host", "hostaddr", "port"};
    std::erase_if(parameters, [&](auto const &p) {
        return std::find(names.begin(), names.end(), p.first) != names.end();
    });
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i != 1 || addresses.size() == count) {
            parameters.emplace_back(names[i], rest[i]);
        }
    }
    return true;
}

bool wait_for(wire::connection conn, wire::progress wanted, microseconds limit)
{
    short const events = wanted == wire::progress::wants_read ? POLLIN : POLLOUT;
    pollfd waiting{wire::socket(conn), events, 0};
    auto const slice = std::chrono::ceil<milliseconds>(
        std::clamp<microseconds>(limit, milliseconds{1}, poll_slice));
    return ::poll(&waiting, 1, static_cast<int>(slice.count())) > 0;
}

// The limit counts for each host and address, as libpq's connect_timeout does. Sockets take real
// time, whatever clock is given.
attempt_result attempt(connect_options const &options, microseconds limit)
{
    system_clock const real;
    auto parameters = parameters_of(options, limit);
    for (;;) {
        auto opened = std::make_unique<opening>(parameters);
        auto *const conn = opened->get();
        auto state = wire::broken(conn) ? wire::progress::failed : wire::progress::wants_write;
        auto target = wire::current_target(conn);
        auto end = real.steady() + limit;
        while (state == wire::progress::wants_read || state == wire::progress::wants_write) {
            if (options.stop.stop_requested()) {
                throw interrupted{"stopped while connecting to " + options.target.display()};
            }
            auto const left = std::chrono::duration_cast<microseconds>(end - real.steady());
            if (left.count() <= 0) {
                break;
            }
            if (wait_for(conn, state, left)) {
                state = wire::advance(conn);
            }
            if (auto now = wire::current_target(conn); now != target) {
                target = std::move(now);
                end = real.steady() + limit;
            }
        }
        if (state == wire::progress::done) {
            if (options.target.get("tcp_user_timeout").empty()) {
                wire::set_tcp_user_timeout(
                    conn, std::chrono::duration_cast<milliseconds>(options.tcp_user_timeout));
            }
            return {std::move(opened), {}, false};
        }
        if (state == wire::progress::failed) {
            return {nullptr, wire::failure_text(conn), false};
        }
        if (!drop_current_host(conn, parameters)) {
            return {nullptr,
                    fmt::format("no answer from {} within {} ms", describe(target),
                                limit / milliseconds{1}),
                    true};
        }
    }
}

// The first attempt that succeeds.
std::unique_ptr<opening> open_in_time(connect_options const &options, clock &time,
                                      random_source const &random)
{
    auto const limit = attempt_limit(options);
    auto const begun = time.steady();
    auto const elapsed = [&] {
        return std::chrono::duration_cast<microseconds>(time.steady() - begun);
    };
    auto const [shortest, longest] =
        options.patient
            ? std::pair{microseconds{std::chrono::seconds{5}},
                        microseconds{std::chrono::seconds{15}}}
            : std::pair{microseconds{milliseconds{100}}, microseconds{std::chrono::seconds{5}}};
    backoff pauses{shortest, longest, random};
    std::optional<microseconds> warned;
    for (int attempts = 1;; ++attempts) {
        if (options.stop.stop_requested()) {
            throw interrupted{"stopped while connecting to " + options.target.display()};
        }
        auto const left = options.deadline - elapsed();
        auto result =
            attempt(options, options.deadline.count() > 0 ? std::min(limit, left) : limit);
        if (result.opened) {
            return std::move(result.opened);
        }
        auto const why = diagnose(result.failure, result.timed_out);
        auto const message =
            fmt::format("cannot connect to {}: {}", options.target.display(), why.message);
        if (!why.may_pass || options.deadline.count() <= 0) {
            throw connect_error{message, why.hint, why.sqlstate};
        }
        auto const pause = options.patient && attempts == 1
                               ? microseconds{static_cast<long long>(500'000 + 8e6 * random())}
                               : pauses.next();
        if (elapsed() + pause >= options.deadline) {
            throw connect_error{attempts == 1
                                    ? message
                                    : fmt::format("{} (after {} attempts in {} s)", message,
                                                  attempts, elapsed() / std::chrono::seconds{1}),
                                why.hint, why.sqlstate};
        }
        if (!warned || elapsed() - *warned >= warn_every) {
            log::warning("{}; trying again", message);
            warned = elapsed();
        }
        if (!time.sleep(pause, options.stop)) {
            throw interrupted{"stopped while connecting to " + options.target.display()};
        }
    }
}

} // namespace

connect_options on_same_server(connect_options options, session const &reached)
{
    auto const address = reached.address();
    options.target.set("host", reached.host());
    options.target.set("port", reached.port());
    if (!address.empty()) {
        options.target.set("hostaddr", address);
    }
    return options;
}

session connect(connect_options const &options, clock &time, random_source const &random)
{
    auto const begun = time.steady();
    auto opened = adopt(open_in_time(options, time, random)->release());
    auto const elapsed = std::chrono::duration_cast<microseconds>(time.steady() - begun);
    log::debug("[{}] connected to {} port {} in {:.1f} ms", opened.backend_pid(), opened.host(),
               opened.port(), static_cast<double>(elapsed.count()) / 1e3);
    return opened;
}

std::vector<rows> ask_console(connect_options const &options,
                              std::vector<std::string> const &commands, clock &time,
                              random_source const &random)
{
    auto const opened = open_in_time(options, time, random);
    interrupter::client interrupts{opened->get()};
    std::vector<rows> out;
    for (auto const &each : commands) {
        interrupts.start(options.attempt_timeout, options.stop, microseconds{0});
        auto answer = wire::execute(opened->get(), each);
        auto const verdict = interrupts.finish();
        if (verdict.why == interrupter::reason::stop) {
            throw interrupted{"stopped while asking the console", each};
        }
        if (verdict.why == interrupter::reason::timeout) {
            throw timed_out{each + " was not answered in time", {}, each};
        }
        if (!answer.failure.empty() || answer.results.empty()) {
            auto const message = parse_message(answer.failure);
            throw error{each + ": " + error_text(message), message.hint, message.sqlstate, each};
        }
        out.push_back(std::move(answer.results.back()));
    }
    return out;
}

commit_outcome commit_status(connect_options const &options, std::string const &transaction_id,
                             clock &time, random_source const &random)
{
    if (transaction_id.empty()) {
        return commit_outcome::unknown;
    }
    auto const begun = time.steady();
    auto const left = [&] {
        return options.deadline - std::chrono::duration_cast<microseconds>(time.steady() - begun);
    };
    backoff pauses{milliseconds{50}, std::chrono::seconds{1}, random};
    std::optional<session> asked;
    for (;;) {
        std::string status = "in progress";
        try {
            if (!asked) {
                auto remaining = options;
                remaining.deadline = std::max(left(), microseconds{0});
                asked.emplace(connect(remaining, time, random));
            }
            status = asked
                         ->run("SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)",
                               {transaction_id}, {options.attempt_timeout, options.stop})
                         .text(0, 0);
        } catch (connection_lost const &) {
            asked.reset(); // asks again on a new one
        } catch (connect_error const &) {
            throw;
        } catch (interrupted const &) {
            throw;
        } catch (error const &) { // one that the server never gave: "... is in the future"
            return commit_outcome::unknown;
        }
        if (status == "committed") {
            return commit_outcome::committed;
        }
        if (status == "aborted") {
            return commit_outcome::aborted;
        }
        auto const pause = pauses.next();
        if (status != "in progress" || pause >= left()) {
            return commit_outcome::unknown;
        }
        if (!time.sleep(pause, options.stop)) {
            throw interrupted{"stopped while asking what became of transaction " + transaction_id};
        }
    }
}

} // namespace pgtend::pg
