// SPDX-License-Identifier: Apache-2.0
#include "tools/policy_options.hpp"

#include "model/partition_name.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {

void declare(options &o, policy_options &into)
{
    o.text("--key", into.key, "COLUMN",
           "partition column; with it the file's policies are not used");
    o.choice("--every", into.every, {"hour", "day", "week", "month", "quarter", "year"},
             "interval of a partition");
    o.text("--from", into.from, "DATE",
           "first partition: 2025-01 or 2025-01-15 (default: that of now)");
    o.number("--premake", into.premake, "N", "partitions beyond that of now", 0, 1000);
    o.text("--name", into.name, "PATTERN", "name of a partition, such as {table}_{yyyy}_{mm}");
    o.text("--bounds-timezone", into.zone, "ZONE", "time zone of the bounds");
    o.flag("--grants", into.grants,
           "partitions have the parent's grants (access through the parent needs none)");
    o.needs("--every", "--key");
    o.needs("--key", "--every");
    o.needs("--from", "--key");
    o.needs("--name", "--key");
}

model::partition_policy policy_of(std::string const &table, policy_options const &a)
{
    model::partition_policy out;
    out.table = parse_qualified_name(table);
    out.key = parse_identifier(a.key);
    out.every = model::parse_step(a.every);
    out.name_pattern = a.name;
    if (!a.name.empty()) {
        model::check_pattern(a.name, out.every);
    }
    if (!a.from.empty()) {
        out.from = model::parse_date(a.from);
    }
    out.premake = static_cast<int>(a.premake);
    out.time_zone = zone::load(a.zone).name();
    out.grants = a.grants;
    out.at = {.file = "command line"};
    return out;
}

} // namespace pgtend::tools
