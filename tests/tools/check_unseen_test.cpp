// SPDX-License-Identifier: Apache-2.0
// What check cannot look at is told as skipped: it neither passes nor fails.
#include <doctest/doctest.h>

#include "pg/session.hpp"
#include "support/annotated.hpp"
#include "support/lists.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr char index_and_view[] =
    "indexes:\n"
    "  - { table: public.t, name: t_small, on: \"(lower(s))\" }\n"
    "matviews:\n"
    "  - { name: public.v, query: \"SELECT s, count(*) FROM public.t GROUP BY s\" }\n";

// All that is declared, as declared.
void make(database const &db)
{
    db.psql("CREATE TABLE public.t (s text); CREATE INDEX t_small ON public.t (lower(s)); "
            "CREATE MATERIALIZED VIEW public.v AS SELECT s, count(*) FROM public.t GROUP BY s");
}

// Without what the names of databases and backends are.
list begins(list const &all, std::size_t length)
{
    list out;
    for (auto const &each : all) {
        out.push_back(each.substr(0, length));
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a lock of somebody else makes nothing of what is declared missing or different")
    {
        ground const g{"", index_and_view};
        make(g.db);
        CHECK(findings(g, "declared").empty());
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE public.t");
        CHECK(begins(findings(g, "declared"), 52) ==
              list{"skipped declared.indexes: needs index public.t_small",
                   "skipped declared.matviews: needs public.v: its query"});
        holder.rollback();
        CHECK(findings(g, "declared").empty());
        g.db.psql("DROP INDEX public.t_small");
        CHECK(findings(g, "declared") == list{"error declared.indexes: public.t"});
    }

    TEST_CASE("nor does a role that may not make the temporary objects that are compared with")
    {
        ground const g{"", index_and_view};
        make(g.db);
        auto s = g.db.connect();
        role const bare{s, "bare", "LOGIN"};
        g.db.psql("REVOKE TEMPORARY ON DATABASE " + g.db.name() + " FROM PUBLIC");
        auto const as_bare = g.db.dsn() + " user=" + bare.name();
        auto const config = g.files.write("bare.yaml", "version: 1\ntargets:\n  db: { dsn: \"" +
                                                           as_bare + "\" }\n" + index_and_view);
        auto const done =
            test::pgtend({"-c", config, "-o", "github", "check", "--only", "declared"});
        CHECK(done.code == 0);
        CHECK(begins(annotated(done.out), 52) ==
              list{"skipped declared.indexes: needs index public.t_small",
                   "skipped declared.matviews: needs public.v: its query"});
    }

    TEST_CASE("indexes of a locked table are not found to be each the only one")
    {
        ground const g;
        g.db.psql("CREATE TABLE public.t (n int); CREATE INDEX ON public.t (n); CREATE INDEX ON "
                  "public.t (n)");
        CHECK(findings(g, "index") == list{"warning index.duplicate: public.t_n_idx1"});
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE public.t");
        CHECK(begins(findings(g, "index"), 67) ==
              list{"skipped index.duplicate: needs the end of the ACCESS EXCLUSIVE lock",
                   "skipped index.redundant: needs the end of the ACCESS EXCLUSIVE lock"});
    }
}
