// SPDX-License-Identifier: Apache-2.0
#include "preflight/asking.hpp"

#include <fmt/format.h>

#include "plan/statement.hpp"

namespace pgtend::preflight {

asking::asking(pg::session &s, pg::limits each) : session_{s}, each_{std::move(each)}
{
    session_.begin(pg::isolation::read_committed, true, each_);
    auto const longest = std::chrono::ceil<milliseconds>(each_.timeout).count();
    session_.batch(fmt::format("SET LOCAL lock_timeout = '50ms'; SET LOCAL statement_timeout = "
                               "'{}ms'; SET LOCAL search_path = ''; SET LOCAL jit = off; SET LOCAL "
                               "standard_conforming_strings = on",
                               longest),
                   each_);
}

asking::~asking()
{
    session_.rollback();
}

rows asking::ask(std::string_view sql, std::vector<param> const &parameters)
{
    return session_.run(sql, parameters, each_);
}

catalog::lookup asking::find(qualified_name const &name, std::string_view kinds,
                             std::string_view what)
{
    return catalog::find(session_, {name}, kinds, what, each_).front();
}

void asking::parse(std::string_view sql)
{
    session_.parse(sql, each_);
}

void asking::set(std::string_view settings)
{
    session_.batch(settings, each_);
}

bool asking::is_end(error const &e) const
{
    return session_.lost() || (ends_work(e) && dynamic_cast<timed_out const *>(&e) == nullptr);
}

void asking::begin_aside()
{
    session_.run("SAVEPOINT pgtend", {}, each_);
}

void asking::end_aside() noexcept
{
    try {
        session_.batch("ROLLBACK TO SAVEPOINT pgtend; RELEASE SAVEPOINT pgtend",
                       {.timeout = seconds{10}});
    } catch (...) {
        session_.rollback(); // the next question fails, and says so
    }
}

std::string time_settings(model::job const &job)
{
    return fmt::format("SET LOCAL TimeZone = {}; SET LOCAL DateStyle = 'ISO'; SET LOCAL "
                       "IntervalStyle = 'postgres'; ",
                       plan::quote_literal(job.time_zone));
}

std::string settings_text(model::job const &job)
{
    auto const &policy = job.policy;
    auto out = time_settings(job) +
               fmt::format("SET LOCAL row_security = {}; ", policy.row_security ? "on" : "off");
    out += policy.search_path ? "SELECT pg_catalog.set_config('search_path', " +
                                    plan::quote_literal(*policy.search_path) + ", true)"
                              : "SET LOCAL search_path TO DEFAULT";
    return policy.role.empty() ? out : out + "; SET LOCAL ROLE " + plan::quote_ident(policy.role);
}

} // namespace pgtend::preflight
