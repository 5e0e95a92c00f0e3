// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fstream>

#include "support/look.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// The roles of an API have names that are the same everywhere, hence a server of its own.
constexpr char const *api = R"(
CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE bare LOGIN; CREATE ROLE clerk;
CREATE SCHEMA app; CREATE SCHEMA inner_app; GRANT USAGE ON SCHEMA app TO anon, authenticated;

CREATE TABLE app."Open" (id int, secret text); GRANT SELECT, DELETE ON app."Open" TO anon;
GRANT UPDATE (secret) ON app."Open" TO authenticated;
CREATE TABLE app.closed (id int);
CREATE TABLE app.guarded (id int); ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
GRANT ALL ON app.guarded TO anon; CREATE POLICY own ON app.guarded USING (id = 1);
CREATE TABLE inner_app.hidden (id int); GRANT ALL ON inner_app.hidden TO anon; -- no USAGE of its schema

CREATE TABLE app.asleep (id int); CREATE POLICY "Mine" ON app.asleep USING (true);
CREATE TABLE app.mute (id int) PARTITION BY LIST (id); ALTER TABLE app.mute ENABLE ROW LEVEL SECURITY;
CREATE TABLE app.mute_1 PARTITION OF app.mute FOR VALUES IN (1); ALTER TABLE app.mute_1 ENABLE ROW LEVEL SECURITY;

CREATE VIEW app.shown AS SELECT * FROM app.guarded; GRANT SELECT ON app.shown TO anon;
CREATE VIEW inner_app.middle AS SELECT * FROM app.guarded;
CREATE VIEW app.deep AS SELECT * FROM inner_app.middle; GRANT SELECT ON app.deep TO authenticated;
CREATE VIEW app.harmless AS SELECT * FROM app.closed; GRANT SELECT ON app.harmless TO anon;
CREATE VIEW app.unread AS SELECT * FROM app.guarded;
-- Its owner is under the policy as well.
CREATE VIEW app.of_clerk AS SELECT * FROM app.guarded; ALTER VIEW app.of_clerk OWNER TO clerk;
GRANT SELECT ON app.of_clerk TO anon;

