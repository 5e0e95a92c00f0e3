// SPDX-License-Identifier: Apache-2.0
// What the roles of an API see that no policy guards, and whom policies and functions believe.
#include <doctest/doctest.h>

#include "support/look.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// The roles of an API have names that are the same everywhere, hence a server of its own.
constexpr char const *exposed = R"(
CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE supabase_auth_admin; CREATE ROLE bare LOGIN; CREATE ROLE managed LOGIN;
GRANT pg_monitor TO managed;
CREATE SCHEMA app; CREATE SCHEMA inner_app; GRANT USAGE ON SCHEMA app TO anon, authenticated;

CREATE TABLE app."Users" (id int, password_hash text, "apiKey" varchar(40), password_changed_at timestamptz, password_policy text,
                          secret boolean);
GRANT SELECT ON app."Users" TO anon;
CREATE TABLE app.partly (id int, password text); GRANT SELECT (id) ON app.partly TO anon;
CREATE TABLE app.guarded (id int, password text); ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON app.guarded TO anon;
CREATE TABLE inner_app.hidden (password text); GRANT SELECT ON inner_app.hidden TO anon; -- no USAGE of its schema
CREATE MATERIALIZED VIEW app.copied AS SELECT 'x'::text AS iban; GRANT SELECT ON app.copied TO authenticated;

CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE app.far (id int) SERVER far; GRANT SELECT ON app.far TO anon;
CREATE FOREIGN TABLE app.farther (id int) SERVER far;
CREATE FOREIGN TABLE inner_app.far (id int) SERVER far; GRANT SELECT ON inner_app.far TO anon;

CREATE SCHEMA auth;
CREATE FUNCTION auth.jwt() RETURNS jsonb STABLE LANGUAGE sql AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb $$;
CREATE TABLE auth.users (id int PRIMARY KEY, phone text UNIQUE, raw_user_meta_data jsonb, raw_app_meta_data jsonb);
ALTER TABLE auth.users OWNER TO supabase_auth_admin;
CREATE TABLE app.notes (id int, user_metadata jsonb); ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Admins" ON app.notes USING (auth.jwt() -> 'user_metadata' ->> 'role' = 'admin') WITH CHECK (id > 0);
CREATE POLICY looked_up ON app.notes FOR SELECT
    USING (EXISTS (SELECT FROM auth.users u WHERE u.id = notes.id AND u.raw_user_meta_data ->> 'role' = 'admin'));
CREATE POLICY right_one ON app.notes USING (auth.jwt() -> 'app_metadata' ->> 'role' = 'admin');
CREATE POLICY own_column ON app.notes USING (user_metadata ->> 'role' = 'admin');
CREATE TABLE app.asleep (id int); CREATE POLICY idle ON app.asleep USING (auth.jwt() -> 'user_metadata' IS NOT NULL);

CREATE TABLE app.calls (id int PRIMARY KEY, phone text CONSTRAINT "By phone" REFERENCES auth.users (phone),
                        who int REFERENCES auth.users);
CREATE TABLE auth.sessions (phone text REFERENCES auth.users (phone)); -- its own
)";

constexpr char const *functions = R"(
CREATE SCHEMA app; CREATE SCHEMA "Words"; SET search_path = app, "Words";
CREATE TABLE app.audit_log (what text); CREATE TABLE app.orders (id int, t text); CREATE TABLE app.plain (id int);
CREATE FUNCTION "Words".fold(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';

CREATE FUNCTION app.audit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO audit_log VALUES (new.id || '' from plain''); RETURN new; END';
CREATE TRIGGER "Audit" BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.audit();
CREATE TRIGGER again AFTER UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.audit();
-- As an upgrade to 17 leaves them, which would not build them any more.
CREATE FUNCTION app.norm(text) RETURNS text IMMUTABLE LANGUAGE sql SET search_path = "Words" AS 'SELECT fold($1)';
CREATE INDEX normed ON app.orders (app.norm(t));
CREATE FUNCTION app.total() RETURNS bigint STABLE LANGUAGE sql SET search_path = app AS 'SELECT count(*) FROM orders JOIN plain USING (id)';
CREATE MATERIALIZED VIEW app.totals AS SELECT app.total();
ALTER FUNCTION app.norm RESET search_path; ALTER FUNCTION app.total RESET search_path;
CREATE FUNCTION app.allowed(int) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM plain WHERE id = $1)';
CREATE POLICY few ON app.orders USING (app.allowed(id));

-- Nothing is wrong with these.
CREATE FUNCTION app.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.t := now(); RETURN new; END';
CREATE FUNCTION app.qualified() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.audit_log SELECT o.t FROM app.orders o; RETURN new; END';
CREATE FUNCTION app.spoken() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN -- takes it from orders
     /* or from plain */ RAISE NOTICE ''join orders''; RETURN new; END';
