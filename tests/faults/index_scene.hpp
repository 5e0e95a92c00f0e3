// SPDX-License-Identifier: Apache-2.0
// A partitioned table, and an index on it whose build waits until it may go on.
#pragma once
#include <string>

#include "support/ground.hpp"

namespace pgtend::test {

// An index on slow(id) of a table with rows waits for the gate: an advisory lock, because an
// IMMUTABLE function does not see rows that come meanwhile.
inline constexpr char gate[] =
    "CREATE FUNCTION slow(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM "
    "pg_advisory_lock_shared(1); PERFORM pg_advisory_unlock_shared(1); RETURN id; END $$;";

class closed_gate {
  public:
    explicit closed_gate(ground const &g) : session_{g.db.connect()}
    {
        g.db.psql(gate);
        session_.run("SELECT pg_advisory_lock(1)");
    }
    void open() { session_.run("SELECT pg_advisory_unlock(1)"); }

  private:
    pg::session session_;
};

inline constexpr char tree[] = "CREATE TABLE p (id int, k int) PARTITION BY LIST (k);"
                               "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
                               "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
                               "CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3);"
                               "INSERT INTO p SELECT g, 2 FROM generate_series(1, 1000) g;";

inline std::string indexes(std::string const &table, std::string const &name,
                           std::string const &on = "(public.slow(id))")
{
    return "indexes:\n  - { table: public." + table + ", name: " + name + ", on: \"" + on +
           "\" }\n";
}

inline constexpr char building[] =
    "SELECT coalesce(min(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND "
    "state = 'active' AND pid <> pg_backend_pid() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND "
    "clock_timestamp() > query_start + interval '100 ms'";
inline constexpr char valid[] =
    "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE "
    "indisvalid AND c.relname ~ '^p[1-3]?$'";

} // namespace pgtend::test
