// SPDX-License-Identifier: Apache-2.0
// Tables for which a file declares storage parameters, and what they have of them.
#pragma once
#include <string>
#include <vector>

#include "support/ground.hpp"

namespace pgtend::test {

inline constexpr char declared_parameters[] =
    "autovacuum:\n"
    "  - { tables: [public.orders, public.plain], vacuum_scale_factor: "
    "0.05, toast.vacuum_threshold: 7 }\n";

inline constexpr char orders_by_month[] =
    "partitions:\n"
    "  - { table: public.orders, key: at, every: month, from: 2026-01, "
    "premake: 0 }\n";

// orders with two partitions, and plain, which has a scale factor of its own.
struct parameter_scene : ground {
    static constexpr char tables[] =
        "CREATE TABLE orders (id int, at timestamptz NOT NULL, t text) PARTITION BY RANGE (at); "
        "CREATE TABLE orders_a PARTITION OF orders FOR VALUES FROM ('2020-01-01') TO "
        "('2020-02-01'); CREATE TABLE orders_b PARTITION OF orders FOR VALUES FROM ('2020-02-01') "
        "TO ('2020-03-01'); CREATE TABLE plain (a int, t text) WITH "
        "(autovacuum_vacuum_scale_factor = 0.3, fillfactor = 70)";

    explicit parameter_scene(std::string const &more = declared_parameters) : ground{"", more}
    {
        db.psql(tables);
    }

    finished apply(std::vector<std::string> more = {}) const
    {
        return with("apply", std::move(more));
    }
    finished revert(std::vector<std::string> more = {}) const
    {
        return with("revert", std::move(more));
    }
    finished with(std::string const &command, std::vector<std::string> more) const
    {
        more.insert(more.begin(), {"-o", "json", "autovacuum", command});
        return run(std::move(more));
    }

    // "orders_a {...}, plain {...}": the parameters, with those of TOAST tables behind a slash.
    std::string parameters() const
    {
        return db.value("SELECT string_agg(format('%s %s/%s', c.relname, c.reloptions, "
                        "t.reloptions), ', ' ORDER BY c.relname) FROM pg_class c LEFT JOIN "
                        "pg_class t ON t.oid = c.reltoastrelid WHERE c.relkind = 'r' AND "
                        "c.relnamespace = 'public'::regnamespace");
    }
    long long saved() const { return count("SELECT count(*) FROM pgtend.storage_parameter"); }
};

inline constexpr char original[] = "orders_a /, orders_b /, plain "
                                   "{autovacuum_vacuum_scale_factor=0.3,fillfactor=70}/";
inline constexpr char done[] =
    "orders_a {autovacuum_vacuum_scale_factor=0.05}/{autovacuum_vacuum_threshold=7}, "
    "orders_b {autovacuum_vacuum_scale_factor=0.05}/{autovacuum_vacuum_threshold=7}, "
    "plain {fillfactor=70,autovacuum_vacuum_scale_factor=0.05}/{autovacuum_vacuum_threshold=7}";
inline constexpr char back[] = "orders_a /, orders_b /, plain "
                               "{fillfactor=70,autovacuum_vacuum_scale_factor=0.3}/";

} // namespace pgtend::test
