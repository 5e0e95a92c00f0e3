// SPDX-License-Identifier: Apache-2.0
// What stands around a database: an HTTP server, a Redis, certificates; on loopback alone.
#pragma once
#include <string>

#include "support/process.hpp"

namespace pgtend::test {

// As tests/support/certificates makes them, once for a process: the path of that file.
std::string certificate(std::string const &file);

// tests/support/web; with the name of a certificate it speaks TLS.
class web {
  public:
    explicit web(std::string const &certificate = "");
    ~web();
    web(web const &) = delete;
    web &operator=(web const &) = delete;

    int port() const noexcept { return port_; }
    std::string url(std::string const &path) const; // of host localhost
    // More paths, as tests/support/web has them.
    void plan(std::string const &json) const;
    // Requests of that path until now.
    int count(std::string const &path) const;

  private:
    scratch files_;
    bool tls_;
    int port_;
};

// tests/support/redis; with the name of a certificate it speaks TLS alone.
class redis_server {
  public:
    explicit redis_server(std::string const &certificate = "");
    ~redis_server();
    redis_server(redis_server const &) = delete;
    redis_server &operator=(redis_server const &) = delete;

    int port() const noexcept { return port_; }
    // redis://127.0.0.1:PORT, or rediss://.
    std::string url() const;
    std::string url(std::string const &user, std::string const &password) const;
    // Commands as admin, a line each; what redis-cli prints. Not over TLS.
    std::string ask(std::string const &commands) const;

  private:
    scratch files_;
    bool tls_;
    std::string directory_;
    int port_;
};

} // namespace pgtend::test
