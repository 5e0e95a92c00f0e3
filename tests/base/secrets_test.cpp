// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <string>

#include "base/secrets.hpp"

using pgtend::without_secrets;

TEST_SUITE("nodb")
{
    TEST_CASE("passwords in arguments are overwritten in place, everything else stays")
    {
        CHECK(without_secrets("host=h password=secret dbname=d") ==
              "host=h password=xxxxxx dbname=d");
        CHECK(without_secrets("host=h password = 'se cr\\'et' dbname=d") ==
              "host=h password = 'xxxxxxxxx' dbname=d");
        CHECK(without_secrets("PASSWORD=secret") == "PASSWORD=xxxxxx");
        CHECK(without_secrets("password=a\\ b dbname=d") == "password=xxxx dbname=d");
        CHECK(without_secrets("sslpassword=secret") == "sslpassword=xxxxxx");
        CHECK(without_secrets("postgresql://me:secret@host:5432/db") ==
              "postgresql://me:xxxxxx@host:5432/db");
        CHECK(without_secrets("postgres://me:se:c@ret@host/db") ==
              "postgres://me:xxxxxxxx@host/db");
        CHECK(without_secrets("postgresql://host/db?user=me&password=secret&x=y") ==
              "postgresql://host/db?user=me&password=xxxxxx&x=y");
        CHECK(without_secrets("postgresql://me@host/db") == "postgresql://me@host/db");
        CHECK(without_secrets("--where=passwords = 3") == "--where=passwords = 3");
        CHECK(without_secrets("password").size() == 8);
        CHECK(without_secrets("").empty());
    }
    TEST_CASE("passwords in SQL are hidden, in each way of writing a literal")
    {
        CHECK(without_secrets("ALTER ROLE a PASSWORD 'secret' VALID UNTIL 'x'") ==
              "ALTER ROLE a PASSWORD 'xxxxxx' VALID UNTIL 'x'");
        CHECK(without_secrets("create role a password\n  'it''s' login") ==
              "create role a password\n  'xxxxx' login");
        CHECK(without_secrets("PASSWORD E'a\\'b' x") == "PASSWORD E'xxxx' x");
        CHECK(without_secrets("PASSWORD $$secret$$;") == "PASSWORD xxxxxxxxxxx");
        for (auto const *sql : {"CONNECTION 'host=h password=secret'",
                                "CONNECTION 'host=h password=''secret it'' dbname=d'",
                                "OPTIONS (user 'u', password 'secret')",
                                "dblink('postgresql://me:secret@h/d', 'a') , ('https://b')",
                                "dblink('https://b'), dblink('postgresql://me:secret@h/d')"}) {
            CHECK(without_secrets(sql).find("secret") == std::string::npos);
        }
        CHECK(without_secrets("SELECT password FROM u WHERE passwords > 3") ==
              "SELECT password FROM u WHERE passwords > 3");
    }
}
