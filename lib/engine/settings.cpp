// SPDX-License-Identifier: Apache-2.0
#include "engine/settings.hpp"

#include <utility>
#include <vector>

#include "plan/script.hpp"

namespace pgtend::engine {
namespace {

// A transaction that idles longer than the lease lives would hold the fence for a dead client.
constexpr auto idle_limit = "30s";
// How soon a backend notices that its client was killed; 0 outside a transaction, because a DETACH
// CONCURRENTLY that ends half way leaves a pending detach.
constexpr auto connection_check = "1s";

using setting = std::pair<std::string, std::string>;

std::string in_milliseconds(microseconds time)
{
    return std::to_string(std::chrono::ceil<milliseconds>(time).count()) + "ms";
}

std::vector<setting> settings_of(work_settings const &settings, transaction_options const &options,
                                 bool in_transaction)
{
    std::vector<setting> out{
        {"TimeZone", settings.time_zone},
        {"row_security", settings.row_security ? "on" : "off"},
        {"DateStyle", "ISO"},
        {"IntervalStyle", "postgres"},
        {"standard_conforming_strings", "on"},
        {"client_min_messages", "notice"},
        {"default_transaction_read_only", "off"},
        {"idle_in_transaction_session_timeout", idle_limit},
    };
    if (options.server_version >= 170000) {
        out.emplace_back("transaction_timeout", "0");
    }
    if (settings.search_path) {
        out.emplace_back("search_path", *settings.search_path);
    }
    out.emplace_back("client_connection_check_interval", in_transaction ? connection_check : "0");
    if (!settings.role.empty()) {
        out.emplace_back("role", settings.role);
    }
    return out;
}

// First and by themselves: what role or database say could end the rest of the message, which may
// wait for the fence.
std::vector<setting> timeouts_of(transaction_options const &options)
{
    return {{"statement_timeout", in_milliseconds(options.statement_timeout)},
            {"lock_timeout", in_milliseconds(options.lock_timeout)}};
}

std::string set_commands(std::vector<setting> const &all, std::string const &command)
{
    std::string out;
    for (auto const &[name, value] : all) {
        out += command + name + " = " + plan::quote_literal(value) + "; ";
    }
    return out;
}

std::string set_config_calls(std::vector<setting> const &all, bool in_transaction)
{
    std::string out;
    for (auto const &[name, value] : all) {
        auto const call = "pg_catalog.set_config('" + name + "', " + plan::quote_literal(value) +
                          (in_transaction ? ", true)" : ", false)");
        out += ", ";
        // Only Linux notices a closed socket; elsewhere the server refuses the value.
        out += name == "client_connection_check_interval"
                   ? "CASE WHEN pg_catalog.version() OPERATOR(pg_catalog.~~) '%linux%' THEN " +
                         call + " END"
                   : call;
    }
    return out;
}

} // namespace

std::string opening_text(work_settings const &settings, fence const &guard,
                         transaction_options const &options)
{
    std::string out = "BEGIN ISOLATION LEVEL READ COMMITTED ";
    out += options.read_only ? "READ ONLY; " : "READ WRITE; ";
    out += set_commands(timeouts_of(options), "SET LOCAL ");
    std::string from;
    if (!options.read_only) {
        for (std::size_t i = 0; i < guard.opening.size(); ++i) {
            auto const name = "fence_" + std::to_string(i);
            out += (i == 0 ? "WITH " : ", ") + name + " AS MATERIALIZED (" +
                   plan::inlined(guard.opening[i]) + "\n) ";
            from += (i == 0 ? " FROM " : ", ") + name;
        }
    }
    out += "SELECT ";
    out += options.note_transaction_id ? "pg_catalog.pg_current_xact_id()" : "''";
    return out + set_config_calls(settings_of(settings, options, true), true) + from;
}

std::string session_settings_text(work_settings const &settings, transaction_options const &options)
{
    return set_commands(timeouts_of(options), "SET ") +
           "SELECT pg_catalog.current_setting('lc_messages')" +
           set_config_calls(settings_of(settings, options, false), false);
}

std::string session_reset_text(work_settings const &settings, transaction_options const &options)
{
    std::string out;
    // The role first: what it may not reset, the login may.
    auto all = settings_of(settings, options, false);
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        out += "RESET " + it->first + "; ";
    }
    for (auto const &[name, value] : timeouts_of(options)) {
        out += "RESET " + name + "; ";
    }
    return out;
}

std::string settings_script(work_settings const &settings, transaction_options const &options)
{
    std::string out;
    auto all = timeouts_of(options);
    for (auto const &one : settings_of(settings, options, false)) {
        all.push_back(one);
    }
    for (auto const &[name, value] : all) {
        if (name == "client_connection_check_interval") {
            continue; // for a client that may be killed; not every server takes it
        }
        if (name == "search_path") {
            // SET would take the list for one name.
            out += "SELECT pg_catalog.set_config('search_path', " + plan::quote_literal(value) +
                   ", false);\n";
        } else if (name == "role") {
            out += "SET ROLE " + plan::quote_ident(value) + ";\n";
        } else {
            out += "SET " + name + " = " + plan::quote_literal(value) + ";\n";
        }
    }
    return out;
}

std::string lock_timeout_script(microseconds longest, bool of_transaction)
{
    return std::string{of_transaction ? "SET LOCAL" : "SET"} + " lock_timeout = '" +
           in_milliseconds(longest) + "';\n";
}

} // namespace pgtend::engine
