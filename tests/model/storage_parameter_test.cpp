// SPDX-License-Identifier: Apache-2.0
#include "model/storage_parameter.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace pgtend;
using namespace pgtend::model;

namespace {

std::string advised_refusal(std::string_view name, std::string_view value)
{
    try {
        check_storage_parameter(name, value);
    } catch (error const &e) {
        return e.message() + " | " + e.hint();
    }
    return "";
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("values are taken in the server's ranges")
    {
        for (auto const &[name, value] : {std::pair{"autovacuum_vacuum_scale_factor", "0.05"},
                                          {"autovacuum_vacuum_scale_factor", "0"},
                                          {"autovacuum_vacuum_scale_factor", "100"},
                                          {"toast.autovacuum_vacuum_scale_factor", "0.1"},
                                          {"autovacuum_vacuum_insert_threshold", "-1"},
                                          {"autovacuum_freeze_max_age", "2000000000"},
                                          {"fillfactor", "10"},
                                          {"autovacuum_enabled", "false"},
                                          {"vacuum_index_cleanup", "auto"},
                                          {"vacuum_index_cleanup", "true"}}) {
            CAPTURE(name);
            CHECK(advised_refusal(name, value).empty());
        }
        CHECK(advised_refusal("autovacuum_vacuum_scale_factor", "100.5") ==
              "'100.5' is not a value of autovacuum_vacuum_scale_factor | write a number from 0 to "
              "100");
        CHECK(advised_refusal("fillfactor", "9") ==
              "'9' is not a value of fillfactor | write a whole number from 10 to 100");
        CHECK(advised_refusal("autovacuum_freeze_max_age", "2000000001") ==
              "'2000000001' is not a value of autovacuum_freeze_max_age | write a whole number "
              "from 100000 to 2000000000");
        CHECK(advised_refusal("autovacuum_vacuum_threshold", "1.5") ==
              "'1.5' is not a value of autovacuum_vacuum_threshold | write a whole number from 0 "
              "to 2147483647");
        CHECK(advised_refusal("autovacuum_enabled", "1") ==
              "'1' is not a value of autovacuum_enabled | write true or false");
        CHECK(advised_refusal("autovacuum_enabled", "auto") ==
              "'auto' is not a value of autovacuum_enabled | write true or false");
        CHECK(advised_refusal("vacuum_index_cleanup", "maybe") ==
              "'maybe' is not a value of vacuum_index_cleanup | write true, false or auto");
        CHECK(advised_refusal("fillfactor", "") != "");
        CHECK(advised_refusal("fillfactor", "90) x") != "");
    }

    TEST_CASE("an unknown name is told with the nearest")
    {
        CHECK(advised_refusal("autovacuum_vacum_scale_factor", "1") ==
              "'autovacuum_vacum_scale_factor' is not a storage parameter of tables | did you mean "
              "'autovacuum_vacuum_scale_factor'?");
        CHECK(find_storage_parameter("toast.fillfactor") == nullptr);
        CHECK(find_storage_parameter("toast.autovacuum_analyze_threshold") == nullptr);
        CHECK(find_storage_parameter("toast.vacuum_truncate") != nullptr);
    }

    TEST_CASE("the part that most of them have in common may be left out")
    {
        CHECK(full_parameter_name("vacuum_scale_factor") == "autovacuum_vacuum_scale_factor");
        CHECK(full_parameter_name("autovacuum_vacuum_scale_factor") ==
              "autovacuum_vacuum_scale_factor");
        CHECK(full_parameter_name("toast.enabled") == "toast.autovacuum_enabled");
        CHECK(full_parameter_name("vacuum_truncate") == "vacuum_truncate");
        CHECK(full_parameter_name("toast.vacuum_truncate") == "toast.vacuum_truncate");
        CHECK_THROWS_WITH(full_parameter_name("parallel_workers"),
                          "'parallel_workers' is not a storage parameter of vacuum");
        CHECK_THROWS_WITH(full_parameter_name("toast.analyze_threshold"),
                          "'toast.analyze_threshold' is not a storage parameter of vacuum");
    }

    TEST_CASE("what the server reads the same is the same")
    {
        CHECK(same_parameter_value("autovacuum_vacuum_scale_factor", "0.05", "5e-2"));
        CHECK(same_parameter_value("autovacuum_vacuum_threshold", "50", "50.0"));
        CHECK(same_parameter_value("autovacuum_enabled", "off", "false"));
        CHECK(same_parameter_value("toast.autovacuum_enabled", "ON", "true"));
        CHECK(same_parameter_value("vacuum_index_cleanup", "AUTO", "auto"));
        CHECK_FALSE(same_parameter_value("vacuum_index_cleanup", "auto", "true"));
        CHECK_FALSE(same_parameter_value("autovacuum_enabled", "on", "off"));
        CHECK_FALSE(same_parameter_value("fillfactor", "70", "80"));
        CHECK_FALSE(same_parameter_value("fillfactor", "", "80"));
        CHECK_FALSE(same_parameter_value("no_such", "1", "1.0"));
    }

    TEST_CASE("they stand in the order of their names")
    {
        auto const all = storage_parameters();
        CHECK(std::is_sorted(all.begin(), all.end(),
                             [](auto const &a, auto const &b) { return a.name < b.name; }));
    }
}
