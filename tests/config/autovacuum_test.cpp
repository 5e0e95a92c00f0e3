// SPDX-License-Identifier: Apache-2.0
// The section `autovacuum:`.
#include <doctest/doctest.h>

#include "config/support.hpp"
#include "model/storage_parameter.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string with_policy(std::string const &keys)
{
    return "version: 1\nautovacuum:\n  - { tables: [public.t], " + keys + " }\n";
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("parameters in short and in full, also of the TOAST table")
    {
        auto const all =
            load("version: 1\nautovacuum:\n"
                 "  - { tables: [public.orders, \"public.Items\"], vacuum_scale_factor: 0.05,\n"
                 "      autovacuum_analyze_scale_factor: 0.02, toast.vacuum_threshold: 1000,\n"
                 "      enabled: true, fillfactor: 90, vacuum_truncate: false,\n"
                 "      toast.vacuum_index_cleanup: auto, vacuum_insert_threshold: -1 }\n"
                 "  - { tables: [public.orders], vacuum_cost_delay: 1 }\n");
        REQUIRE(all.autovacuum.size() == 2);
        auto const &first = all.autovacuum[0];
        CHECK(first.tables ==
              std::vector<qualified_name>{{"public", "orders"}, {"public", "items"}});
        CHECK(first.parameters ==
              std::vector<model::parameter_setting>{{"autovacuum_vacuum_scale_factor", "0.05"},
                                                    {"autovacuum_analyze_scale_factor", "0.02"},
                                                    {"toast.autovacuum_vacuum_threshold", "1000"},
                                                    {"autovacuum_enabled", "true"},
                                                    {"fillfactor", "90"},
                                                    {"vacuum_truncate", "false"},
                                                    {"toast.vacuum_index_cleanup", "auto"},
                                                    {"autovacuum_vacuum_insert_threshold", "-1"}});
        CHECK(first.parameters[2].at.line == 4);
        CHECK(first.parameters[2].at.column == 46);
        CHECK(all.autovacuum[1].at.line == 7);
    }

    TEST_CASE("what is wrong is told where it stands, with the nearest key")
    {
        CHECK(problems(with_policy("vacum_scale_factor: 0.05")) ==
              lines{"3:27: unknown key 'vacum_scale_factor' in an autovacuum policy"});
        CHECK(hint(with_policy("vacum_scale_factor: 0.05")) ==
              "did you mean 'vacuum_scale_factor'?");
        CHECK(hint(with_policy("toast.vacum_threshold: 5")) ==
              "did you mean 'toast.vacuum_threshold'?");
        CHECK(hint(with_policy("zzzzzzzzzzzzzzz: 5")).size() < 200);
        CHECK(problems(with_policy("toast.fillfactor: 90")).size() == 1);
        CHECK(problems(with_policy("parallel_workers: 2")) ==
              lines{"3:27: unknown key 'parallel_workers' in an autovacuum policy"});
        CHECK(problems(with_policy("vacuum_scale_factor: 101")) ==
              lines{"3:48: vacuum_scale_factor: '101' is not a value of "
                    "autovacuum_vacuum_scale_factor"});
        CHECK(hint(with_policy("vacuum_scale_factor: 101")) == "write a number from 0 to 100");
        CHECK(problems(with_policy("vacuum_scale_factor: \"0.05\"")).size() == 1);
        CHECK(problems(with_policy("vacuum_scale_factor: 5 %")).size() == 1);
        CHECK(problems(with_policy("vacuum_scale_factor: [0.05]")).size() == 1);
        CHECK(problems(with_policy("enabled: off")).size() == 1);
        CHECK(problems(with_policy("vacuum_threshold: 1e3")).size() == 1);
        CHECK(problems("version: 1\nautovacuum: [ { tables: [public.t] } ]\n") ==
              lines{"2:15: autovacuum: no storage parameter is given"});
        CHECK(problems("version: 1\nautovacuum: [ { fillfactor: 90 } ]\n") ==
              lines{"2:15: an autovacuum policy needs the key 'tables'"});
        CHECK(
            problems("version: 1\nautovacuum: [ { tables: [orders], fillfactor: 90 } ]\n").size() ==
            1);
        CHECK(problems("version: 1\nautovacuum: [ { tables: [public.t, public.t], fillfactor: 90 "
                       "} ]\n") == lines{"2:36: tables: public.t is there twice"});
        CHECK(problems("version: 1\nautovacuum: { tables: [public.t] }\n").size() == 1);
    }

    TEST_CASE("a parameter that two places declare for one table is refused")
    {
        CHECK(problems(with_policy("vacuum_threshold: 5, autovacuum_vacuum_threshold: 6")) ==
              lines{"3:48: autovacuum_vacuum_threshold: autovacuum_vacuum_threshold is there "
                    "twice"});
        auto const twice = "version: 1\nautovacuum:\n"
                           "  - { tables: [public.t], fillfactor: 90 }\n"
                           "  - { tables: [public.u, public.t], fillfactor: 80 }\n";
        CHECK(problems(twice) == lines{"4:37: fillfactor of public.t is declared twice"});
        CHECK(hint(twice) == "the first is in line 3; remove one of them");
        CHECK(problems("version: 1\npartitions:\n"
                       "  - { table: public.t, key: k, every: month, storage_parameters: { "
                       "fillfactor: 90 } }\n"
                       "autovacuum:\n  - { tables: [public.t], fillfactor: 90 }\n") ==
              lines{"5:27: fillfactor of public.t is declared twice"});
        CHECK(problems("version: 1\npartitions:\n"
                       "  - { table: public.t, key: k, every: month, storage_parameters: { "
                       "fillfactor: 90 } }\n"
                       "autovacuum:\n  - { tables: [public.t], vacuum_threshold: 90 }\n")
                  .empty());
    }
}
