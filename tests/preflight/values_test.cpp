// SPDX-License-Identifier: Apache-2.0
// What a job sets, against the constraints of a real table. Nothing is ever changed.
#include <doctest/doctest.h>

#include "support.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// A table with one of each that may refuse a value, and two rows that match.
char const *const orders = R"(
    CREATE TYPE public.color AS ENUM ('red', 'blue');
    CREATE DOMAIN public.percent AS int NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TABLE public.orders (
        id int PRIMARY KEY,
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'cancelled')),
        kind text CONSTRAINT kinds CHECK (kind IN ('user', 'admin')),
        reason text,
        cancelled_at timestamptz,
        paid_at timestamptz,
        shade public.color,
        share public.percent DEFAULT 0,
        short varchar(4),
        amount numeric(4, 2),
        twice int GENERATED ALWAYS AS (id * 2) STORED,
        CONSTRAINT when_cancelled CHECK (status <> 'cancelled' OR cancelled_at IS NOT NULL),
        CONSTRAINT paid_first CHECK (cancelled_at IS NULL OR paid_at IS NOT NULL OR reason IS NOT NULL)
    );
    INSERT INTO public.orders (id) VALUES (1), (2);
)";

list refused_values(std::vector<model::assignment> what)
{
    scene s{orders};
    s.expire("orders", "status = 'open'", std::move(what));
    auto out = s.look();
    CHECK(s.db.value("SELECT string_agg(status, ' ') FROM public.orders") == "open open");
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("values that fit everything")
    {
        CHECK(refused_values({set("status", "cancelled"), set_sql("cancelled_at", "now()"),
                              set("kind", "user"), set("reason", "late"), set("shade", "red"),
                              set("share", "100"), set("short", "abcd"), set("amount", "99.99")})
                  .empty());
        CHECK(refused_values({set_null("kind"), set_sql("reason", "'by ' || 'us'")}).empty());
    }

    TEST_CASE("a CHECK refuses a literal: with the constraint, the value and the mending statement")
    {
        scene s{orders};
        s.expire("orders", "status = 'open'", {set("reason", "late"), set("kind", "system")});
        auto const found = s.report();
        REQUIRE(found.findings.size() == 1);
        auto const &one = found.findings[0];
        CHECK(one.kind == preflight::kind::refused);
        CHECK(one.object == "public.orders.kind");
        CHECK(one.message.find("CHECK kinds of public.orders") != std::string::npos);
        CHECK(one.message.find("refuses \"kind\" = 'system'") != std::string::npos);
        CHECK(found.jobs.at(0).verdict == "fails");
        // The statement does what it says.
        s.db.psql(one.fix.substr(one.fix.find("ALTER TABLE")));
        CHECK(s.look().empty());
    }

    TEST_CASE("three values: refused, depending on others, and fine when the others are set too")
    {
        CHECK(refused_values({set("status", "cancelled")}) ==
              list{"may_refuse public.orders.status"});
        CHECK(refused_values({set("status", "cancelled"), set_null("cancelled_at")}) ==
              list{"refused public.orders.status"});
        CHECK(refused_values({set("status", "cancelled"), set_sql("cancelled_at", "now()")}) ==
              list{"may_refuse public.orders.cancelled_at"}); // paid_first
        CHECK(refused_values({set_sql("cancelled_at", "now()"), set_null("paid_at"),
                              set_null("reason")}) == list{"refused public.orders.reason"});
        // An expression of columns: nothing is known of it.
        CHECK(refused_values({set_sql("status", "lower(status)")}) ==
              list{"may_refuse public.orders.status", "may_refuse public.orders.status"});
    }

    TEST_CASE("NOT NULL, a domain, an enum, a length, a precision, a type, a generated column")
    {
        CHECK(refused_values({set_null("status")}) == list{"refused public.orders.status"});
        CHECK(refused_values({set_sql("status", "null")}) == list{"refused public.orders.status"});
        CHECK(refused_values({set_null("share")}) == list{"refused public.orders.share"});
        CHECK(refused_values({set("share", "101")}) == list{"refused public.orders.share"});
        CHECK(refused_values({set("reason", "x"), set("shade", "green")}) ==
              list{"refused public.orders.shade"});
        CHECK(refused_values({set("short", "abcde")}) == list{"refused public.orders.short"});
        CHECK(refused_values({set("amount", "100")}) == list{"refused public.orders.amount"});
        CHECK(refused_values({set("amount", "much")}) == list{"refused public.orders.amount"});
        CHECK(refused_values({set("twice", "4")}) == list{"refused public.orders.twice"});
        CHECK(refused_values({set_sql("cancelled_at", "1")}) ==
              list{"statement public.orders.cancelled_at"});
        CHECK(refused_values({set("gone", "1")}) == list{"statement public.orders.gone"});
    }

    TEST_CASE("a CHECK with somebody's function is not evaluated, and the function not called")
    {
        scene s{
            "CREATE SEQUENCE public.calls; CREATE FUNCTION public.valid(text) RETURNS bool "
            "LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM nextval(''public.calls''); RETURN "
            "$1 = ''good''; END'; CREATE DOMAIN public.word AS text CHECK (public.valid(VALUE)); "
            "CREATE TABLE public.t (a text CHECK (public.valid(a)), w public.word, n int)"};
        s.expire("t", "n = 1", {set("a", "bad")});
        CHECK(s.look() == list{"may_refuse public.t.a"});
        s.all.jobs.clear();
        s.expire("t", "n = 1", {set("w", "bad"), set("n", "2")});
        CHECK(s.look() == list{"may_refuse public.t.w"});
        CHECK(s.db.value("SELECT is_called FROM public.calls") == "f");
    }

    TEST_CASE("arrays of enums and of domains are looked at as their elements are")
    {
        std::string const types{
            "CREATE TYPE public.st AS ENUM ('a', 'b'); CREATE DOMAIN public.pos "
            "AS int CHECK (VALUE > 0); CREATE FUNCTION public.ok(int) RETURNS "
            "bool LANGUAGE plpgsql AS 'BEGIN RAISE ''called''; END'; CREATE "
            "DOMAIN public.odd AS int CHECK (public.ok(VALUE)); CREATE TABLE "
            "public.t (s public.st[], p public.pos[], o public.odd[], n int)"};
        scene s{types};
        auto const of = [&](std::string const &column, std::string const &value) {
            s.all.jobs.clear();
            s.expire("t", "n = 1", {set(column, value)});
            return s.look();
        };
        CHECK(of("s", "{a,b}").empty());
        CHECK(of("s", "{a,c}") == list{"refused public.t.s"});
        CHECK(of("p", "{1}").empty());
        CHECK(of("p", "{1,-1}") == list{"refused public.t.p"});
        CHECK(of("o", "{1}") == list{"may_refuse public.t.o"});
    }

    TEST_CASE("one value in a unique column is refused in the second row")
    {
        scene s{"CREATE TABLE public.t (a text UNIQUE, b text, c text, n int, UNIQUE (b, c)); "
                "CREATE UNIQUE INDEX open ON public.t (n) WHERE b = 'x'; ALTER TABLE public.t ADD "
                "active "
                "bool; CREATE UNIQUE INDEX one ON public.t (active) WHERE active"};
        auto const of = [&](std::vector<model::assignment> what) {
            s.all.jobs.clear();
            s.expire("t", "n = 1", std::move(what));
            return s.look();
        };
        CHECK(of({set("a", "x")}) == list{"may_refuse public.t.a"});
        CHECK(of({set_null("a")}).empty());
        CHECK(of({set("b", "x")}).empty());
        CHECK(of({set("b", "x"), set("c", "y")}) == list{"may_refuse public.t.b"});
        CHECK(of({set_sql("a", "b")}).empty());
        CHECK(of({set("n", "2")}) == list{"may_refuse public.t.n"});
        CHECK(of({set("active", "false")}).empty()); // no row stays in the index
        if (s.db.connect().server_version() >= 150000) {
            s.db.psql("ALTER TABLE public.t DROP CONSTRAINT t_a_key, ADD UNIQUE NULLS NOT DISTINCT "
                      "(a)");
            CHECK(of({set_null("a")}) == list{"may_refuse public.t.a"});
        }
    }

    TEST_CASE("a CHECK is asked about the value as it is stored: rounded, padded, compared as the "
              "column is")
    {
        scene s{"CREATE DOMAIN public.price AS numeric(4, 1); CREATE TABLE public.t (n int, a "
                "numeric(4, 2) CHECK (a <= 10), p public.price CHECK (p <> 2), c char(3) CHECK "
                "(octet_length(c) = 3), w timestamp(0) CHECK (w < '2026-01-02'))"};
        auto const of = [&](std::string const &column, std::string const &value) {
            s.all.jobs.clear();
            s.expire("t", "n = 1", {set(column, value)});
            return s.look();
        };
        CHECK(of("a", "10.001").empty());
        CHECK(of("a", "10.01") == list{"refused public.t.a"});
        CHECK(of("p", "1.99") == list{"refused public.t.p"});
        CHECK(of("c", "x").empty());
        CHECK(of("w", "2026-01-01 23:59:59.9") == list{"refused public.t.w"});
        s.db.psql("ALTER TABLE public.t ADD z timestamptz CHECK (z < '2026-01-01 00:30Z')");
        CHECK(of("z", "2026-01-01 01:00") == list{"refused public.t.z"});
        s.all.jobs.back().time_zone = "Africa/Kinshasa"; // an hour before UTC's
        CHECK(s.look().empty());
        if (s.db.value("SELECT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i')") ==
            "t") {
            s.db.psql("CREATE COLLATION public.nocase (provider = icu, locale = "
                      "'und-u-ks-level2', deterministic = false); ALTER TABLE public.t ADD k text "
                      "COLLATE public.nocase CHECK (k IN ('Open', 'Closed'))");
            CHECK(of("k", "OPEN").empty());
            CHECK(of("k", "gone") == list{"refused public.t.k"});
        }
    }

    TEST_CASE("a CHECK of the row as a whole is one of each of its columns")
    {
        scene s{"CREATE TABLE public.t (gone int, a int, b int); ALTER TABLE public.t DROP COLUMN "
                "gone, ADD CHECK (t IS NOT NULL)"};
        s.expire("t", "a = 1", {set_null("a")});
        CHECK(s.look() == list{"refused public.t.a"});
        s.all.jobs.clear();
        s.expire("t", "a = 1", {set("a", "2")});
        CHECK(s.look() == list{"may_refuse public.t.a"});
    }

    TEST_CASE("a CHECK of some of the tables refuses in some of the rows")
    {
        scene s{"CREATE TABLE public.t (a int, CONSTRAINT own CHECK (a < 10) NO INHERIT); CREATE "
                "TABLE public.child () INHERITS (public.t)"};
        s.expire("t", "a = 1", {set("a", "60")});
        CHECK(s.look() == list{"may_refuse public.t.a"});
        s.db.psql(
            "CREATE TABLE public.p (at date NOT NULL, k int, a text) PARTITION BY RANGE (at); "
            "CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM ('2026-01-01') TO "
            "('2027-01-01') PARTITION BY LIST (k); CREATE TABLE public.p11 PARTITION OF "
            "public.p1 FOR VALUES IN (1); CREATE TABLE public.p12 PARTITION OF public.p1 FOR "
            "VALUES IN (2); CREATE TABLE public.p2 PARTITION OF public.p FOR VALUES FROM "
            "('2027-01-01') TO ('2028-01-01'); ALTER TABLE public.p1 ADD CONSTRAINT between "
            "CHECK (a <> 'no')");
        s.all.jobs.clear();
        s.expire("p", "a = 'z'", {set("a", "no")});
        CHECK(s.look() == list{"may_refuse public.p.a"});
    }

    TEST_CASE("a CHECK that is NOT VALID counts, on 18 one that is NOT ENFORCED does not")
    {
        scene s{"CREATE TABLE public.t (a text); ALTER TABLE public.t ADD CONSTRAINT c CHECK (a = "
                "'x') NOT VALID"};
        s.expire("t", "a = 'z'", {set("a", "y")});
        CHECK(s.look() == list{"refused public.t.a"});
        if (s.db.connect().server_version() >= 180000) {
            s.db.psql("ALTER TABLE public.t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a = 'x') "
                      "NOT ENFORCED");
            CHECK(s.look().empty());
        }
    }

    TEST_CASE("a BEFORE trigger that gives the column another value may save it; one that reads it "
              "does not")
    {
        std::string const table{
            "CREATE TABLE public.t (a text CHECK (a = 'x'), b text); CREATE "
            "FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "};
        std::string const rest{
            " RETURN new; END $$; CREATE TRIGGER f BEFORE UPDATE ON public.t FOR "
            "EACH ROW EXECUTE FUNCTION public.f()"};
        scene gives{table + "new.a := 'x';" + rest};
        gives.expire("t", "b = 'z'", {set("a", "y")});
        CHECK(gives.look() == list{"may_refuse public.t.a"});
        scene reads{table + "IF new.a = 'y' THEN new.b := 'y'; END IF;" + rest};
        reads.expire("t", "b = 'z'", {set("a", "y")});
        CHECK(reads.look() == list{"refused public.t.a"});
        gives.db.psql("ALTER TABLE public.t DISABLE TRIGGER f");
        CHECK(gives.look() == list{"refused public.t.a"});
    }

    TEST_CASE("of a partitioned table: its CHECK, one of a partition alone, and its key")
    {
        scene s{"CREATE TABLE public.p (at date NOT NULL, a text CHECK (a <> 'no')) PARTITION BY "
                "RANGE (at); CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM "
                "('2026-01-01') TO ('2027-01-01'); ALTER TABLE public.p1 ADD CONSTRAINT own CHECK "
                "(a <> 'nor this')"};
        s.expire("p", "a = 'z'", {set("a", "no")});
        CHECK(s.look() == list{"refused public.p.a"});
        s.all.jobs.clear();
        s.expire("p", "a = 'z'", {set("a", "nor this")});
        CHECK(s.look() == list{"refused public.p.a"});
        s.all.jobs.clear();
        s.expire("p", "a = 'z'", {set("a", "yes")});
        CHECK(s.look().empty());
        s.all.jobs.clear();
        s.expire("p", "a = 'z'", {set("at", "2026-06-01")});
        CHECK(s.look() == list{"may_refuse public.p.at"});
    }
}
