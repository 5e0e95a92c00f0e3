// SPDX-License-Identifier: Apache-2.0
#include "jobs/in_words.hpp"

#include <span>

#include "base/text.hpp"
#include "model/sql_text.hpp"

namespace pgtend::jobs {
namespace {

std::string names(std::vector<qualified_name> const &all)
{
    std::vector<std::string> out;
    for (auto const &name : all) {
        out.push_back(display(name));
    }
    return join(out, ", ");
}

// White space in it means nothing to a reader.
std::string in_short(std::string_view text)
{
    constexpr std::size_t longest = 120;
    return printable(head_and_tail(on_one_line(text), longest));
}

std::string rows_of(std::vector<model::selection> const &selections)
{
    std::vector<std::string> out;
    for (auto const &selection : selections) {
        out.push_back(display(selection.table) + " where " + in_short(selection.where));
    }
    return "rows of " + join(out, "; of ");
}

struct words {
    std::string operator()(model::refresh_action const &a) const
    {
        auto const how = a.mode == model::concurrently::yes  ? ", concurrently"
                         : a.mode == model::concurrently::no ? ", not concurrently"
                                                             : ", concurrently when it can be";
        return "refreshes " + names(a.matviews) + how;
    }
    std::string operator()(model::cleanup_action const &a) const
    {
        return "deletes " + rows_of(a.from);
    }
    std::string operator()(model::expire_action const &a) const
    {
        std::vector<std::string> columns;
        for (auto const &each : a.set) {
            columns.push_back(display_identifier(each.column));
        }
        return "sets " + join(columns, ", ") + " in " + rows_of(a.in);
    }
    std::string operator()(model::vacuum_action const &a) const
    {
        auto const does = !a.vacuum   ? "analyzes "
                          : a.analyze ? "vacuums and analyzes "
                                      : "vacuums ";
        return does + (a.tables.empty() ? "every table that is due" : names(a.tables));
    }
    std::string operator()(model::partition_action const &a) const
    {
        return "creates the partitions that are missing of " +
               (a.tables.empty() ? "every table under partitions:" : names(a.tables));
    }
    std::string operator()(model::index_action const &a) const
    {
        return "builds the indexes that are missing, or invalid, of " +
               (a.tables.empty() ? "every table under indexes:" : names(a.tables));
    }
    std::string operator()(model::sql_action const &a) const
    {
        auto const count = model::split_statements(a.text).size();
        return "runs SQL (" + std::to_string(count) + (count == 1 ? " statement" : " statements") +
               (a.one_transaction ? ", one transaction): " : ", each by itself): ") +
               in_short(a.text);
    }
    std::string operator()(model::watch_action const &a) const
    {
        return "looks for findings" +
               (a.insert_into ? ", and inserts each new " + display_identifier(a.key) + " into " +
                                    display(*a.insert_into)
                              : std::string{}) +
               ": " + in_short(a.query);
    }
    std::string operator()(model::check_action const &a) const
    {
        return "checks whether the database is ready" +
               (a.profile.empty() ? std::string{} : ", as profile " + a.profile + " says") +
               ", and keeps what it found";
    }
};

} // namespace

std::string in_words(model::action const &what)
{
    return std::visit(words{}, what);
}

} // namespace pgtend::jobs