CREATE FUNCTION app.fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = app AS 'BEGIN INSERT INTO audit_log VALUES (1); RETURN new; END';
CREATE TRIGGER a BEFORE INSERT ON app.plain FOR EACH ROW EXECUTE FUNCTION app.stamp();
CREATE TRIGGER b BEFORE INSERT ON app.plain FOR EACH ROW EXECUTE FUNCTION app.qualified();
CREATE TRIGGER c BEFORE INSERT ON app.plain FOR EACH ROW EXECUTE FUNCTION app.spoken();
CREATE TRIGGER d BEFORE INSERT ON app.plain FOR EACH ROW EXECUTE FUNCTION app.fixed();
CREATE FUNCTION app.called() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders'; -- by its caller alone
CREATE FUNCTION app.kept(int) RETURNS boolean IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT EXISTS (SELECT FROM orders WHERE id = $1); END;
ALTER TABLE app.plain ADD CHECK (app.kept(id));
RESET search_path;
)";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("secrets, foreign tables, and policies that believe the user")
    {
        own_server const server;
        auto s = open(server.dsn());
        s.batch(exposed);
        constexpr char const *ids[] = {"security.sensitive_columns", "security.foreign_table_api",
                                       "security.user_metadata", "table.auth_reference"};

        CHECK(look(s, ids[0]) == list{"error app.\"Users\"", "error app.copied"});
        CHECK(about(s, ids[0], "app.\"Users\"").message ==
              "anon may read \"apiKey\", password_hash of every row");
        CHECK(look(s, ids[1]) == list{"warning app.far"});
        CHECK(about(s, ids[1], "app.far").message ==
              "anon may reach it, and no policy can hide a row");
        CHECK(look(s, ids[2]) == list{"error app.notes", "error app.notes"});
        CHECK(ask(s, ids[2]).front().message ==
              "its policy \"Admins\" reads user_metadata, which each user may change for himself");
        CHECK(look(s, ids[3]) == list{"error app.calls"});
        CHECK(about(s, ids[3], "app.calls").message ==
              "\"By phone\" relies on users_phone_key of auth.users, which is not its primary key");

        for (auto const *who : {"bare", "managed"}) {
            auto other = open(server.dsn() + " user=" + who);
            for (auto const *id : ids) {
                INFO(who, " ", id);
                CHECK(look(other, id) == look(s, id));
            }
        }
        for (auto const *id : {ids[0], ids[1], ids[2]}) {
            INFO(id);
            for (auto const &each : ask(s, id)) {
                s.run(each.fix);
            }
            CHECK(look(s, id).empty());
        }
        CHECK(s.run("SELECT pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polname = "
                    "'Admins'")
                  .text(0, 0) == "(id > 0)");
        s.run("ALTER TABLE app.calls DROP CONSTRAINT \"By phone\"");
        CHECK(look(s, ids[3]).empty());
    }

    TEST_CASE("functions that look up a name where the session says, which a writer can turn")
    {
        database const db;
        auto s = db.connect();
        constexpr auto id = "security.function_search_path";
        CHECK(look(s, id).empty());
        s.batch(functions);
        CHECK(look(s, id) == list{"info app.allowed(integer)", "info app.audit()",
                                  "info app.norm(text)", "info app.total()"});
        CHECK(about(s, id, "app.audit()").message ==
              "of trigger \"Audit\" and 1 more: looks up audit_log where the session says");
        CHECK(about(s, id, "app.norm(text)").message ==
              "of index normed: looks up fold() where the session says");
        CHECK(about(s, id, "app.total()").message ==
              "of materialized view totals: looks up orders, plain where the session says");
        auto bare = open(db.dsn(server_variable("LOGIN")));
        CHECK(look(bare, id) == look(s, id));

        auto const logged = [&] {
            s.run("INSERT INTO app.orders VALUES (1)");
            return s.run("SELECT count(*) FROM app.audit_log").integer(0, 0);
        };
        if (s.server_version() >= 170'000) {
            CHECK_THROWS_AS(s.run("REFRESH MATERIALIZED VIEW app.totals"), error);
        }
        s.run("SET search_path = app, \"Words\"");
        CHECK(logged() == 1);
        s.run("CREATE TEMP TABLE audit_log (what text)");
        CHECK(logged() == 1); // the other one went where the writer wanted it
        for (auto const &each : ask(s, id)) {
            s.run(each.fix);
        }
        CHECK(logged() == 2);
        CHECK(look(s, id).empty());
        s.run("REFRESH MATERIALIZED VIEW app.totals");
        s.run("REINDEX INDEX app.normed");
    }
}
