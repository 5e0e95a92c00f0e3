// SPDX-License-Identifier: Apache-2.0
#include "support/proxy.hpp"

#include <array>
#include <cstring>
#include <fmt/core.h>
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

void proxy::lose_answer_to(std::string text)
{
    std::lock_guard const lock{mutex_};
    lose_answer_to_ = std::move(text);
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
            ++connections_;
            threads_.emplace_back(
                [this, client](std::stop_token const &end) { forward(client, end); });
        }
    }
}

void proxy::forward(int client, std::stop_token const &stop)
{
    int const server = ignore_new_ ? -1 : connect_unix(directory_ + "/.s.PGSQL." + server_port_);
    bool losing = false;
    std::array<char, 65536> buffer{};
    while (!stop.stop_requested() && !cut_) {
        std::array<pollfd, 2> waiting{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        if (server < 0) { // ignored: until the client gives up
            waiting[1].fd = -1;
        }
        if (::poll(waiting.data(), waiting.size(), slice_ms) <= 0) {
            continue;
        }
        bool open = true;
        for (int const from : {client, server}) {
            if (from < 0 || !readable(from)) {
                continue;
            }
            auto const got = ::recv(from, buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                open = swallow_ && from == server; // what the server does is not seen either
                if (!open) {
                    break;
                }
                continue;
            }
            auto const size = static_cast<std::size_t>(got);
            if (swallow_ || server < 0) {
                continue;
            }
            if (from == client) {
                ++messages_;
                std::lock_guard const lock{mutex_};
                losing = losing || (!lose_answer_to_.empty() &&
                                    std::string_view{buffer.data(), size}.find(lose_answer_to_) !=
                                        std::string_view::npos);
            } else if (losing) {
                open = false;
                break;
            }
            send_all(from == client ? server : client, buffer.data(), size);
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
