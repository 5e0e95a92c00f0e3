// SPDX-License-Identifier: Apache-2.0
// Where check's findings are: at what they are about in the file, so that a review shows them
// there.
#include <doctest/doctest.h>
#include <map>

#include "base/text.hpp"
#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/process.hpp"
#include "json/reader.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// A finding of the check that a line names has to be there.
constexpr char written[] = R"yaml(version: 1
include: [jobs.yaml]
partitions:
  - { table: public.events, key: at, every: month }  # declared.partitions
indexes:
  - { table: public.orders, name: orders_a, on: "(a)" }
  - { table: public.orders, name: orders_b, on: "(b)" }  # declared.indexes
matviews:
  - { name: public.sums, query: "select count(*) as n from public.orders" }  # declared.matviews
autovacuum:
  - { tables: [public.other, public.orders], vacuum_scale_factor: 0.05 }  # declared.autovacuum
checks:
  waive:
    - { id: table.primary_key, because: over, until: 2020-01-01 }  # waiver.current
probes:
  - { name: load, k6: { file: k6.json } }
  - { name: gone, log: { file: gone.log, line: "*", within: 1d } }  # probe.log
attestations:
  - name: restored  # attestation.current
objectives:
  - { name: quick, probe: load, metric: p95, target: "< 1ms" }  # objective.met
)yaml";
constexpr char included[] = R"yaml(jobs:
  - name: tidy  # job.schedule
    schedule: "30 2 * * *"
    timezone: Europe/Berlin
    cleanup:
      table: public.gone  # preflight.statement
      where: "true"
)yaml";

struct written_scene {
    database db;
    scratch files;

    written_scene()
    {
        files.write("pgtend.yaml", written);
        files.write("jobs.yaml", included);
        files.write("k6.json", R"json({"metrics": {"http_req_duration": {"p(95)": 500}}})json");
        db.psql("CREATE TABLE public.orders (a int PRIMARY KEY, b int); CREATE INDEX orders_a ON "
                "public.orders (a); CREATE TABLE public.other (n int PRIMARY KEY); CREATE TABLE "
                "public.bare (n int)");
    }
    std::string check(std::string const &form, std::vector<std::string> const &more = {}) const
    {
        std::vector<std::string> args{
            "-c", files.path() + "/pgtend.yaml", "-d", db.dsn(), "-o", form, "check"};
        args.insert(args.end(), more.begin(), more.end());
        return test::pgtend(args).out;
    }
};

// "FILE:LINE" of each comment.
void read_marks(std::string const &file, std::string const &text,
                std::map<std::string, std::string> &out)
{
    int line = 1;
    for (auto const &each : split(text, '\n')) {
        if (auto const at = each.find("  # "); at != std::string::npos) {
            out[each.substr(at + 4)] = file + ":" + std::to_string(line);
        }
        ++line;
    }
}

std::string file_and_line(json::value const &of, std::initializer_list<std::string_view> file,
                          std::initializer_list<std::string_view> line)
{
    auto const path = *of.follow(file)->text();
    return path.substr(path.rfind('/') + 1) + ":" +
           std::to_string(static_cast<int>(*of.follow(line)->number()));
}

using places = std::map<std::string, std::string>;

places of_sarif(std::string const &text)
{
    places out;
    auto const all = json::parse(text);
    for (auto const &each : *all.find("runs")->items()->front().find("results")->items()) {
        auto const &at = *each.find("locations")->items()->front().find("physicalLocation");
        out[*each.find("ruleId")->text()] =
            file_and_line(at, {"artifactLocation", "uri"}, {"region", "startLine"});
    }
    return out;
}

places of_gitlab(std::string const &text)
{
    places out;
    auto const all = json::parse(text);
    for (auto const &each : *all.items()) {
        out[*each.find("check_name")->text()] =
            file_and_line(*each.find("location"), {"path"}, {"lines", "begin"});
    }
    return out;
}

places of_github(std::string const &text)
{
    places out;
    for (auto const &line : split(text, '\n')) {
        auto const value = [&](std::string const &key) {
            auto const at = line.find(key + "=") + key.size() + 1;
            return line.substr(at, line.find_first_of(",:", at) - at);
        };
        if (has(line, "file=")) {
            auto const file = value("file");
            out[value("title")] = file.substr(file.rfind('/') + 1) + ":" + value("line");
        }
    }
    return out;
}

places of_json(std::string const &text)
{
    places out;
    auto const all = json::parse(text);
    for (auto const &each : *all.find("findings")->items()) {
        if (auto const *at = each.find("at")->text()) {
            out[*each.find("check")->text()] =
                at->substr(at->rfind('/') + 1, at->rfind(':') - at->rfind('/') - 1);
        }
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a finding is where the file has what it is about, and else at its beginning")
    {
        written_scene const s;
        places wanted;
        read_marks("pgtend.yaml", written, wanted);
        read_marks("jobs.yaml", included, wanted);
        REQUIRE(wanted.size() == 10);
        auto const holds = [&](std::string const &form, places const &found) {
            CAPTURE(form);
            for (auto const &[check, at] : wanted) {
                CAPTURE(check);
                REQUIRE(found.contains(check));
                CHECK(found.at(check) == at);
            }
        };
        auto const json = of_json(s.check("json"));
        holds("json", json);
        CHECK(!json.contains("table.primary_key"));
        auto const sarif = of_sarif(s.check("sarif"));
        holds("sarif", sarif);
        CHECK(sarif.at("table.primary_key") == "pgtend.yaml:1");
        holds("gitlab", of_gitlab(s.check("gitlab")));
        auto const github = of_github(s.check("github"));
        holds("github", github);
        CHECK(github.at("table.primary_key") == "pgtend.yaml:1");
    }
}
