// SPDX-License-Identifier: Apache-2.0
// Stands between a client and the test server and makes the network fail, as told.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgtend::test {

// Listens on 127.0.0.1 and forwards each connection to the test server's Unix socket, so that
// clients need no password.
class proxy {
  public:
    proxy();
    ~proxy();
    proxy(proxy const &) = delete;
    proxy &operator=(proxy const &) = delete;

    int port() const noexcept { return port_; }
    // Conninfo of the same role and database, through the proxy. No TLS: it looks into the
    // messages.
    std::string dsn(std::string const &database) const;

    // Bytes of all connections vanish in both directions from now on, connections stay open: a
    // half-open network.
    void swallow() noexcept { swallow_ = true; }
    // Connections made from now on are accepted and never answered: a server that hangs.
    void ignore_new() noexcept { ignore_new_ = true; }
    // As soon as a client sends this text: forwarded, but the answer is swallowed, and the client's
    // connection closed when it has come.
    void lose_answer_to(std::string text);
    // All connections are closed at both ends.
    void cut() noexcept { cut_ = true; }
    // How often clients have sent something since the start: round trips, but for those of opening
    // a connection.
    int messages() const noexcept { return messages_; }
    // How many connections were made.
    int connections() const noexcept { return connections_; }

  private:
    void accept_loop(std::stop_token const &stop);
    void forward(int client, std::stop_token const &stop);

    int listener_ = -1;
    int port_ = 0;
    std::string directory_, server_port_;
    std::atomic<bool> swallow_{false}, ignore_new_{false}, cut_{false};
    std::atomic<int> connections_{0}, messages_{0};
    std::mutex mutex_;
    std::string lose_answer_to_;
    std::vector<std::jthread> threads_;
    std::jthread acceptor_;
};

} // namespace pgtend::test
