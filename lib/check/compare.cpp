// SPDX-License-Identifier: Apache-2.0
#include "check/compare.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"

namespace pgtend::check {
namespace {

using counts = std::map<model::finding_key, int>;

counts counted(model::baseline const &before)
{
    counts out;
    for (auto const &each : before.entries) {
        out[each.key] += each.count;
    }
    return out;
}

// True: it was there before, and is counted as seen.
bool seen_before(counts &left, model::finding_key const &key)
{
    auto const found = left.find(key);
    if (found == left.end() || found->second == 0) {
        return false;
    }
    --found->second;
    return true;
}

std::vector<model::finding_key> gone(counts const &left, std::vector<outcome> const &outcomes)
{
    std::vector<model::finding_key> out;
    for (auto const &entry : left) {
        // No structured binding: clang 14 captures none.
        auto const &key = entry.first;
        auto const count = entry.second;
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
    for (auto const &one : outcomes) {
        for (auto const &each : one.findings) {
            ++all[key_of(*one.of, each)];
        }
    }
    for (auto const &each : waivers.faults) {
        ++all[key_of(waiver_rule(), each)];
    }
    model::baseline out;
    for (auto const &[key, count] : all) {
        out.entries.push_back({key, count});
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
            if (seen_before(left, key_of(of, each))) {
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
            each.fresh = !seen_before(left, key_of(of, each));
            if (!each.fresh) {
                out.unchanged.push_back({each, &of});
            }
        }
    });
    out.gone = gone(left, outcomes);
    return out;
}

} // namespace pgtend::check
