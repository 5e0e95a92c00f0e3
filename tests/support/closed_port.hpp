// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgtend::test {

// A port of 127.0.0.1 on which nobody listens, and nobody else will.
class closed_port {
  public:
    closed_port() : descriptor_{socket(AF_INET, SOCK_STREAM, 0)}
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto *const address = reinterpret_cast<sockaddr *>(&at);
        REQUIRE(bind(descriptor_, address, size) == 0);
        REQUIRE(getsockname(descriptor_, address, &size) == 0);
        number_ = ntohs(at.sin_port);
    }
    ~closed_port() { close(descriptor_); }
    closed_port(closed_port const &) = delete;
    closed_port &operator=(closed_port const &) = delete;
    int number() const { return number_; }

  private:
    int descriptor_;
    int number_ = 0;
};

} // namespace pgtend::test
