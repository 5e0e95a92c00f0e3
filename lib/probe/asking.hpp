// SPDX-License-Identifier: Apache-2.0
// What all kinds have while they look.
#pragma once
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/url.hpp"
#include "net/curl.hpp"
#include "probe/judge.hpp"
#include "probe/run.hpp"

namespace pgtend::probe {

// This side lacks something: what() says what.
class needs : public error {
  public:
    using error::error;
};

struct asking {
    surroundings const &around;
    net::limit limit;
    microseconds timeout{};

    // All throw needs.
    std::string text(std::string const &written, text_kind kind = text_kind::plain) const;
    // With the user and password of `as`, which are stronger than the address's own.
    url address(std::string const &written, model::credentials const &as) const;
    net::header_list headers(model::header_texts const &written) const;
};

verdict look(model::http_probe const &of, asking const &with);
verdict look(model::connect_probe const &of, asking const &with);
verdict look(model::redis_probe const &of, asking const &with);
verdict look(model::rate_limit_probe const &of, asking const &with);
verdict look(model::k6_probe const &of, asking const &with);
verdict look(model::pgbench_probe const &of, asking const &with);
verdict look(model::log_probe const &of, asking const &with);
verdict look(model::pgbouncer_probe const &of, asking const &with);
verdict look(model::prometheus_probe const &of, asking const &with);

} // namespace pgtend::probe
