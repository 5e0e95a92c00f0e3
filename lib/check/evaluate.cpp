// SPDX-License-Identifier: Apache-2.0
#include "check/evaluate.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::check {
namespace {

severity severity_of(std::string const &text, severity otherwise)
{
    for (auto const each : {severity::info, severity::warning, severity::error}) {
        if (text == name(each)) {
            return each;
        }
    }
    return otherwise;
}

void fill(outcome &out, rows const &found)
{
    auto const needs = found.column("needs"), value = found.column("value");
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.at(i, needs)) {
            out.unseen.push_back(found.text(i, needs));
            continue;
        }
        out.findings.push_back(
            {.severity = severity_of(found.text(i, "severity"), out.of->severity),
             .object = found.text(i, "object"),
             .message = found.text(i, "message"),
             .value = found.at(i, value) ? std::optional{found.real(i, value)} : std::nullopt,
             .fix = found.text(i, "fix")});
    }
}

std::vector<param> parameters(rule const &of, std::vector<model::check_threshold> const &set)
{
    std::vector<param> out;
    for (auto const &each : thresholds(of)) {
        auto const own = std::find_if(set.begin(), set.end(), [&](auto const &one) {
            return one.id == of.id && one.key == each.key;
        });
        out.emplace_back(fmt::format("{}", own == set.end() ? each.value : own->value));
    }
    return out;
}

void note(pg::session &s, outcome &out, error const &e)
{
    // The time limit is that of one query.
    if (s.lost() || (ends_work(e) && dynamic_cast<timed_out const *>(&e) == nullptr)) {
        throw;
    }
    auto const state = e.sqlstate().empty() ? "" : " (SQLSTATE " + e.sqlstate() + ")";
    out.unseen.push_back("it failed: " + e.message() + state);
}

void ask(pg::session &s, outcome &out, std::vector<model::check_threshold> const &set,
         pg::limits const &each)
{
    s.run("SAVEPOINT pgtend", {}, each);
    try {
        auto const query = query_for(*out.of, s.server_version() / 10'000);
        fill(out, s.run(query, parameters(*out.of, set), each));
        s.run("RELEASE SAVEPOINT pgtend", {}, each);
    } catch (error const &e) {
        note(s, out, e);
        s.batch("ROLLBACK TO SAVEPOINT pgtend; RELEASE SAVEPOINT pgtend", each);
    }
}

void look(pg::session &s, outcome &out, evidence &with)
{
    try {
        out.findings = out.of->look(with);
        for (auto &each : out.findings) {
            each.severity = out.of->graded ? each.severity : out.of->severity;
        }
        out.unseen = with.take_missed();
    } catch (check::unseen const &e) {
        out.unseen.emplace_back(e.what());
    } catch (error const &e) {
        note(s, out, e);
        s.rollback();
    }
}

bool selects(std::string const &word, rule const &of)
{
    return word == of.id || word == area(of);
}

} // namespace

std::vector<rule const *> chosen(choice const &which)
{
    for (auto const *list : {&which.only, &which.skip}) {
        for (auto const &word : *list) {
            std::vector<std::string_view> known;
            for (auto const &each : catalogue()) {
                known.push_back(each.id);
                known.push_back(area(each));
            }
            if (std::find(known.begin(), known.end(), word) == known.end()) {
                auto const near = nearest(word, known);
                throw usage_error{"there is no check " + in_quotes(word),
                                  near ? "did you mean " + *near + "?"
                                       : "pgtend check --list has them all"};
            }
        }
    }
    auto const any = [](std::vector<std::string> const &list, rule const &of) {
        return std::any_of(list.begin(), list.end(),
                           [&](auto const &word) { return selects(word, of); });
    };
    std::vector<rule const *> out;
    for (auto const &each : catalogue()) {
        if ((which.only.empty() || any(which.only, each)) && !any(which.skip, each)) {
            out.push_back(&each);
        }
    }
    return out;
}

void drop_undeclared(std::vector<rule const *> &rules, choice const &which, sources const &from)
{
    auto const declared = [&](rule const &of) {
        return of.declared == nullptr || of.declared(from);
    };
    auto const named = [&](std::string_view word) {
        return std::find(which.only.begin(), which.only.end(), word) != which.only.end();
    };
    std::vector<std::string_view> bare; // areas that were asked for, and have nothing
    for (auto const *each : rules) {
        if (named(area(*each)) && std::none_of(rules.begin(), rules.end(), [&](auto const *one) {
                return area(*one) == area(*each) && declared(*one);
            })) {
            bare.push_back(area(*each));
        }
    }
    std::erase_if(rules, [&](auto const *each) {
        return !declared(*each) && !named(each->id) &&
               std::find(bare.begin(), bare.end(), area(*each)) == bare.end();
    });
}

std::vector<outcome> evaluate(pg::session &s, std::vector<rule const *> const &rules,
                              std::vector<model::check_threshold> const &set, evidence &with,
                              pg::limits const &each)
{
    with.judge_by(set);
    std::vector<outcome> out;
    for (auto const *of : rules) {
        out.push_back({.of = of, .findings = {}, .unseen = {}});
    }
    auto const timed = [&](outcome &of, auto const &work) {
        auto const begin = std::chrono::steady_clock::now();
        auto const fetched = with.fetches().size();
        work(of);
        of.elapsed =
            std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
        for (auto i = fetched; i < with.fetches().size(); ++i) {
            of.elapsed -= with.fetches()[i].elapsed;
        }
    };
    s.begin(pg::isolation::repeatable_read, true, each);
    // Compiling these queries would take longer than running them.
    s.batch("SET LOCAL lock_timeout = '50ms'; SET LOCAL search_path = ''; SET LOCAL jit = off",
            each);
    for (auto &one : out) {
        if (!one.of->query.empty()) {
            timed(one, [&](outcome &of) { ask(s, of, set, each); });
        }
    }
    s.rollback();
    for (auto &one : out) {
        if (one.of->query.empty()) {
            timed(one, [&](outcome &of) { look(s, of, with); });
        }
    }
    return out;
}

} // namespace pgtend::check
