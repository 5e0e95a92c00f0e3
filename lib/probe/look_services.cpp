// SPDX-License-Identifier: Apache-2.0
// PgBouncer's admin console, and Prometheus.
#include <fmt/format.h>

#include "pg/console.hpp"
#include "probe/asking.hpp"

namespace pgtend::probe {
namespace {

constexpr std::size_t most_answer = 10'000'000;

// RFC 3986, 2.3
std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view{"-._~"}.find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace

verdict look(model::pgbouncer_probe const &of, asking const &with)
{
    verdict out;
    try {
        pg::connect_options options;
        options.target = pg::conninfo{with.text(of.dsn, text_kind::conninfo)};
        options.attempt_timeout = with.timeout / 4; // to connect, and for each command
        options.deadline = microseconds{0};
        options.application_name = "pgtend/check";
        options.stop = with.limit.stop;
        auto all = pg::ask_console(options, {"SHOW CONFIG", "SHOW DATABASES", "SHOW POOLS"},
                                   with.around.time, with.around.random);
        pgbouncer_seen seen{.config = std::move(all[0]),
                            .databases = std::move(all[1]),
                            .pools = std::move(all[2])};
        if (with.around.server_connections) {
            seen.server_connections = with.around.server_connections();
        }
        return judge(of, seen);
    } catch (interrupted const &) {
        throw;
    } catch (connect_error const &e) {
        out.wrong(e.message());
    } catch (connection_lost const &e) {
        out.wrong(e.message());
    } catch (timed_out const &) {
        out.wrong("it did not answer in time");
    }
    return out;
}

verdict look(model::prometheus_probe const &of, asking const &with)
{
    net::http_request request{.to = with.address(of.url, of.as),
                              .headers = with.headers(of.headers),
                              .ca_file = of.ca_file,
                              .most_bytes = most_answer};
    auto &path = request.to.path;
    path.erase(std::min(path.find('?'), path.size()));
    path += std::string{path.ends_with('/') ? "" : "/"} +
            "api/v1/query?query=" + percent_encoded(of.query);
    net::http_client client;
    return judge(of, client.send(request, with.limit));
}

} // namespace pgtend::probe
