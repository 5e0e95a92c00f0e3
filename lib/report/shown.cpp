// SPDX-License-Identifier: Apache-2.0
#include "report/shown.hpp"

#include "base/duration.hpp"
#include "base/text.hpp"

namespace pgtend::report {
namespace {

struct as_text {
    std::string operator()(std::monostate) const { return "-"; }
    std::string operator()(std::string const &text) const { return printable(text); }
    std::string operator()(long long number) const { return thousands(number); }
    std::string operator()(double number) const
    {
        auto text = std::to_string(number);
        return text.substr(0, text.find('.') + 3);
    }
    std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
    std::string operator()(instant at) const { return to_rfc3339(std::chrono::floor<seconds>(at)); }
    std::string operator()(microseconds span) const { return humanize(span); }
};

} // namespace

std::string shown(cell const &c)
{
    return c.shown.empty() ? std::visit(as_text{}, c.data) : printable(c.shown);
}

} // namespace pgtend::report
