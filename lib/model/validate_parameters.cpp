// SPDX-License-Identifier: Apache-2.0
#include "model/validate_parameters.hpp"

#include <fmt/format.h>
#include <map>

namespace pgtend::model {
namespace {

using declared = std::map<std::pair<qualified_name, std::string>, source_position>;

void declare(declared &known, qualified_name const &table, std::string const &name,
             source_position const &at, std::vector<diagnostic> &out)
{
    auto const [first, fresh] = known.try_emplace({table, name}, at);
    if (!fresh) {
        auto const &where = first->second;
        auto const place =
            where.file == at.file ? fmt::format("line {}", where.line) : to_string(where);
        out.push_back({at, fmt::format("{} of {} is declared twice", name, display(table)),
                       fmt::format("the first is in {}; remove one of them", place)});
    }
}

} // namespace

void check_parameters_declared_once(configuration const &all, std::vector<diagnostic> &out)
{
    declared known;
    for (auto const &policy : all.partitions) {
        for (auto const &text : policy.storage_parameters) {
            declare(known, policy.table, text.substr(0, text.find('=')), policy.at, out);
        }
    }
    for (auto const &policy : all.autovacuum) {
        for (auto const &table : policy.tables) {
            for (auto const &each : policy.parameters) {
                declare(known, table, each.name, each.at, out);
            }
        }
    }
}

} // namespace pgtend::model
