// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/error.hpp"
#include "pg/connect.hpp"
#include "pg/wire.hpp"

namespace pgtend::pg {
namespace {

constexpr char const *encode_hint = "In a URI write special characters of a user name or password "
                                    "as %40 (@), %2F (/), %3A (:), %23 (#), %3F (?), %25 (%).";

constexpr char const *wrong_port = "the port of the connection is not a number";

bool is_uri(std::string_view text)
{
    return text.substr(0, 11) == "postgres://" || text.substr(0, 13) == "postgresql://";
}

// A password with an unencoded '/' or '@' ends up in host, port or database, and from there in
// messages: nothing but user and password may stand before the last '@' (one in the query after '?'
// is harmless: libpq knows the keywords there).
bool password_spilled(std::string_view text)
{
    if (!is_uri(text)) {
        return false;
    }
    auto const rest = text.substr(text.find("://") + 3);
    auto const location = rest.substr(0, rest.find('?'));
    auto const last = location.rfind('@');
    return last != std::string_view::npos && location.find_first_of("@/") != last;
}

bool valid_ports(std::string_view list)
{
    while (!list.empty()) {
        auto const comma = list.find(',');
        auto const port = list.substr(0, comma);
        if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) {
            return false;
        }
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return true;
}

} // namespace

conninfo::conninfo(std::string_view text)
{
    if (text.find('\0') != std::string_view::npos) {
        throw usage_error{"the connection string holds a NUL byte"};
    }
    auto parsed = wire::parse_conninfo(std::string{text});
    if (!parsed) {
        throw usage_error{
            "the connection string cannot be parsed (it is not repeated here, as it may hold a "
            "password)",
            is_uri(text)
                ? encode_hint
                : "Write 'host=... port=... dbname=... user=...', values with blanks in single "
                  "quotes, or a URI 'postgresql://user@host:port/database'."};
    }
    if (password_spilled(text)) {
        throw usage_error{"the URI of the connection has an unencoded special character in its "
                          "user name or password",
                          encode_hint};
    }
    values_ = std::move(*parsed);
    if (is_uri(text) && !valid_ports(get("port"))) {
        throw usage_error{wrong_port, encode_hint};
    }
    check_port();
}

void conninfo::check_port() const
{
    if (!valid_ports(get("port"))) {
        throw usage_error{wrong_port, "Write port=5432, or a list for several hosts."};
    }
}

conninfo conninfo::of_database(std::string_view text)
{
    if (text.empty() || is_uri(text) ||
        text.find_first_of(std::string_view{"=\0", 2}) != text.npos) {
        return conninfo{text};
    }
    conninfo out;
    out.set("dbname", std::string{text});
    return out;
}

void conninfo::set(std::string const &keyword, std::string const &value)
{
    for (auto &[name, old] : values_) {
        if (name == keyword) {
            old = value;
            return;
        }
    }
    values_.emplace_back(keyword, value);
}

std::string conninfo::get(std::string_view keyword) const
{
    for (auto const &[name, value] : values_) {
        if (name == keyword) {
            return value;
        }
    }
    return {};
}

std::string conninfo::display() const
{
    // A list of what may be shown: a keyword that a later libpq adds may be a secret.
    constexpr std::array<char const *, 7> shown{
        "service", "host", "hostaddr", "port", "dbname", "user", "target_session_attrs"};
    std::string out;
    for (auto const *keyword : shown) {
        auto const value = get(keyword);
        if (!value.empty()) {
            out += (out.empty() ? "" : " ") + std::string{keyword} + "=" + value;
        }
    }
    return out.empty() ? "the default connection" : out;
}

} // namespace pgtend::pg
