// SPDX-License-Identifier: Apache-2.0
// Tables as a terminal shows them.
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "report/document.hpp"

using namespace pgtend;
using report::align;

namespace {

report::document jobs(std::string const &error)
{
    report::document out;
    out.tables.push_back({.key = "jobs",
                          .columns = {{"job", "job"},
                                      {"rows", "rows", align::right},
                                      {"hidden", ""},
                                      {"error", "error", align::left, true}},
                          .rows = {{{"注文-cleanup"}, {1234LL}, {"secret"}, {error}},
                                   {{"e\u0301te\u0301"}, {5LL}, {"secret"}, {" "}}}});
    return out;
}

std::size_t widest(std::string const &text)
{
    std::size_t out = 0;
    for (auto const &line : split(text, '\n')) {
        out = std::max(out, display_width(line));
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("columns stand below each other, whatever their characters need")
    {
        CHECK(report::render_text(jobs("none"), {}) == "job            rows  error\n"
                                                       "注文-cleanup  1,234  none\n"
                                                       "e\u0301te\u0301               5   \n");
    }

    TEST_CASE("what may be cut is cut, until the table fits")
    {
        auto const text =
            report::render_text(jobs("relation public.gone does not exist"), {.columns = 40});
        CHECK(widest(text) == 40);
        CHECK(text.find("relation public.go…") != std::string::npos);
        CHECK(widest(report::render_text(jobs("x"), {.columns = 40})) < 40);
    }

    TEST_CASE("the widest is cut first, and a name within, so that its end is seen")
    {
        report::document d;
        d.tables = {
            {.key = "rows",
             .columns = {{"a", "a", report::align::left, true},
                         {"b", "b", report::align::left, true}},
             .rows = {{{"public.transport_bookings_2026_11"}, {"of 24 columns, no more."}}}}};
        CHECK(report::render_text(d, {.columns = 50}) ==
              "a                          b\n"
              "public.trans…ings_2026_11  of 24 columns, no more.\n");
    }

    TEST_CASE("a table that cannot fit shows a line for each column, and loses nothing")
    {
        auto const text =
            report::render_text(jobs("relation public.gone does not exist"), {.columns = 30});
        CHECK(text == "job    注文-cleanup\n"
                      "rows   1,234\n"
                      "error  relation public.gone\n"
                      "       does not exist\n"
                      "\n"
                      "job    e\u0301te\u0301\n"
                      "rows   5\n");
    }

    TEST_CASE(
        "a narrow terminal does without spare columns, the first of the list first, and says so")
    {
        auto d = jobs("relation public.gone does not exist");
        d.tables[0].spare = {"rows", "job"};
        CHECK(report::render_text(d, {.columns = 42}).find("too narrow") == std::string::npos);
        CHECK(report::render_text(d, {.columns = 34}) == "job           error\n"
                                                         "注文-cleanup  relation public.gon…\n"
                                                         "e\u0301te\u0301            \n"
                                                         "too narrow to show: rows\n");
        CHECK(report::render_text(d, {.columns = 20}) == "error\n"
                                                         "relation public.gon…\n"
                                                         " \n"
                                                         "too narrow to show:\n"
                                                         "job, rows\n");
        d.tables[0].columns[3].shrinks = false; // not even then: nothing is left out
        CHECK(report::render_text(d, {.columns = 20}).find("rows   1,234\n") != std::string::npos);
    }

    TEST_CASE("a column without anything in it is not shown")
    {
        CHECK(report::render_text(jobs(" "), {}).find("error") == std::string::npos);
    }

    TEST_CASE("fields wrap beside their titles")
    {
        report::document d;
        d.fields = {{"a", "means", {"at minute 0 of every hour, every day"}}, {"b", "n", {3LL}}};
        CHECK(report::render_text(d, {.columns = 24}) == "means  at minute 0 of\n"
                                                         "       every hour, every\n"
                                                         "       day\n"
                                                         "n      3\n");
    }

    TEST_CASE("colour is put around the text and counts for nothing")
    {
        auto d = jobs("x");
        d.tables[0].rows[0][3].tone = report::tone::bad;
        auto const text = report::render_text(d, {.columns = 40, .color = true});
        CHECK(text.find("\x1b[31mx\x1b[0m") != std::string::npos);
        CHECK(report::render_text(d, {.columns = 40}).find('\x1b') == std::string::npos);
    }
}
