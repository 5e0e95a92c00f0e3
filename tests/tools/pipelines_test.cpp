// SPDX-License-Identifier: Apache-2.0
// docs/pipelines.md: each recipe is taken out of it and done as its runner would, on a database
// that is ready and on one that is not.
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "support/database.hpp"
#include "support/form.hpp"
#include "support/hour.hpp"
#include "support/process.hpp"
#include "tools/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

struct recipe {
    std::string language, name, text; // the name stands in a comment: "# gate.sh: ..."
};

std::vector<recipe> recipes()
{
    auto const *root = std::getenv("PGTEND_SOURCE");
    std::vector<recipe> out;
    bool inside = false;
    for (auto const &line :
         split(text_of(std::string{root == nullptr ? "." : root} + "/docs/pipelines.md"), '\n')) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside) {
                out.push_back({line.substr(3), {}, {}});
            }
        } else if (inside) {
            auto &of = out.back();
            if (of.name.empty() && line.starts_with("# ")) {
                auto const words = line.substr(2);
                of.name = words.substr(0, words.find(':'));
            }
            of.text += line + "\n";
        }
    }
    return out;
}

recipe named(std::string const &name)
{
    for (auto &each : recipes()) {
        if (each.name == name) {
            return each;
        }
    }
    throw error{"docs/pipelines.md has no recipe " + name};
}

// A machine that has pgtend in its PATH, and a checkout.
struct machine {
    database db;
    scratch checkout, elsewhere;

    machine()
    {
        checkout.write(
            "pgtend.yaml",
            "version: 1\ntargets: { shop: { dsn: \"${DATABASE_URL}\" } }\n"
            "indexes:\n  - { table: public.orders, name: orders_zone, on: \"(zone)\" }\n"
            "checks:\n  skip: [config, backup, vacuum, performance, connection, security]\n"
            "  profiles: { production: { fail_on: warning } }\n");
        db.psql("CREATE TABLE public.orders (id int PRIMARY KEY, zone int); CREATE INDEX "
                "orders_zone ON public.orders (zone)");
        if (run("sh", "pgtend -c pgtend.yaml init").code != 0) {
            throw error{"pgtend init failed"};
        }
    }
    void spoil() const { db.psql("DROP INDEX public.orders_zone"); }

    // As `bash -e FILE` does it, which is how both runners do.
    finished run(std::string const &shell, std::string const &text) const
    {
        auto const file = elsewhere.write("step", "cd '" + checkout.path() + "'\n" + text);
        auto const binary = std::filesystem::path{std::getenv("PGTEND_BINARY")};
        std::vector<std::string> words{shell, "-e", file};
        if (shell == "bash") {
            words.insert(words.begin() + 1, {"--noprofile", "--norc", "-o", "pipefail"});
        }
        process done{process::program{words},
                     {{"PATH", binary.parent_path().string() + ":" + std::getenv("PATH")},
                      {"DATABASE_URL", db.dsn()},
                      {"GITHUB_STEP_SUMMARY", elsewhere.path() + "/summary"},
                      {"TEXTFILE_DIR", elsewhere.path()},
                      {"PGTEND_CONFIG", checkout.path() + "/pgtend.yaml"}}};
        return done.wait();
    }
    std::string made(std::string const &file) const
    {
        return text_of(checkout.path() + "/" + file);
    }
};

struct steps_done {
    int code = 0; // of the last
    int runs = 0;
    std::string out = {};
};

// One after the other, until one fails.
steps_done workflow(machine const &on, YAML::Node const &steps)
{
    steps_done all;
    for (auto const &step : steps) {
        REQUIRE(step["run"].IsDefined() != step["uses"].IsDefined());
        if (step["run"].IsDefined()) {
            auto const done = on.run("bash", step["run"].as<std::string>());
            CAPTURE(done.err);
            ++all.runs;
            all.code = done.code;
            all.out += done.out;
            if (done.code != 0) {
                break;
            }
        }
    }
    return all;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("each recipe has its file's name and a language, and none is left out here")
    {
        std::vector<std::string> names;
        for (auto const &each : recipes()) {
            CHECK((each.language == "yaml" || each.language == "sh"));
            CHECK_NOTHROW(YAML::Load(each.language == "yaml" ? each.text : ""));
            names.push_back(each.name);
        }
        CHECK(join(names, " ") ==
              ".github/workflows/database.yml .gitlab-ci.yml gate.sh only-new.sh "
              "metrics.sh check_pgtend.sh");
    }
}

