// SPDX-License-Identifier: Apache-2.0
// Under which settings a job is planned.
#include <doctest/doctest.h>

#include "support/ground.hpp"

using namespace pgtend;

TEST_SUITE("db")
{
    TEST_CASE("a job is not planned under what the role has for its statements")
    {
        test::ground g{"  - { name: sweep, schedule: \"0 * * * *\", cleanup: { table: public.t, "
                       "where: \"id < limit_of()\" } }\n"};
        // Immutable, and so called when the condition is estimated, in a transaction that is rolled
        // back: what it saw is told to the deletion by a lock of the session.
        g.db.psql(R"(
            CREATE TABLE t (id int PRIMARY KEY);
            INSERT INTO t VALUES (1), (2);
            CREATE FUNCTION limit_of() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
                IF current_setting('transaction_read_only')::bool THEN
                    PERFORM pg_advisory_lock(
                        CASE current_setting('statement_timeout') WHEN '9s' THEN 9 ELSE 1 END);
                END IF;
                RETURN 2;
            END $$;
            CREATE TABLE seen AS SELECT objid FROM pg_locks WHERE false;
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO seen SELECT objid FROM pg_locks
                WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid IN (1, 9);
                RETURN NULL;
            END $$;
            CREATE TRIGGER note AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION note())");
        g.db.psql("ALTER ROLE postgres IN DATABASE " + g.db.name() +
                  " SET statement_timeout = '9s'");
        auto const made = g.run({"job", "run", "sweep"});
        CHECK_MESSAGE(made.code == 0, made.err);
        CHECK(g.db.value("SELECT string_agg(objid::text, ' ' ORDER BY objid) FROM seen") == "1");
        CHECK(g.count("SELECT count(*) FROM t") == 1);
    }
}
