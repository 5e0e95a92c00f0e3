// SPDX-License-Identifier: Apache-2.0
// Connections by libcurl, which is loaded when the first is made: linked, it would cost every start
// of the program a third more. Names are resolved, hosts connected to and certificates verified
// under a deadline; nothing outlives it, and no proxy, .netrc or redirect leads elsewhere.
#pragma once
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/url.hpp"

namespace pgtend::net {

// When everything has to be over, and who may end it before.
struct limit {
    clock::monotonic until;
    std::stop_token stop = {};

    static limit of(microseconds from_now, std::stop_token stop = {});
    microseconds left() const; // not below 0
};

// What the network, the other side or its certificate refused; the message names the host.
class failure : public error {
  public:
    using error::error;
};

// libcurl.so.4 is not installed.
class library_missing : public error {
  public:
    library_missing();
};

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_request {
    url to; // http or https; user and password are sent as basic authentication
    std::string method = "GET";
    header_list headers = {};
    std::string body = {};
    std::string ca_file = {};           // empty: those of the system
    std::size_t most_bytes = 1'000'000; // of the body that is kept; more ends the transfer
    bool keep_alive = false;            // a connection that is open is used again
};

struct http_answer {
    int status = 0;
    header_list headers = {}; // names in lower case, in the order they came
    std::string body = {};
    bool cut = false;    // there was more of it
    microseconds time{}; // from the beginning of the connection to the last byte
    // The earliest end of the certificates that the server sent; nothing on a connection used
    // again.
    std::optional<instant> certificate_end = {};
    std::string redirect = {}; // where a status of 3xx leads, absolute; empty: nowhere

    std::string const *header(std::string_view name) const; // the first of that name
    // All of that name as one, with commas between (RFC 9110, 5.3); nothing when there is none.
    std::optional<std::string> joined(std::string_view name) const;
};

// One at a time, each sent once. Throws failure, interrupted, library_missing.
class http_client {
  public:
    http_client();
    ~http_client();
    http_client(http_client const &) = delete;
    http_client &operator=(http_client const &) = delete;

    http_answer send(http_request const &request, limit const &l);

    struct impl;

  private:
    std::unique_ptr<impl> impl_;
};

// A connection of bytes, verified as that of HTTPS is when it is a TLS one.
class stream {
  public:
    struct address {
        std::string host; // of IPv6 in brackets
        int port = 0;
        bool tls = false;
        std::string ca_file = {}; // empty: those of the system
    };

    // Throws failure, interrupted, library_missing, as all below.
    stream(address const &to, limit const &l);
    ~stream();
    stream(stream const &) = delete;
    stream &operator=(stream const &) = delete;

    void send(std::string_view bytes, limit const &l);
    // What has come, at least one byte.
    std::string receive(limit const &l);

    microseconds time_to_connect() const noexcept; // TLS included
    std::optional<instant> certificate_end() const noexcept;

    struct impl;

  private:
    std::unique_ptr<impl> impl_;
};

} // namespace pgtend::net
