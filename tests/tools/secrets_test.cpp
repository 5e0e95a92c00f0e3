// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <string>

#include "tools/secrets.hpp"

namespace {

std::string wiped(std::string text)
{
    pgtend::tools::wipe_secrets(text.data());
    return text;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("passwords in arguments are overwritten in place, everything else stays")
    {
        CHECK(wiped("host=h password=secret dbname=d") == "host=h password=xxxxxx dbname=d");
        CHECK(wiped("host=h password = 'se cr\\'et' dbname=d") ==
              "host=h password = 'xxxxxxxxx' dbname=d");
        CHECK(wiped("PASSWORD=secret") == "PASSWORD=xxxxxx");
        CHECK(wiped("password=a\\ b dbname=d") == "password=xxxx dbname=d");
        CHECK(wiped("sslpassword=secret") == "sslpassword=xxxxxx");
        CHECK(wiped("postgresql://me:secret@host:5432/db") ==
              "postgresql://me:xxxxxx@host:5432/db");
        CHECK(wiped("postgres://me:se:c@ret@host/db") == "postgres://me:xxxxxxxx@host/db");
        CHECK(wiped("postgresql://host/db?user=me&password=secret&x=y") ==
              "postgresql://host/db?user=me&password=xxxxxx&x=y");
        CHECK(wiped("postgresql://me@host/db") == "postgresql://me@host/db");
        CHECK(wiped("--where=passwords = 3") == "--where=passwords = 3");
        CHECK(wiped("password").size() == 8);
        CHECK(wiped("").empty());
    }
}
