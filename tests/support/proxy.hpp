// SPDX-License-Identifier: Apache-2.0
// Stands between a client and the test server and makes the network fail, as told.
#pragma once
#include <atomic>
#include <chrono>
#include <map>
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

    // Which sessions: an application_name, or the beginning of one and `*`. A request to cancel has
    // none.
    enum class way { to_server, to_client, both };

    // What these sessions say vanishes from now on; they stay open, and look alive to TCP: a
    // middlebox that has forgotten them.
    void swallow(way which = way::both, std::string sessions = "*");
    // The other end of these sessions is gone without a word: what they send is not even
    // acknowledged, and nothing comes back. The server still believes in them.
    void unplug(std::string sessions);
    // The same of all, and nobody can connect any more.
    void unplug_all();
    // Whatever comes is forwarded so much later, in either direction.
    void delay(std::chrono::milliseconds by) noexcept { delay_ms_ = static_cast<int>(by.count()); }
    // Connections made from now on are accepted and never answered: a server that hangs.
    void ignore_new() noexcept { ignore_new_ = true; }
    // A client's message that has this text, in a transaction whose first message has `within`.
    struct loss {
        std::string text, sessions = "*", within = "";
        int times = 1'000'000;
    };
    // As soon as one of these sessions sends it: forwarded, but the answer is swallowed, and the
    // client's connection closed when it has come.
    void lose_answer_to(loss what);
    // It does not arrive, and the connection is closed at both ends.
    void lose(loss what);
    // From now on the server says to each new session that it is this major version, of two digits.
    void claim_version(int major) noexcept { claimed_version_ = major; }
    // Closes all connections at both ends; none brings word of the end of another.
    void cut() noexcept { cut_until_ = connections_.load(); }
    // How often clients have sent something since the start: round trips, but for those of opening
    // a connection.
    int messages() const noexcept { return messages_; }
    // How many connections were made.
    int connections() const noexcept { return connections_; }

  private:
    void accept_loop(std::stop_token const &stop);
    void forward(int client, int number, std::stop_token const &stop);
    struct fate {
        bool unplugged = false, silent_to_server = false, silent_to_client = false;
    };
    fate fate_of(std::string const &application, int number) const;

    int listener_ = -1;
    int port_ = 0;
    std::string directory_, server_port_;
    std::atomic<bool> ignore_new_{false};
    std::atomic<int> connections_{0}, cut_until_{0}, messages_{0}, delay_ms_{0},
        claimed_version_{0};
    mutable std::mutex mutex_; // of what is below
    static bool meets(std::vector<loss> &losses, std::string_view message,
                      std::string const &application, std::string const &begun);
    std::vector<loss> lost_, unanswered_;
    std::string unplugged_;
    std::map<std::string, way> swallowed_; // by which sessions
    int unplugged_until_ = 0;              // connections numbered so far
    std::vector<std::jthread> threads_;
    std::jthread acceptor_;
};

} // namespace pgtend::test