CREATE FUNCTION app."Open"(int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE FUNCTION app.of_owner() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION app.of_owner() FROM PUBLIC;
CREATE FUNCTION app.of_caller() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.fires() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN new; END';
CREATE FUNCTION inner_app.hidden() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE TABLE app.written (id int); ALTER TABLE app.written ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON app.written USING (true);
CREATE POLICY reading ON app.written FOR SELECT TO anon USING (true);
CREATE POLICY new_ones ON app.written FOR INSERT TO authenticated WITH CHECK (true);
CREATE POLICY by_clerk ON app.written FOR UPDATE TO clerk USING (true);
CREATE POLICY bounded ON app.written FOR UPDATE TO anon USING (true) WITH CHECK (id > 0);

CREATE MATERIALIZED VIEW app."Totals" AS SELECT 1 AS n; GRANT SELECT ON app."Totals" TO PUBLIC;
CREATE MATERIALIZED VIEW app.private AS SELECT 1 AS n;

CREATE SCHEMA pgmq; GRANT USAGE ON SCHEMA pgmq TO authenticated;
CREATE TABLE pgmq.q_mails (msg_id bigint, message jsonb); GRANT ALL ON pgmq.q_mails TO authenticated, anon; -- no USAGE for anon
CREATE TABLE pgmq.a_mails (LIKE pgmq.q_mails); GRANT SELECT (message) ON pgmq.a_mails TO authenticated;
CREATE TABLE pgmq.q_safe (LIKE pgmq.q_mails); GRANT ALL ON pgmq.q_safe TO authenticated; ALTER TABLE pgmq.q_safe ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON pgmq.q_safe USING (msg_id = 1);
CREATE TABLE pgmq.q_inner (LIKE pgmq.q_mails); CREATE TABLE pgmq.meta (queue_name text); GRANT SELECT ON pgmq.meta TO authenticated;
CREATE SCHEMA graphql_public; GRANT USAGE ON SCHEMA graphql_public TO authenticated;
CREATE FUNCTION graphql_public.graphql(query text) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';

CREATE SCHEMA storage; GRANT USAGE ON SCHEMA storage TO anon, authenticated;
CREATE TABLE storage.objects (bucket_id text, name text, owner text); ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT ALL ON storage.objects TO anon, authenticated;
CREATE POLICY avatars ON storage.objects FOR SELECT USING (bucket_id = 'avatars');
CREATE POLICY all_files ON storage.objects FOR SELECT TO anon USING (true);
CREATE POLICY members ON storage.objects FOR SELECT TO authenticated USING (bucket_id = 'members');
CREATE POLICY mine ON storage.objects FOR SELECT USING (bucket_id = 'mine' AND owner = current_user);
CREATE POLICY upload ON storage.objects FOR INSERT TO anon WITH CHECK (bucket_id = 'inbox');

-- Not the user's to change: what belongs to an extension, and to pgtend.
CREATE EXTENSION hstore WITH SCHEMA inner_app;
CREATE TABLE app.of_extension (id int); ALTER EXTENSION hstore ADD TABLE app.of_extension;
ALTER EXTENSION hstore ADD TABLE pgmq.meta; CREATE TABLE pgmq.own (id int); GRANT SELECT ON pgmq.own TO authenticated;
CREATE SCHEMA pgtend; GRANT USAGE ON SCHEMA pgtend TO anon; CREATE TABLE pgtend.run (id int);
GRANT SELECT ON app.of_extension, pgtend.run TO anon;
)";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what the roles of an API reach")
    {
        own_server const server;
        auto s = open(server.dsn());
        s.batch(api);
        auto const invoker = s.server_version() >= 150'000;
        if (invoker) {
            s.batch("CREATE VIEW app.as_reader WITH (security_invoker = on) AS SELECT * FROM "
                    "app.guarded; GRANT SELECT ON app.as_reader TO anon");
        }

        CHECK(look(s, "security.rls_off") == list{"error app.\"Open\"", "error pgmq.own"});
        CHECK(about(s, "security.rls_off", "app.\"Open\"").message ==
              "row level security is off, and anon may select, delete; authenticated may update");
        CHECK(look(s, "security.policies_without_rls") == list{"error app.asleep"});
        CHECK(look(s, "security.rls_without_policies") == list{"info app.mute"});
        CHECK(look(s, "security.owner_view") == list{"error app.deep", "error app.shown"});
        CHECK(about(s, "security.owner_view", "app.deep").message ==
              "shows authenticated every row of app.guarded, which has row level security");
        CHECK(look(s, "security.matview_api") == list{"warning app.\"Totals\""});

        CHECK(look(s, "security.definer_api") == list{"warning app.\"Open\"(integer)"});
        CHECK(about(s, "security.definer_api", "app.\"Open\"(integer)").message ==
              "SECURITY DEFINER as postgres, and anon, authenticated may call it");
        CHECK(look(s, "security.policy_true") ==
              list{"warning app.written", "warning app.written"});
        CHECK(about(s, "security.policy_true", "app.written").message ==
              "its policy everything lets everybody read and write every row");

        CHECK(look(s, "security.queue_api") == list{"error pgmq.a_mails", "error pgmq.q_mails"});
        CHECK(about(s, "security.queue_api", "pgmq.q_mails").message ==
              "row level security is off, and authenticated may use its messages");
        auto const listing = ask(s, "security.bucket_listing");
        REQUIRE(listing.size() == 2);
        CHECK(listing[0].message == "its policy all_files lets anon list every file");
        CHECK(listing[1].message ==
              "its policy avatars lets anon list every file where (bucket_id = 'avatars'::text)");
        CHECK(look(s, "security.bucket_listing") ==
              list{"warning storage.objects", "warning storage.objects"});
        CHECK(look(s, "security.graphql_api").empty()); // only for who has logged in
        s.batch("GRANT USAGE ON SCHEMA graphql_public TO anon");
        CHECK(look(s, "security.graphql_api") ==
              list{"warning graphql_public.graphql(query text)"});

        // Who may see nothing else sees the same: all of it stands in catalogs that everybody
        // reads.
        auto bare = open(server.dsn() + " user=bare");
        for (auto const *id :
             {"security.rls_off", "security.policies_without_rls", "security.owner_view",
              "security.matview_api", "security.definer_api", "security.queue_api",
              "security.graphql_api", "security.bucket_listing"}) {
            INFO(id);
            CHECK(look(bare, id) == look(s, id));
        }

        // What they advise is what helps.
        for (auto const *id :
             {"security.rls_off", "security.policies_without_rls", "security.owner_view",
              "security.matview_api", "security.definer_api", "security.queue_api",
              "security.graphql_api", "security.bucket_listing"}) {
            INFO(id);
            for (auto const &each : ask(s, id)) {
                // An inner view with rights of its owner goes on hiding who asks.
                if (each.object != "app.deep") {
                    s.batch(each.fix);
                }
            }
            if (std::string_view{id} != "security.owner_view") {
                CHECK(look(s, id).empty());
            }
        }
        CHECK(look(s, "security.owner_view") == list{"error app.deep"});
    }

    TEST_CASE("functions, triggers, extensions, the schema public")
    {
        database const db;
        auto s = db.connect();
        CHECK(look(s, "security.public_create") ==
              (s.server_version() >= 150'000 ? list{} : list{"info public"}));
        s.batch(R"(
CREATE SCHEMA app;
CREATE FUNCTION app."Pay"(amount int, to_whom text[]) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE PROCEDURE app.sweep() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION app.fixed() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE FUNCTION app.invoked() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE app.p (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1);
CREATE TRIGGER "Note" BEFORE INSERT ON app.p FOR EACH ROW EXECUTE FUNCTION app.note();
CREATE TABLE app.child (id int, p int CONSTRAINT child_p REFERENCES app.p);
ALTER TABLE app.p DISABLE TRIGGER "Note";
CREATE EXTENSION pg_trgm WITH SCHEMA public; CREATE EXTENSION hstore WITH SCHEMA app;
CREATE FUNCTION app.of_extension() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
ALTER EXTENSION hstore ADD FUNCTION app.of_extension();
)");
        CHECK(look(s, "security.definer_search_path") ==
              list{"warning app.\"Pay\"(amount integer, to_whom text[])", "warning app.sweep()"});
        CHECK(look(s, "security.disabled_triggers") == list{"warning app.p: \"Note\""});
        CHECK(look(s, "security.extension_in_public") == list{"warning extension pg_trgm"});
        for (auto const *id : {"security.definer_search_path", "security.disabled_triggers",
                               "security.extension_in_public"}) {
            INFO(id);
            for (auto const &each : ask(s, id)) {
                s.batch(each.fix);
            }
            CHECK(look(s, id).empty());
        }

        s.batch(
            "ALTER TABLE app.child DISABLE TRIGGER ALL; GRANT CREATE ON SCHEMA public TO PUBLIC");
        auto const disabled = ask(s, "security.disabled_triggers");
        REQUIRE(disabled.size() == 2); // one for inserts, one for updates
        CHECK(disabled.front().object == "app.child: child_p");
        CHECK(disabled.front().message.starts_with("foreign key is not enforced: trigger "));
        for (auto const &each : disabled) {
            s.run(each.fix);
        }
        CHECK(look(s, "security.disabled_triggers").empty());
        CHECK(look(s, "security.public_create") ==
              list{s.server_version() >= 150'000 ? "error public" : "info public"});
        s.run(about(s, "security.public_create", "public").fix);
        CHECK(look(s, "security.public_create").empty());
    }

    TEST_CASE("superusers, md5, lines of pg_hba.conf, and who may not see them")
    {
        own_server const server;
        auto s = open(server.dsn());
        CHECK(look(s, "security.superusers").empty());
        CHECK(look(s, "security.md5").empty());
        CHECK(look(s, "security.trust").empty());
        s.batch("CREATE ROLE \"Second\" LOGIN SUPERUSER; CREATE ROLE sleeping SUPERUSER; "
                "CREATE ROLE bare LOGIN; SET password_encryption = md5; CREATE ROLE \"Old\" LOGIN "
                "PASSWORD 'x'");
        s.take_notices(); // from 18 on a warning
        CHECK(look(s, "security.superusers") == list{"warning role \"Second\""});
        CHECK(look(s, "security.md5") ==
              list{"warning password_encryption", "warning role \"Old\""});
        s.run("RESET password_encryption");

        std::ofstream{server.directory() + "/data/pg_hba.conf", std::ios::app}
            << "host all all 127.0.0.1/32 trust\n"
               "host all all ::1/128 trust\n"
               "host all all localhost trust\n"
               "host all all samehost trust\n"
               "local all all trust\n"
               "host shop,sales clerk 10.1.0.0/16 trust\n" // line 9
               "host all all 10.0.0.0/8 scram-sha-256\n"
               "host all all .example.com password\n"
               "host all all 0.0.0.0/0 trust\n"
               "nonsense\n";
        CHECK(look(s, "security.trust") ==
              list{"error pg_hba.conf:11", "error pg_hba.conf:12", "error pg_hba.conf:9"});
        CHECK(about(s, "security.trust", "pg_hba.conf:9").message ==
              "no password by host for database shop,sales, role clerk from "
              "10.1.0.0/255.255.0.0");
        CHECK(about(s, "security.trust", "pg_hba.conf:11").message ==
              "password in the clear by host for database all, role all from .example.com");

        auto bare = open(server.dsn() + " user=bare");
        CHECK(look(bare, "security.superusers") == list{"warning role \"Second\""});
        CHECK(look(bare, "security.md5") == list{"needs a superuser, or SELECT on pg_authid"});
        CHECK(look(bare, "security.trust") ==
              list{"needs a superuser, or EXECUTE on pg_hba_file_rules()"});
        s.batch("GRANT SELECT ON pg_authid TO bare; "
                "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO bare");
        CHECK(look(bare, "security.md5") == list{"warning role \"Old\""});
        CHECK(look(bare, "security.trust").size() == 3);
        s.run(about(s, "security.superusers", "role \"Second\"").fix);
        CHECK(look(s, "security.superusers").empty());
    }
}
