// SPDX-License-Identifier: Apache-2.0
#include "tools/probing.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/file.hpp"
#include "config/secret.hpp"
#include "probe/run.hpp"

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
std::optional<long long> server_connections(context::control &control, pg::limits const &limit)
{
    try {
        return control.session
            .run("SELECT pg_catalog.current_setting('max_connections')", {}, limit)
            .integer(0, 0);
    } catch (connection_lost const &) {
        return std::nullopt;
    }
}

} // namespace

void add_probing(check::sources &to, context &c, context::control &control, pg::limits const &limit)
{
    if (!c.has_configuration()) {
        return;
    }
    auto const &file = c.configuration();
    to.probes = file.probes;
    to.objectives = file.objectives;
    to.run_probe = [&c, &control, limit](model::probe const &of) {
        return probe::run(
            of, {.expand = [&c](auto const &text, auto kind) { return expanded(c, text, kind); },
                 .secret_in = secret_in,
                 .server_connections = [&] { return server_connections(control, limit); },
                 .time = c.outside.time,
                 .random = c.outside.random,
                 .stop = c.outside.stop});
    };
}

} // namespace pgtend::tools
