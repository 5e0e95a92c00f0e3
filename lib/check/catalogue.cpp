// SPDX-License-Identifier: Apache-2.0
#include "check/areas.hpp"

namespace pgtend::check {

std::string_view name(severity s)
{
    switch (s) {
    case severity::info:
        return "info";
    case severity::warning:
        return "warning";
    case severity::error:
        break;
    }
    return "error";
}

std::string_view area(rule const &of)
{
    return of.id.substr(0, of.id.find('.'));
}

std::string_view query_for(rule const &of, int major)
{
    return major <= of.older_until ? of.older : of.query;
}

std::vector<threshold> thresholds(rule const &of)
{
    std::vector<threshold> out;
    for (auto const &each : {of.first, of.second}) {
        if (!each.key.empty()) {
            out.push_back(each);
        }
    }
    return out;
}

std::vector<rule> const &catalogue()
{
    static std::vector<rule> const all = [] {
        std::vector<rule> out;
        for (auto const rules :
             {declared_rules(), preflight_rules(), job_rules(), config_rules(), connection_rules(),
              partition_rules(), index_rules(), matview_rules(), table_rules(), vacuum_rules(),
              security_rules(), backup_rules(), capacity_rules(), performance_rules(),
              probe_rules(), attestation_rules(), objective_rules()}) {
            out.insert(out.end(), rules.begin(), rules.end());
        }
        return out;
    }();
    return all;
}

} // namespace pgtend::check
