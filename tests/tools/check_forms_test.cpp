// SPDX-License-Identifier: Apache-2.0
// The forms of check's output, each held against its rules: also with names that want to break out.
#include <array>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/annotated.hpp"
#include "support/form.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr std::array forms{"text",   "markdown", "json",       "junit", "sarif",
                           "github", "gitlab",   "prometheus", "nagios"};

std::string quoted_name(std::string const &name)
{
    return "\"" + replace_all(name, "\"", "\"\"") + "\"";
}

// Names that would break something if they were printed as they are.
std::vector<std::string> const hostile{
    "a|<b>&amp;\n::error::x\x1b[31m%`*_[x](y)",
    "]]></failure><failure message=\"x",
    "\"quoted\" 'both' \\ back\\slash",
    "\xE2\x80\xAE"
    "right to left \xE2\x81\xA6",
    "tab\tcr\rbell\x07"
    "del\x7f",
    "c1 \xC2\x9B"
    "31m",
    "; DROP TABLE x; --",
    "'a'=1;2;3 | {x=\"y\"} 5\n# HELP",
    std::string(63, 'x'),
    std::string(61, 'y') + "\xC3\xA9",
};

void make_hostile(database const &db)
{
    for (auto const &name : hostile) {
        auto const it = quoted_name(name),
                   index = quoted_name("i" + name.substr(name.size() < 63 ? 0 : 1));
        db.psql("CREATE SCHEMA " + it + "; CREATE TABLE " + it + "." + it + " (" + it +
                " int); CREATE INDEX one ON " + it + "." + it + " (" + it + "); CREATE INDEX " +
                index + " ON " + it + "." + it + " (" + it + ")");
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("every form is what its readers expect, whatever a catalog holds, and says the same")
    {
        ground const g{"", "checks:\n  waive:\n    - { id: table.primary_key, object: \"*\", "
                           "because: \"<why>\", until: 2999-01-01 }\n"
                           "    - { id: index.invalid, because: none, until: 2999-01-01 }\n"};
        make_hostile(g.db);
        g.db.psql("CREATE TABLE public.twice (n int PRIMARY KEY); ALTER TABLE public.twice ADD "
                  "CHECK (n > 0) NOT VALID, ADD CHECK (n < 9) NOT VALID"); // two of one object
        auto const known = g.files.path() + "/known.json";
        std::vector<std::string> const areas{"check", "--only", "table", "--only", "index"};
        auto const take = [&](std::string const &form, std::vector<std::string> const &more = {}) {
            auto args = areas;
            args.insert(args.begin(), {"-o", form});
            args.insert(args.end(), more.begin(), more.end());
            auto const done = g.run(args);
            CAPTURE(form);
            CHECK(done.err.empty());
            return hold(g.files, form, done.out);
        };
        auto const all = take("json");
        // An index that is there twice for each name, two constraints, and a waiver that matches
        // nothing.
        CHECK(all >= static_cast<int>(hostile.size()) + 3);
        for (auto const *form : forms) {
            CAPTURE(form);
            auto const found = take(form);
            auto const name = std::string{form};
            if (name == "sarif" || name == "github" || name == "gitlab" || name == "prometheus") {
                CHECK(found == all);
            }
        }
        // With a baseline there is nothing to tell, and it is read back as it was written.
        auto args = areas;
        args.insert(args.end(), {"--write-baseline", known});
        CHECK(g.run(args).code == 0);
        for (auto const *form : forms) {
            CAPTURE(form);
            auto const found = take(form, {"--baseline", known});
            CHECK((found == 0 || std::string{form} == "sarif"));
        }
    }

    TEST_CASE("a failure of JUnit is what fails, the rest are passed tests")
    {
        ground const g;
        g.db.psql("CREATE TABLE public.t (n int)");
        auto const junit = [&](std::string const &level) {
            return hold(g.files, "junit",
                        g.run({"-o", "junit", "check", "--only", "table", "--fail-on", level}).out);
        };
        CHECK(junit("error") == 0);
        CHECK(junit("warning") == 1);
    }

    TEST_CASE("the rules of the forms notice what is wrong")
    {
        scratch const files;
        auto const wrong = [&](std::string const &form, std::string const &out) {
            CHECK_THROWS_AS(hold(files, form, out), error);
        };
        wrong("prometheus", "a 1\n");
        wrong("prometheus", "# HELP a b\n# TYPE a gauge\na{x=\"y\"z\"} 1\n");
        wrong("nagios", "PGTEND OK - x | 'a'=1;;;\nmore\n");
        wrong("nagios", "PGTEND OK - x | y | 'a'=1\n");
        wrong("github", "::error title=a::b\nfree text\n");
        wrong("gitlab", "[{}]");
        wrong("sarif", R"({"version": "2.1.0", "runs": []})");
        wrong("junit", "<testsuites/>");
        wrong("text", "\x1b[31m");
    }
}
