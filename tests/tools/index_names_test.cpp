// SPDX-License-Identifier: Apache-2.0
// Names that index create gives to the indexes of partitions.
#include <doctest/doctest.h>

#include "support/ground.hpp"

using namespace pgtend;

TEST_SUITE("db")
{
    TEST_CASE("index create goes past all names that are taken, and leaves those that are declared")
    {
        test::ground const g{"", "indexes:\n  - { table: public.t, name: i, on: \"(a)\" }\n"
                                 "  - { table: public.other, name: t_1_i_2, on: \"(a)\" }\n"};
        g.db.psql("CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t_1 PARTITION OF t "
                  "FOR VALUES FROM (0) TO (9); CREATE TABLE other (a int); CREATE TABLE t_1_i (); "
                  "CREATE VIEW t_1_i_1 AS SELECT 1; CREATE SEQUENCE t_1_i_3");
        auto const one = g.run({"index", "create", "public.t"});
        CHECK_MESSAGE(one.code == 0, one.err);
        auto const all = g.run({"index", "create"});
        CHECK_MESSAGE(all.code == 0, all.err);
        CHECK(
            g.db.value("SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_index i JOIN "
                       "pg_class c ON c.oid = i.indexrelid WHERE i.indisvalid AND "
                       "c.relnamespace = 'public'::regnamespace") == "i t_1_i_2 t_1_i_4");
    }
}
