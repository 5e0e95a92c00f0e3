// SPDX-License-Identifier: Apache-2.0
#include "tools/probing.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/file.hpp"
#include "config/secret.hpp"
#include "probe/run.hpp"
#include "tools/preflight_views.hpp"

namespace pgtend::tools {
namespace {

std::string expanded(context const &c, std::string const &text, probe::text_kind kind)
{
    config::load_options const options{.environment = c.outside.environment};
    switch (kind) {
    case probe::text_kind::address:
        return config::expand_address(text, options);
    case probe::text_kind::conninfo:
        return config::expand_conninfo(text, options);
    case probe::text_kind::plain:
        break;
    }
    return config::expand(text, options);
}

std::string secret_in(std::string const &path)
{
    constexpr std::size_t longest = 4096;
    auto const file = config::read_file(path, longest, {});
    if (file.others_read() || file.others_write()) {
        throw error{fmt::format("group or others may read or write {} (mode {})", printable(path),
                                config::octal(file.mode)),
                    "chmod 600 " + path};
    }
    auto out = std::string{trim(first_line(file.bytes))};
    if (out.empty()) {
        throw error{printable(path) + " holds no password on its first line"};
    }
    return out;
}

// Nothing when the session is gone.
std::optional<long long> server_connections(jobs::readiness_request const &ask)
{
    try {
        return ask.session
            .run("SELECT pg_catalog.current_setting('max_connections')", {}, ask.limit)
            .integer(0, 0);
    } catch (connection_lost const &) {
        return std::nullopt;
    }
}

} // namespace

void add_further(check::sources &to, context const &c, jobs::readiness_request const &ask,
                 std::stop_token const &stop)
{
    if (ask.file == nullptr) {
        return;
    }
    to.jobs = [ask] {
        return job_findings_of(preflight::look(
            ask.session, *ask.file,
            {.now = ask.now, .transaction_pooler = ask.transaction_pooler, .limit = ask.limit}));
    };
    to.probes = ask.file->probes;
    to.objectives = ask.file->objectives;
    to.run_probe = [&c, ask, stop](model::probe const &of) {
        return probe::run(
            of, {.expand = [&c](auto const &text, auto kind) { return expanded(c, text, kind); },
                 .secret_in = secret_in,
                 .server_connections = [&] { return server_connections(ask); },
                 .time = c.outside.time,
                 .random = c.outside.random,
                 .stop = stop});
    };
}

} // namespace pgtend::tools