TEST_SUITE("db")
{
    TEST_CASE("GitHub Actions: the gate is the last step, and closes after all was told")
    {
        machine const m;
        auto const flow = YAML::Load(named(".github/workflows/database.yml").text);
        REQUIRE(flow["on"]["pull_request"].IsDefined());
        auto const job = flow["jobs"]["readiness"];
        REQUIRE(job["runs-on"].IsSequence());
        CHECK(job["env"]["DATABASE_URL"].IsDefined());
        auto const ready = workflow(m, job["steps"]);
        CHECK(ready.code == 0);
        CHECK(ready.runs == 4);
        CHECK(hold(m.elsewhere, "sarif", m.made("pgtend.sarif")) >= 0);

        m.spoil();
        auto const spoiled = workflow(m, job["steps"]);
        CHECK(spoiled.code == 3);
        CHECK(spoiled.runs == 4);
        CHECK(has(spoiled.out, "::error file=pgtend.yaml,line=4,title=declared.indexes::"));
        CHECK(has(text_of(m.elsewhere.path() + "/summary"), "create index"));
        CHECK(hold(m.elsewhere, "sarif", m.made("pgtend.sarif")) > 0);
        CHECK(has(m.made("pgtend.sarif"), "declared.indexes"));
    }

    TEST_CASE("GitLab CI: both reports are there when the gate has closed")
    {
        machine const m;
        auto const all = YAML::Load(named(".gitlab-ci.yml").text);
        auto const job = all["readiness"];
        auto const script = join(job["script"].as<std::vector<std::string>>(), "\n");
        CHECK(job["artifacts"]["when"].as<std::string>() == "always");
        auto const reports = job["artifacts"]["reports"];
        CHECK(m.run("bash", script).code == 0);
        m.spoil();
        CHECK(m.run("bash", script).code == 3);
        CHECK(hold(m.elsewhere, "junit", m.made(reports["junit"].as<std::string>())) == 1);
        auto const quality = m.made(reports["codequality"].as<std::string>());
        CHECK(hold(m.elsewhere, "gitlab", quality) > 0);
        CHECK(has(quality, "declared.indexes"));
    }

    TEST_CASE("plain shell: before a deploy, what is new, and for monitoring")
    {
        machine const m;
        auto const sh = [&](std::string const &name) { return m.run("sh", named(name).text); };
        CHECK(sh("gate.sh").code == 0);
        CHECK(has(sh("gate.sh").out, "the database is ready"));
        CHECK(sh("check_pgtend.sh").code == 0);
        auto const first = sh("only-new.sh");
        CHECK(first.code == 0);
        CHECK(has(first.err, "known.json is new"));

        m.spoil();
        auto const closed = sh("gate.sh");
        CHECK(closed.code == 3);
        CHECK(has(closed.err, "the database is not ready"));
        auto const news = sh("only-new.sh");
        CHECK(news.code == 3);
        CHECK(has(news.out, "1 new"));
        auto const line = sh("check_pgtend.sh");
        CHECK(line.code == 2);
        CHECK(hold(m.elsewhere, "nagios", line.out) > 0);
        CHECK(sh("metrics.sh").code == 0);
        CHECK(hold(m.elsewhere, "prometheus", text_of(m.elsewhere.path() + "/pgtend.prom")) > 0);
        CHECK(!std::filesystem::exists(m.elsewhere.path() + "/pgtend.prom.new"));

        m.checkout.write("pgtend.yaml", "version: 2\n");
        auto const wrong = sh("gate.sh");
        CHECK(wrong.code == 2);
        CHECK(has(wrong.err, "the check could not be made"));
    }
}
