// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include "base/text.hpp"

namespace pgtend {
namespace {

std::string summary(std::vector<diagnostic> const &all)
{
    std::string out;
    for (auto const &d : all) {
        if (!out.empty()) {
            out += '\n';
        }
        out += to_string(d.at) + ": " + d.message;
        if (!d.hint.empty()) {
            out += " (HINT: " + d.hint + ")";
        }
    }
    return out;
}

} // namespace

std::string to_string(source_position const &at)
{
    if (at.line == 0) {
        return at.file;
    }
    return at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

config_error::config_error(std::vector<diagnostic> diagnostics)
    : error{summary(diagnostics), {}, {}, {}, exit_code::usage}, diagnostics_{
                                                                     std::move(diagnostics)}
{
}

namespace {

// What a server or a file says may hold anything, also what turns a terminal upside down.
std::string printable_lines(std::string_view text)
{
    auto lines = split(text, '\n');
    for (auto &line : lines) {
        line = printable(line);
    }
    return join(lines, "\n");
}

template <class... Classes> bool is_any_of(error const &e) noexcept
{
    return ((dynamic_cast<Classes const *>(&e) != nullptr) || ...);
}

} // namespace

bool ends_work(error const &e) noexcept
{
    return is_any_of<connection_lost, outcome_unknown, lease_lost, interrupted, timed_out>(e);
}

std::string describe(error const &e)
{
    std::string out = printable_lines(e.what());
    if (!e.sqlstate().empty()) {
        out += " (SQLSTATE " + e.sqlstate() + ")";
    }
    if (!e.hint().empty()) {
        out += "\nHINT: " + printable_lines(e.hint());
    }
    return out;
}

} // namespace pgtend
