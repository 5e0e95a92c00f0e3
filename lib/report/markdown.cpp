// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "report/document.hpp"
#include "report/shown.hpp"

namespace pgtend::report {
namespace {

// What Markdown, or HTML in it, would take for its own.
std::string escaped(std::string const &text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '\\':
        case '`':
        case '*':
        case '_':
        case '|':
        case '[':
        case ']':
        case '#':
        case '~':
            out += '\\';
            out += c;
            break;
        default:
            out += c;
        }
    }
    return out;
}

void print_markdown(std::string &out, table const &t)
{
    std::string titles = "|", rule = "|";
    for (auto const &column : t.columns) {
        if (!column.title.empty()) {
            titles += " " + escaped(column.title) + " |";
            rule += column.align == align::right ? "---:|" : "---|";
        }
    }
    out += titles + "\n" + rule + "\n";
    for (auto const &row : t.rows) {
        out += "|";
        for (std::size_t c = 0; c < row.size(); ++c) {
            if (!t.columns.at(c).title.empty()) {
                out += " " + escaped(shown(row[c])) + " |";
            }
        }
        out += "\n";
    }
}

} // namespace

std::string render_markdown(document const &d)
{
    std::string out;
    auto const paragraph = [&] { out += out.empty() ? "" : "\n"; };
    if (!d.heading.empty()) {
        out += "### " + escaped(printable(d.heading)) + "\n";
    }
    bool listed = false;
    for (auto const &f : d.fields) {
        if (!f.title.empty()) {
            if (!listed) {
                paragraph();
                listed = true;
            }
            out += "- " + escaped(f.title) + ": " + escaped(shown(f.content)) + "\n";
        }
    }
    for (auto const &t : d.tables) {
        if (!t.rows.empty()) {
            paragraph();
            print_markdown(out, t);
        } else if (!t.when_empty.empty()) {
            paragraph();
            out += escaped(t.when_empty) + "\n";
        }
    }
    for (auto const &group : d.remarks) {
        paragraph();
        out += "**" + escaped(printable(group.label)) + "** " + escaped(printable(group.title)) +
               "\n\n";
        for (auto const &each : group.items) {
            out += "- " + escaped(printable(each.subject + ": " + each.text)) + "\n";
            out += each.remedy.empty() ? "" : "  - " + escaped(printable(each.remedy)) + "\n";
        }
        out += group.more == 0 ? "" : "- and " + std::to_string(group.more) + " more\n";
    }
    if (!d.notes.empty()) {
        paragraph();
        for (auto const &note : d.notes) {
            out += "- " + escaped(printable(note)) + "\n";
        }
    }
    return out;
}

} // namespace pgtend::report
