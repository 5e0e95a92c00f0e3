// SPDX-License-Identifier: Apache-2.0
#include "jobs/declared.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "jobs/matviews.hpp"
#include "jobs/parameters.hpp"
#include "partition/protect.hpp"
#include "vacuum/declared.hpp"

namespace pgtend::jobs {
namespace {

// A name without schema stands for all of that name.
bool stands_for(qualified_name const &asked, qualified_name const &declared)
{
    return asked.name == declared.name && (asked.schema.empty() || asked.schema == declared.schema);
}

bool holds(std::span<qualified_name const> objects, qualified_name const &declared)
{
    return std::any_of(objects.begin(), objects.end(),
                       [&](auto const &asked) { return stands_for(asked, declared); });
}

constexpr section partitions{
    .name = "partitions",
    .objects =
        [](model::configuration const &all) {
            std::vector<qualified_name> out;
            for (auto const &policy : all.partitions) {
                out.push_back(policy.table);
            }
            return out;
        },
    .narrow =
        [](model::configuration &all, std::span<qualified_name const> objects) {
            std::erase_if(all.partitions,
                          [&](auto const &policy) { return !holds(objects, policy.table); });
        },
    .difference =
        [](model::configuration const &all, planning const &with) {
            if (all.partitions.empty()) {
                return plan::plan{};
            }
            auto around = with;
            around.partitions = all.partitions;
            model::action const what = model::partition_action{};
            auto out = kind_of(what).make(what, around);
            std::vector<qualified_name> tables;
            for (auto const &policy : all.partitions) {
                tables.push_back(policy.table);
            }
            out.append(partition::plan_protection(
                catalog::load_unprotected_partitions(with.session, tables, with.role, with.limit)));
            return out;
        },
};

constexpr section autovacuum{
    .name = "autovacuum",
    .objects =
        [](model::configuration const &all) { return vacuum::declared_tables(all.autovacuum); },
    .narrow =
        [](model::configuration &all, std::span<qualified_name const> objects) {
            for (auto &policy : all.autovacuum) {
                std::erase_if(policy.tables,
                              [&](auto const &declared) { return !holds(objects, declared); });
            }
        },
    .difference =
        [](model::configuration const &all, planning const &with) {
            auto chosen = vacuum::declared_tables(all.autovacuum);
            if (chosen.empty()) {
                return plan::plan{};
            }
            // All that is declared: a partition that is not chosen by itself keeps what is its own.
            return plan_declared_parameters(with.autovacuum, {.session = with.session,
                                                              .role = with.role,
                                                              .limit = with.limit,
                                                              .certain = true,
                                                              .only = std::move(chosen)});
        },
};

// An index of a view that is declared and not there yet is compared when it is.
void wait_for_views(std::vector<model::matview_policy> const &views, planning const &with,
                    std::vector<model::index_policy> &indexes, plan::plan &out)
{
    std::vector<qualified_name> made_here;
    for (auto const &view : views) {
        bool const wanted = std::any_of(indexes.begin(), indexes.end(), [&](auto const &index) {
            return index.table == view.name;
        });
        if (wanted && !view.query.empty()) {
            made_here.push_back(view.name);
        }
    }
    if (made_here.empty()) {
        return;
    }
    auto const found = catalog::load_matviews(with.session, made_here, with.role, with.limit);
    for (std::size_t i = 0; i < made_here.size(); ++i) {
        if (found.views[i].found.usable()) {
            continue;
        }
        std::erase_if(indexes, [&](auto const &index) {
            if (index.table != made_here[i]) {
                return false;
            }
            out.notes.push_back(display(qualified_name{index.table.schema, index.name}) +
                                " is built when " + display(index.table) + " is there");
            return true;
        });
    }
}

// An index is chosen by its own name or by that of its table.
constexpr section indexes{
    .name = "indexes",
    .objects =
        [](model::configuration const &all) {
            std::vector<qualified_name> out;
            for (auto const &policy : all.indexes) {
                out.push_back(policy.table);
                out.push_back({policy.table.schema, policy.name});
            }
            return out;
        },
    .narrow =
        [](model::configuration &all, std::span<qualified_name const> objects) {
            std::erase_if(all.indexes, [&](auto const &policy) {
                return !holds(objects, policy.table) &&
                       !holds(objects, {policy.table.schema, policy.name});
            });
        },
    .difference =
        [](model::configuration const &all, planning const &with) {
            if (all.indexes.empty()) {
                return plan::plan{};
            }
            auto declared = all.indexes;
            plan::plan out;
            wait_for_views(all.matviews, with, declared, out);
            if (!declared.empty()) {
                auto around = with;
                around.indexes = declared;
                model::action const what = model::index_action{};
                out.append(kind_of(what).make(what, around));
            }
            return out;
        },
};

constexpr section matviews{
    .name = "matviews",
    .objects =
        [](model::configuration const &all) {
            std::vector<qualified_name> out;
            for (auto const &policy : all.matviews) {
                out.push_back(policy.name);
            }
            return out;
        },
    .narrow =
        [](model::configuration &all, std::span<qualified_name const> objects) {
            std::erase_if(all.matviews,
                          [&](auto const &policy) { return !holds(objects, policy.name); });
        },
    .difference = [](model::configuration const &all,
                     planning const &with) { return create_matviews(all.matviews, with, true); },
};

// Indexes last: one may be of a materialized view.
constexpr std::array<section, 4> section_table{partitions, autovacuum, matviews, indexes};

section const &find_section(std::string const &name)
{
    std::vector<std::string_view> known;
    for (auto const &each : section_table) {
        if (each.name == name) {
            return each;
        }
        known.push_back(each.name);
    }
    auto const near = nearest(name, known);
    std::vector<std::string> const names{known.begin(), known.end()};
    throw usage_error{"there is no section '" + printable(name) + "' that declares the database",
                      near ? "did you mean " + *near + "?" : "there are: " + join(names, ", ")};
}

usage_error unknown(qualified_name const &object, std::vector<qualified_name> const &declared)
{
    std::vector<std::string> names;
    for (auto const &each : declared) {
        names.push_back(object.schema.empty() ? display_identifier(each.name) : display(each));
    }
    std::vector<std::string_view> const known{names.begin(), names.end()};
    auto const near = nearest(display(object), known);
    return usage_error{"the file declares nothing of " + display(object),
                       near ? "did you mean " + *near + "?" : "pgtend plan shows what it declares"};
}

} // namespace

std::span<section const> sections()
{
    return section_table;
}

model::configuration narrowed(model::configuration all, std::span<std::string const> only_sections,
                              std::span<qualified_name const> objects)
{
    std::vector<section const *> chosen;
    for (auto const &name : only_sections) {
        chosen.push_back(&find_section(name));
    }
    std::vector<qualified_name> declared;
    for (auto const &each : section_table) {
        if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), &each) == chosen.end()) {
            each.narrow(all, {});
            continue;
        }
        auto const its = each.objects(all);
        declared.insert(declared.end(), its.begin(), its.end());
        if (!objects.empty()) {
            each.narrow(all, objects);
        }
    }
    for (auto const &object : objects) {
        if (std::none_of(declared.begin(), declared.end(),
                         [&](auto const &other) { return stands_for(object, other); })) {
            throw unknown(object, declared);
        }
    }
    return all;
}

} // namespace pgtend::jobs
