// SPDX-License-Identifier: Apache-2.0
#include "pg/session.hpp"

#include <doctest/doctest.h>

#include "support/database.hpp"

using namespace pgtend;
using test::database;

namespace {

// The error of a call, to look at its parts.
template <class Error, class Call> Error failure_of(Call const &call)
{
    try {
        call();
    } catch (Error const &e) {
        CHECK(typeid(e) == typeid(Error));
        return e;
    }
    throw std::logic_error{"the call did not fail"};
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("values: NULL, the empty string and text come back as they went")
    {
        database const db;
        auto s = db.connect();
        auto const r = s.run("SELECT $1::text AS a, $2::text AS b, $3::text AS c", {param{}, param{""}, param{"ä'\"\\"}});
        CHECK(r.size() == 1);
        CHECK(r.names() == std::vector<std::string>{"a", "b", "c"});
        CHECK(r.at(0, 0) == param{});
        CHECK(r.at(0, 1) == param{""});
        CHECK(r.at(0, 2) == param{"ä'\"\\"});
    }

    TEST_CASE("rows without columns have a size")
    {
        database const db;
        auto s = db.connect();
        CHECK(s.run("SELECT FROM generate_series(1, 3)").size() == 3);
    }

    TEST_CASE("every error carries its SQLSTATE and statement")
    {
        database const db;
        auto s = db.connect();
        auto const e = failure_of<error>([&] { s.run("SELECT * FROM missing WHERE a = $1", {"secret"}); });
        CHECK(e.sqlstate() == "42P01");
        CHECK(e.message() == "relation \"missing\" does not exist");
        CHECK(e.statement() == "SELECT * FROM missing WHERE a = $1");
    }
}
