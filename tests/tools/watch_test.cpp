// SPDX-License-Identifier: Apache-2.0
// Jobs that watch: each finding is told once.
#include <doctest/doctest.h>

#include "support/ground.hpp"

using namespace pgtend;

TEST_SUITE("db")
{
    TEST_CASE("a finding is told once: also one that comes twice, and those without a key")
    {
        test::ground g{"  - name: look\n    schedule: \"0 * * * *\"\n    watch:\n"
                       "      query: select key, title from public.findings\n      key: key\n"
                       "      insert: { table: public.told, columns: [key, title] }\n"};
        g.db.psql(
            "CREATE TABLE findings (key text, title text); CREATE TABLE told (key text, title "
            "text); INSERT INTO findings VALUES ('a', 'x'), ('a', 'x'), (NULL, 'y'), (NULL, "
            "'y'), ('', 'z')");
        auto const told = [&] {
            return g.db.value("SELECT string_agg(coalesce(key, '-') || ' ' || title, ', ' ORDER BY "
                              "title) FROM told");
        };
        auto const first = g.run({"job", "run", "look"});
        CHECK_MESSAGE(first.code == 3, first.err);
        CHECK(told() == "a x, - y,  z");
        CHECK(g.db.value("SELECT output FROM pgtend.run").find("5 findings, 3 new") !=
              std::string::npos);
        CHECK(g.run({"job", "run", "look"}).code == 3);
        CHECK(told() == "a x, - y,  z");
        g.db.psql("INSERT INTO findings VALUES ('b', 'w')");
        CHECK(g.run({"job", "run", "look"}).code == 3);
        CHECK(told() == "b w, a x, - y,  z");
        // Of several of one key the query's first, and in its order.
        test::ground h{
            "  - name: look\n    schedule: \"0 * * * *\"\n    watch:\n      query: "
            "select key, title from public.findings order by title::int desc\n      key: "
            "key\n      insert: { table: public.told, columns: [key, title] }\n"};
        h.db.psql("CREATE TABLE findings (key text, title text); CREATE TABLE told (id serial, key "
                  "text, title text); INSERT INTO findings SELECT 'k' || i % 7, i::text FROM "
                  "generate_series(1, 70) i");
        CHECK(h.run({"job", "run", "look"}).code == 3);
        CHECK(h.db.value("SELECT string_agg(title, ' ' ORDER BY id) FROM told") ==
              "70 69 68 67 66 65 64");
        // It is told meanwhile by another: here by a trigger, after the statement has looked.
        g.db.psql(R"(
            TRUNCATE told;
            CREATE UNIQUE INDEX ON told (key);
            CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO told (key, title) VALUES (NEW.key, 'meanwhile');
                RETURN NEW;
            END $$;
            CREATE TRIGGER meanwhile BEFORE INSERT ON told FOR EACH ROW
                WHEN (NEW.key = 'b' AND pg_trigger_depth() = 0) EXECUTE FUNCTION meanwhile())");
        CHECK(g.run({"job", "run", "look"}).code == 3);
        CHECK(told() == "b meanwhile, a x, - y,  z");
        CHECK(g.db.value("SELECT output FROM pgtend.run ORDER BY id DESC LIMIT 1")
                  .find("6 findings, 3 new") != std::string::npos);
    }
}
