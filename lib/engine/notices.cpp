// SPDX-License-Identifier: Apache-2.0
#include "engine/notices.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace pgtend::engine {
namespace {

bool is_warning(pg::notice const &n)
{
    return n.sqlstate.starts_with("01") || n.severity == "WARNING";
}

// "skipping "x" --- only table or database owner can vacuum it" (up to 15), "permission denied to
// vacuum "x", skipping it", "skipping vacuum of "x" --- lock not available"
bool says_skipped(std::string const &message)
{
    auto const line = first_line(message);
    return line.starts_with("skipping ") || line.ends_with(", skipping it");
}

bool names_something_existing(std::string const &sqlstate)
{
    return sqlstate == "42P07" || sqlstate == "42710" || sqlstate == "42701" ||
           sqlstate == "42P06" || sqlstate == "42723";
}

} // namespace

std::optional<error> skipped_work(std::vector<pg::notice> const &said, plan::statement const &by,
                                  bool english)
{
    for (auto const &n : said) {
        auto const fail = [&](std::string hint) {
            return error{"the server said that work was not done: " + first_line(n.message),
                         std::move(hint), n.sqlstate, by.sql};
        };
        if (n.sqlstate == "42622") {
            return fail("PostgreSQL keeps 63 bytes of a name; choose a shorter one.");
        }
        if (names_something_existing(n.sqlstate)) {
            if (!by.may_skip) {
                return fail("Drop or rename what stands in the way.");
            }
            continue;
        }
        if (!is_warning(n)) {
            continue;
        }
        if (says_skipped(n.message) || (!english && !by.in_transaction)) {
            return fail("Run it as the owner of the table; from PostgreSQL 17 on GRANT MAINTAIN is "
                        "enough.");
        }
    }
    return {};
}

std::vector<std::string> warnings(std::vector<pg::notice> const &said)
{
    std::vector<std::string> out;
    for (auto const &n : said) {
        if (is_warning(n)) {
            out.push_back("server warning: " +
                          printable(head_and_tail(first_line(n.message), 500)));
        }
    }
    constexpr std::size_t at_each_end = 10;
    if (out.size() > 2 * at_each_end) {
        auto const left_out = out.size() - 2 * at_each_end;
        auto const begin = out.begin() + at_each_end;
        *begin = fmt::format("... at least {} more warnings left out ...", left_out);
        out.erase(begin + 1, out.end() - at_each_end);
    }
    return out;
}

void add_notes(std::vector<std::string> &notes, std::vector<std::string> const &more)
{
    constexpr std::size_t most = 200;
    for (auto const &line : more) {
        if (notes.size() <= most && std::find(notes.begin(), notes.end(), line) == notes.end()) {
            notes.push_back(notes.size() < most ? line : "... more was said, and is left out");
        }
    }
}

} // namespace pgtend::engine
