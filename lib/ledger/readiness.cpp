// SPDX-License-Identifier: Apache-2.0
// What jobs of the kind check found.
#include <algorithm>

#include "base/text.hpp"
#include "ledger/call.hpp"
#include "ledger/ledger.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

constexpr std::size_t most_findings = 5'000, longest_text = 1'000;

// What the server can store: UTF-8 without NUL, which a message may repeat of anything.
std::string storable_text(std::string const &text)
{
    auto out = head_and_tail(text, longest_text);
    return valid_utf8(out) && out.find('\0') == std::string::npos ? out : printable(out);
}

} // namespace

std::optional<kept_check> ledger::last_check(std::string const &profile)
{
    auto const found = ask(sql::ledger_last_readiness, {profile});
    if (found.empty()) {
        return std::nullopt;
    }
    kept_check out{.job = found.text(0, "job"),
                   .profile = profile,
                   .taken = to_instant(found, 0, "taken"),
                   .errors = static_cast<int>(found.integer(0, "errors")),
                   .warnings = static_cast<int>(found.integer(0, "warnings")),
                   .infos = static_cast<int>(found.integer(0, "infos")),
                   .skipped = static_cast<int>(found.integer(0, "skipped"))};
    auto const rule = found.column("rule");
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.at(i, rule)) {
            out.findings.push_back({.check = found.text(i, "rule"),
                                    .severity = found.text(i, "severity"),
                                    .object = found.text(i, "object"),
                                    .detail = found.text(i, "detail"),
                                    .message = found.text(i, "message")});
        }
    }
    return out;
}

keep_readiness keep_statement(kept_check const &found)
{
    std::vector<param> checks, severities, objects, details, messages;
    auto const count = std::min(found.findings.size(), most_findings);
    for (std::size_t i = 0; i < count; ++i) {
        auto const &each = found.findings[i];
        checks.emplace_back(each.check);
        severities.emplace_back(each.severity);
        objects.emplace_back(storable_text(each.object));
        details.emplace_back(storable_text(each.detail));
        messages.emplace_back(storable_text(each.message));
    }
    return {.sql = std::string{sql::ledger_keep_readiness},
            .parameters = {found.job, found.profile, std::to_string(found.errors),
                           std::to_string(found.warnings), std::to_string(found.infos),
                           std::to_string(found.skipped), array_literal(checks),
                           array_literal(severities), array_literal(objects),
                           array_literal(details), array_literal(messages)}};
}

} // namespace pgtend::ledger
