// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md names every key, and what the documents show loads.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>

#include "config/file.hpp"
#include "config/support.hpp"
#include "model/storage_parameter.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string document(std::string const &name)
{
    auto const *source = std::getenv("PGTEND_SOURCE");
    return config::read_file((source == nullptr ? "." : source) + std::string{"/"} + name,
                             1'000'000, {})
        .bytes;
}

// The keys of a map, as the hint about an unknown one tells them; %s of the file is where the map
// stands.
lines keys_of(std::string yaml)
{
    yaml.replace(yaml.find("%s"), 2, "zzzzzzzzzzzzzzzzzzzz: 1");
    try {
        load(yaml);
    } catch (config_error const &e) {
        for (auto const &d : e.diagnostics()) {
            auto const begin = d.hint.find("has the keys ");
            if (begin == std::string::npos) {
                continue;
            }
            lines out;
            auto rest = d.hint.substr(begin + 13);
            for (auto at = rest.find(" and "); at != std::string::npos; at = rest.find(" and ")) {
                rest.replace(at, 5, ", ");
            }
            for (std::size_t at = 0; at < rest.size();) {
                auto const end = std::min(rest.find(", ", at), rest.size());
                out.push_back(rest.substr(at, end - at));
                at = end + 2;
            }
            return out;
        }
    }
    return {};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("every key of every map is documented")
    {
        auto const text = document("docs/configuration.md") + document("docs/probes.md");
        struct place {
            std::string yaml;
            std::string prefix; // how the document writes its keys
        };
        place const places[] = {
            {"version: 1\n%s\n", ""},
            {"version: 1\ndefaults: { %s }\n", ""},
            {"version: 1\ndefaults: { lock: { %s } }\n", "lock."},
            {"version: 1\ndefaults: { retry: { %s } }\n", "retry."},
            {"version: 1\ndefaults: { breaker: { %s } }\n", "breaker."},
            {"version: 1\ntargets: { a: { %s } }\n", ""},
            {"version: 1\ntargets: { a: { expect: { %s } } }\n", ""},
            {"version: 1\npartitions: [ { %s } ]\n", ""},
            {"version: 1\nindexes: [ { %s } ]\n", ""},
            {"version: 1\nmatviews: [ { %s } ]\n", ""},
            {"version: 1\nmatviews: [ { query: { %s } } ]\n", "query."},
            {"version: 1\nmatviews: [ { unique_index: { %s } } ]\n", "unique_index."},
            {"version: 1\njobs: [ { %s } ]\n", ""},
            {job_that("refresh: { %s }"), ""},
            {job_that("cleanup: { %s }"), ""},
            {job_that("expire: { %s }"), ""},
            {job_that("vacuum: { %s }"), ""},
            {job_that("analyze: { %s }"), ""},
            {job_that("partition: { %s }"), ""},
            {job_that("index: { %s }"), ""},
            {job_that("sql: { %s }"), ""},
            {job_that("watch: { %s }"), ""},
            {job_that("watch: { insert: { %s } }"), ""},
            {"version: 1\nprobes: [ { %s } ]\n", ""},
            {"version: 1\nprobes: [ { http: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { http: { expect: { %s } } } ]\n", ""},
            {"version: 1\nprobes: [ { tls: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { redis: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { rate_limit: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { rate_limit: { tiers: [ { %s } ] } } ]\n", ""},
            {"version: 1\nprobes: [ { k6: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { log: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { pgbouncer: { %s } } ]\n", ""},
            {"version: 1\nprobes: [ { prometheus: { %s } } ]\n", ""},
            {"version: 1\nattestations: [ { %s } ]\n", ""},
            {"version: 1\nobjectives: [ { %s } ]\n", ""},
        };
        for (auto const &[yaml, prefix] : places) {
            CAPTURE(yaml);
            auto const keys = keys_of(yaml);
            CHECK_FALSE(keys.empty());
            for (auto const &key : keys) {
                CAPTURE(key);
                CHECK(text.find("`" + prefix + key + "`") != std::string::npos);
            }
        }
    }

    TEST_CASE("every storage parameter is documented")
    {
        auto const text = document("docs/autovacuum.md");
        for (auto const &each : model::storage_parameters()) {
            CAPTURE(each.name);
            auto const at = text.find("| `" + std::string{each.name} + "` |");
            CHECK((at == std::string::npos) == each.other_purpose);
        }
    }

    TEST_CASE("each YAML file that the documents show loads")
    {
        for (auto const *name :
             {"docs/configuration.md", "docs/autovacuum.md", "docs/probes.md", "README.md"}) {
            auto const text = document(name);
            int blocks = 0;
            for (auto at = text.find("```yaml\nversion:"); at != std::string::npos;
                 at = text.find("```yaml\nversion:", at + 1)) {
                auto const begin = at + 8;
                auto const yaml = text.substr(begin, text.find("```", begin) - begin);
                CAPTURE(yaml);
                CHECK(problems(yaml, {{"SHOP_DSN", "dbname=shop"}}) == lines{});
                ++blocks;
            }
            CHECK(blocks > 0);
        }
    }
}
