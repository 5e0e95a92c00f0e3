// SPDX-License-Identifier: Apache-2.0
// Where a run ends, and what it says of what it did not do.
#include <doctest/doctest.h>

#include "batch/support.hpp"
#include "support/database.hpp"

using namespace pgtend;
using test::believe_in_many;
using test::number;
using test::prefer_indexes;
using test::run_batches;

namespace {

bool asks(plan::work const &work, char const *text)
{
    for (auto const &each : work.statements) {
        if (each.sql.find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a row that gets a value after the values were walked through, with many rows "
              "without one: it is looked for once more")
    {
        test::database db;
        db.psql("CREATE TABLE t (id int, at int, status text); INSERT INTO t SELECT i, CASE WHEN i "
                "<= 10 THEN i END, 'old' FROM generate_series(1, 5000) i; CREATE INDEX ON t (at) "
                "WHERE status = 'old'; ANALYZE t");
        believe_in_many(db, "t");
        auto s = db.connect();
        prefer_indexes(s);
        int looks = 0;
        auto const run = run_batches(s, "t", "status = 'old'", {}, {.initial_rows = 100},
                                     [&](plan::work const &work, std::size_t) {
                                         if (work.read_only && asks(work, "IS NULL") &&
                                             asks(work, "array_agg") && ++looks == 1) {
                                             db.psql("UPDATE t SET at = 5 WHERE id = 4000");
                                         }
                                     });
        CHECK(looks > 0);
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 5000);
        CHECK(number(db, "SELECT count(*) FROM t") == 0);
    }
}
