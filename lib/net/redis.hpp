// SPDX-License-Identifier: Apache-2.0
// A client of Redis: hiredis reads and writes its protocol, over a connection of ours, with TLS or
// without.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/curl.hpp"

namespace pgtend::net {

struct redis_reply {
    enum class type { text, integer, list, nil, failure };
    type is = type::nil;
    std::string text; // of a failure what the server says: "NOAUTH Authentication required."
    long long integer = 0;
    std::vector<redis_reply> items;

    bool failed() const { return is == type::failure; }
    std::string code() const; // "NOAUTH", of a failure; else empty
};

class redis {
  public:
    explicit redis(std::unique_ptr<stream> over);
    ~redis();
    redis(redis const &) = delete;
    redis &operator=(redis const &) = delete;

    // One command, its words as they are. Throws failure also for what is not Redis's protocol, and
    // for an answer of more than 1 MB; what the server refuses is a reply.
    redis_reply ask(std::vector<std::string> const &words, limit const &l);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace pgtend::net
