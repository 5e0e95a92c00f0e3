// SPDX-License-Identifier: Apache-2.0
#include "model/storage_parameter.hpp"

#include <doctest/doctest.h>
#include <string>

#include "base/error.hpp"
#include "support/database.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("by name, of the table and of its TOAST table")
    {
        CHECK(model::find_storage_parameter("fillfactor"));
        CHECK_FALSE(model::find_storage_parameter("toast.fillfactor"));
        CHECK(model::find_storage_parameter("toast.vacuum_truncate"));
        CHECK_FALSE(model::find_storage_parameter("toast."));
        CHECK_FALSE(model::find_storage_parameter("toast.toast.vacuum_truncate"));
        CHECK_FALSE(model::find_storage_parameter("FILLFACTOR"));
        CHECK(model::find_storage_parameter("autovacuum_vacuum_max_threshold")->since == 18);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("the server knows these, from the versions on that are said")
    {
        test::database const db;
        auto s = db.connect();
        auto const known = [&](std::string const &name) {
            s.begin();
            std::string said;
            try {
                s.run("CREATE TABLE t (a int, b text) WITH (" + name + " = 1)");
            } catch (error const &e) {
                said = e.message(); // also: 1 is out of bounds
            }
            s.rollback();
            return said.find("unrecognized parameter") == std::string::npos;
        };
        CHECK_FALSE(known("no_such_parameter"));
        for (auto const &each : model::storage_parameters()) {
            std::string const name{each.name};
            CAPTURE(name);
            bool const there = s.server_version() >= each.since * 10000;
            CHECK(known(name) == there);
            CHECK(known("toast." + name) == (there && each.toast));
        }
    }
}
