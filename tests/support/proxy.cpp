// SPDX-License-Identifier: Apache-2.0
#include "support/proxy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/core.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.hpp"
#include "pg/connect.hpp"
#include "support/database.hpp"

namespace pgtend::test {
namespace {

constexpr int slice_ms = 20;

bool readable(int fd)
{
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
}

int connect_unix(std::string const &path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    int const fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

void send_all(int fd, char const *data, std::size_t size)
{
    while (size > 0) {
        auto const sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

// The kernel drops what arrives before TCP sees it: no acknowledgement, no answer to keepalives.
void turn_deaf(int fd)
{
    sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
    sock_fprog const program{1, &drop};
    if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        throw error{std::string{"the proxy cannot filter: "} + std::strerror(errno)};
    }
}

bool matches(std::string const &pattern, std::string const &application)
{
    return pattern.ends_with('*') ? application.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : !pattern.empty() && pattern == application;
}

// What the client calls itself in its first message; empty in a request to cancel.
std::string application_of(std::string_view startup)
{
    constexpr std::string_view key{"\0application_name\0", 18};
    auto const at = startup.find(key);
    return at == std::string_view::npos ? "" : std::string{startup.data() + at + key.size()};
}

// In what the server says of itself when a session begins.
void claim(std::string_view major, char *data, std::size_t size)
{
    constexpr std::string_view key{"server_version\0", 15};
    auto const at = std::string_view{data, size}.find(key);
    if (at != std::string_view::npos && at + key.size() + major.size() < size) {
        major.copy(data + at + key.size(), major.size());
    }
}

} // namespace

proxy::proxy()
{
    pg::conninfo const server{server_dsn()};
    directory_ = server.get("host");
    server_port_ = server.get("port");
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
        throw error{std::string{"the proxy cannot listen: "} + std::strerror(errno)};
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread{[this](std::stop_token const &stop) { accept_loop(stop); }};
}

proxy::~proxy()
{
    acceptor_ = {};
    threads_.clear();
    ::close(listener_);
}

std::string proxy::dsn(std::string const &database) const
{
    return fmt::format(
        "host=127.0.0.1 port={} user=postgres dbname={} sslmode=disable gssencmode=disable", port_,
        database);
}

void proxy::lose_answer_to(loss what)
{
    std::lock_guard const lock{mutex_};
    unanswered_.push_back(std::move(what));
}

void proxy::lose(loss what)
{
    std::lock_guard const lock{mutex_};
    lost_.push_back(std::move(what));
}

bool proxy::meets(std::vector<loss> &losses, std::string_view message,
                  std::string const &application, std::string const &begun)
{
    for (auto &each : losses) {
        if (each.times > 0 && message.find(each.text) != std::string_view::npos &&
            matches(each.sessions, application) && begun.find(each.within) != std::string::npos) {
            --each.times;
            return true;
        }
    }
    return false;
}

void proxy::swallow(way which, std::string sessions)
{
    std::lock_guard const lock{mutex_};
    swallowed_[std::move(sessions)] = which;
}

void proxy::unplug(std::string sessions)
{
    std::lock_guard const lock{mutex_};
    unplugged_ = std::move(sessions);
    unplugged_until_ = connections_;
}

void proxy::unplug_all()
{
    turn_deaf(listener_);
    unplug("*");
}

proxy::fate proxy::fate_of(std::string const &application, int number) const
{
    std::lock_guard const lock{mutex_};
    fate out{.unplugged = number <= unplugged_until_ && matches(unplugged_, application)};
    for (auto const &[sessions, which] : swallowed_) {
        bool const meant = matches(sessions, application);
        out.silent_to_server = out.silent_to_server || (meant && which != way::to_client);
        out.silent_to_client = out.silent_to_client || (meant && which != way::to_server);
    }
    return out;
}

void proxy::accept_loop(std::stop_token const &stop)
{
    while (!stop.stop_requested()) {
        pollfd waiting{listener_, POLLIN, 0};
        if (::poll(&waiting, 1, slice_ms) <= 0) {
            continue;
        }
        int const client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) {
            threads_.emplace_back(
                [this, client, number = ++connections_](std::stop_token const &end) {
                    forward(client, number, end);
                });
        }
    }
}

void proxy::forward(int client, int number, std::stop_token const &stop)
{
    int const server = ignore_new_ ? -1 : connect_unix(directory_ + "/.s.PGSQL." + server_port_);
    bool losing = false;
    bool deaf = false;
    std::string application, begun;
    std::array<char, 65536> buffer{};
    while (!stop.stop_requested() && number > cut_until_) {
        if (!deaf && fate_of(application, number).unplugged) {
            deaf = true;
            turn_deaf(client);
        }
        std::array<pollfd, 2> waiting{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        if (deaf) {
            waiting[0].fd = waiting[1].fd = -1;
        } // a server that is -1 was ignored: until the client gives up
        if (::poll(waiting.data(), waiting.size(), slice_ms) <= 0) {
            continue;
        }
        bool open = true;
        for (int const from : {client, server}) {
            if (from < 0 || !readable(from)) {
                continue;
            }
            auto const got = ::recv(from, buffer.data(), buffer.size(), 0);
            std::string_view const message{buffer.data(),
                                           static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
            if (from == client && application.empty()) {
                application = application_of(message);
            }
            if (number <= cut_until_) {
                open = false; // what is said because another connection was cut
                break;
            }
            auto const now = fate_of(application, number);
            if (got <= 0) {
                open = now.silent_to_client && from == server; // its end is not seen either
                if (!open) {
                    break;
                }
                continue;
            }
            if (server < 0 || now.unplugged ||
                (from == client ? now.silent_to_server : now.silent_to_client)) {
                continue;
            }
            if (from == client) {
                ++messages_;
                std::lock_guard const lock{mutex_};
                if (message.find("BEGIN") != std::string_view::npos) {
                    begun = message;
                }
                if (meets(lost_, message, application, begun)) {
                    open = false;
                    break;
                }
                losing = losing || meets(unanswered_, message, application, begun);
            } else if (losing) {
                open = false;
                break;
            }
            if (from == server && claimed_version_ > 0) {
                claim(std::to_string(claimed_version_), buffer.data(), message.size());
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{delay_ms_.load()});
            send_all(from == client ? server : client, message.data(), message.size());
        }
        if (!open) {
            break;
        }
    }
    ::close(client);
    if (server >= 0) {
        ::close(server);
    }
}

} // namespace pgtend::test
