// SPDX-License-Identifier: Apache-2.0
#include "check/evidence.hpp"

#include <algorithm>

#include "check/rule.hpp"

namespace pgtend::check {

namespace {

constexpr auto unused_after = std::chrono::hours{24 * 30};

} // namespace

template <class Value, class Load>
Value const &evidence::once(kept<Value> &what, std::string_view name, Load const &load)
{
    if (what.failed) {
        std::rethrow_exception(what.failed);
    }
    if (!what.value) {
        auto const begin = std::chrono::steady_clock::now();
        try {
            what.value = load();
        } catch (...) {
            what.failed = std::current_exception();
        }
        fetches_.push_back({name, std::chrono::duration_cast<microseconds>(
                                      std::chrono::steady_clock::now() - begin)});
        return once(what, name, load);
    }
    return *what.value;
}

index::examination const &evidence::indexes()
{
    return once(indexes_, "indexes", [&] {
        std::vector<catalog::lookup> asked;
        auto const all = catalog::load_index_overview(session_, {}, asked, limit_);
        return index::examine(all, now_, unused_after);
    });
}

std::vector<partition::table_status> const &evidence::partitions()
{
    if (!from_.partitions) {
        throw unseen{"partitioned tables"};
    }
    return once(partitions_, "partitions", from_.partitions);
}

std::vector<difference> evidence::differences(std::string_view section)
{
    if (!from_.differences) {
        throw unseen{"a configuration file (-c)"};
    }
    return from_.differences(section);
}

job_findings const &evidence::jobs()
{
    if (!from_.jobs) {
        throw unseen{"a configuration file (-c)"};
    }
    return once(jobs_, "jobs", from_.jobs);
}

job_facts const &evidence::records()
{
    if (!from_.records) {
        throw unseen{"the schedule and the ledger"};
    }
    return once(records_, "records", from_.records);
}

std::vector<stale_view> evidence::stale_views()
{
    if (!from_.stale_views) {
        throw unseen{"a configuration file (-c)"};
    }
    return from_.stale_views();
}

double evidence::limit_of(std::string_view id, std::string_view key) const
{
    for (auto const &each : set_) {
        if (each.id == id && each.key == key) {
            return each.value;
        }
    }
    for (auto const &rule : catalogue()) {
        if (rule.id != id) {
            continue;
        }
        for (auto const &each : thresholds(rule)) {
            if (each.key == key) {
                return each.value;
            }
        }
    }
    throw std::logic_error{"no threshold " + std::string{key} + " of " + std::string{id}};
}

probe::verdict const &evidence::of(model::probe const &one)
{
    auto const known = verdicts_.find(one.name);
    return known != verdicts_.end()
               ? known->second
               : verdicts_.emplace(one.name, from_.run_probe(one)).first->second;
}

std::vector<objective_result> const &evidence::objectives()
{
    if (objectives_.empty()) {
        for (auto const &each : from_.objectives) {
            auto const by = std::find_if(from_.probes.begin(), from_.probes.end(),
                                         [&](auto const &one) { return one.name == each.probe; });
            objectives_.push_back(weigh(each, *by, of(*by)));
        }
    }
    return objectives_;
}

objective_result weigh(model::objective const &of, model::probe const &by,
                       probe::verdict const &said)
{
    using relation = model::objective::relation;
    using status = objective_result::status;
    auto metric = *model::find_metric(by.kind, of.metric);
    metric.more_is_better = of.is == relation::at_least || of.is == relation::more;
    objective_result out{.of = &of, .unit = metric.unit, .actual = said.worst(metric), .why = {}};
    if (out.actual && !model::is_met(of, *out.actual)) {
        out.is = status::missed;
    } else if (out.actual && !said.partial) {
        out.is = status::met;
    } else {
        auto const absent = said.absent.find(of.metric);
        out.why = absent != said.absent.end() ? absent->second
                  : !said.unseen.empty()      ? said.unseen.front()
                  : !said.faults.empty()      ? said.faults.front().message
                                              : "it gives no such number";
    }
    return out;
}

} // namespace pgtend::check
