// SPDX-License-Identifier: Apache-2.0
#include "jobs/touched.hpp"

#include <algorithm>

namespace pgtend::jobs {
namespace {

struct collect {
    model::configuration const &all;
    touched &out;

    void add(std::vector<qualified_name> const &names) const
    {
        out.tables.insert(out.tables.end(), names.begin(), names.end());
    }
    // Selections, and policies of the file.
    template <class OfATable> void add(std::vector<OfATable> const &each) const
    {
        for (auto const &one : each) {
            out.tables.push_back(one.table);
        }
    }

    void operator()(model::refresh_action const &a) const { add(a.matviews); }
    void operator()(model::cleanup_action const &a) const { add(a.from); }
    void operator()(model::expire_action const &a) const { add(a.in); }
    void operator()(model::vacuum_action const &a) const
    {
        add(a.tables);
        out.unknown = a.tables.empty();
    }
    void operator()(model::partition_action const &a) const
    {
        add(a.tables);
        if (a.tables.empty()) {
            add(all.partitions);
        }
    }
    void operator()(model::index_action const &a) const
    {
        add(a.tables);
        if (a.tables.empty()) {
            add(all.indexes);
        }
    }
    void operator()(model::sql_action const &) const { out.unknown = true; }
    void operator()(model::watch_action const &a) const
    {
        if (a.insert_into) {
            out.tables.push_back(*a.insert_into);
        }
        out.unknown = true;
    }
    void operator()(model::check_action const &) const {}
};

} // namespace

touched touched_by(model::action const &what, model::configuration const &all)
{
    touched out;
    std::visit(collect{all, out}, what);
    for (auto &table : out.tables) {
        if (table.schema.empty()) {
            table.schema = "public";
        }
    }
    std::sort(out.tables.begin(), out.tables.end());
    out.tables.erase(std::unique(out.tables.begin(), out.tables.end()), out.tables.end());
    return out;
}

} // namespace pgtend::jobs
