// SPDX-License-Identifier: Apache-2.0
#include "check/compare.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace pgtend::check {
namespace {

struct known {
    int count = 0;
    severity worst = severity::info;
};
using counts = std::map<model::finding_key, known>;

severity severity_of(std::string_view text)
{
    return text == name(severity::info)      ? severity::info
           : text == name(severity::warning) ? severity::warning
                                             : severity::error; // also when it is not told
}

counts counted(model::baseline const &before)
{
    counts out;
    for (auto const &each : before.entries) {
        auto &one = out[each.key];
        one.count += each.count;
        one.worst = std::max(one.worst, severity_of(each.severity));
    }
    return out;
}

// True: it was there before, no less bad than now, and is counted as seen. What is worse now is
// new, and the old one is not gone.
bool seen_before(counts &left, rule const &of, finding const &what)
{
    auto const found = left.find(key_of(of, what));
    if (found == left.end() || found->second.count == 0) {
        return false;
    }
    --found->second.count;
    return what.severity <= found->second.worst;
}

std::vector<model::finding_key> gone(counts const &left, std::vector<outcome> const &outcomes)
{
    std::vector<model::finding_key> out;
    for (auto const &entry : left) {
        // No structured binding: clang 14 captures none.
        auto const &key = entry.first;
        auto const count = entry.second.count;
        bool const looked = key.check == waiver_rule().id ||
                            std::any_of(outcomes.begin(), outcomes.end(), [&](auto const &each) {
                                return each.of->id == key.check && each.unseen.empty();
                            });
        for (int i = 0; looked && i < count; ++i) {
            out.push_back(key);
        }
    }
    return out;
}

// Calls what(rule, findings) for those of every check, then for the faults of the waivers.
template <class What>
void for_each(std::vector<outcome> &outcomes, waiving &waivers, What const &what)
{
    for (auto &each : outcomes) {
        what(*each.of, each.findings);
    }
    what(waiver_rule(), waivers.faults);
}

} // namespace

model::finding_key key_of(rule const &of, finding const &what)
{
    return of.id == waiver_rule().id
               ? model::finding_key{std::string{of.id}, printable(what.message)}
               : model::finding_key{std::string{of.id}, printable(what.object),
                                    printable(what.detail)};
}

model::baseline baseline_of(std::vector<outcome> const &outcomes, waiving const &waivers)
{
    counts all;
    auto const add = [&](rule const &of, finding const &what) {
        auto &one = all[key_of(of, what)];
        ++one.count;
        one.worst = std::max(one.worst, what.severity);
    };
    for (auto const &one : outcomes) {
        for (auto const &each : one.findings) {
            add(*one.of, each);
        }
    }
    for (auto const &each : waivers.faults) {
        add(waiver_rule(), each);
    }
    model::baseline out;
    for (auto const &[key, found] : all) {
        out.entries.push_back({key, found.count, std::string{name(found.worst)}});
    }
    return out;
}

comparison take_known(std::vector<outcome> &outcomes, waiving &waivers,
                      model::baseline const &before)
{
    comparison out;
    auto left = counted(before);
    for_each(outcomes, waivers, [&](rule const &of, std::vector<finding> &findings) {
        std::vector<finding> fresh;
        for (auto &each : findings) {
            if (seen_before(left, of, each)) {
                out.unchanged.push_back({std::move(each), &of});
            } else {
                fresh.push_back(std::move(each));
            }
        }
        findings = std::move(fresh);
    });
    out.gone = gone(left, outcomes);
    return out;
}

comparison mark_new(std::vector<outcome> &outcomes, waiving &waivers, model::baseline const &before)
{
    comparison out;
    auto left = counted(before);
    for_each(outcomes, waivers, [&](rule const &of, std::vector<finding> &findings) {
        for (auto &each : findings) {
            each.fresh = !seen_before(left, of, each);
            if (!each.fresh) {
                out.unchanged.push_back({each, &of});
            }
        }
    });
    out.gone = gone(left, outcomes);
    return out;
}

} // namespace pgtend::check
