// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "report/document.hpp"
#include "report/shown.hpp"

namespace pgtend::report {
namespace {

std::string_view escape(tone t)
{
    switch (t) {
    case tone::good:
        return "\x1b[32m";
    case tone::bad:
        return "\x1b[31m";
    case tone::warn:
        return "\x1b[33m";
    case tone::dim:
        return "\x1b[2m";
    case tone::plain:
        break;
    }
    return {};
}

std::string dress(std::string const &text, tone t, bool color)
{
    auto const code = color ? escape(t) : std::string_view{};
    return code.empty() ? text : std::string{code} + text + "\x1b[0m";
}

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 12;
constexpr std::size_t comfortable = 20;

std::vector<std::size_t> shown_columns(table const &t)
{
    std::vector<std::size_t> out;
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
        auto const blank = [&](auto const &row) { return trim(shown(row.at(c))).empty(); };
        if (!t.columns[c].title.empty() && !std::all_of(t.rows.begin(), t.rows.end(), blank)) {
            out.push_back(c);
        }
    }
    return out;
}

// "title  value", a long value on further lines below itself.
void put_pair(std::string &out, std::string const &title, std::size_t width, cell const &content,
              text_style const &style)
{
    auto const indent = width + gap;
    auto const room = static_cast<std::size_t>(style.columns);
    auto const text = shown(content);
    auto const lines =
        room > indent + narrowest ? wrap(text, room - indent) : std::vector<std::string>{text};
    out += dress(title, tone::dim, style.color) + std::string(indent - display_width(title), ' ');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += (i > 0 ? std::string(indent, ' ') : "") +
               dress(lines[i], content.tone, style.color) + "\n";
    }
}

// A row too wide for the terminal, as psql's expanded display has it: a line for each column.
void print_expanded(std::string &out, table const &t, text_style const &style)
{
    auto const order = shown_columns(t);
    std::size_t width = 0;
    for (auto const c : order) {
        width = std::max(width, display_width(t.columns[c].title));
    }
    for (std::size_t r = 0; r < t.rows.size(); ++r) {
        out += r > 0 ? "\n" : "";
        for (auto const c : order) {
            auto const &content = t.rows[r].at(c);
            if (!trim(shown(content)).empty()) {
                put_pair(out, t.columns[c].title, width, content, style);
            }
        }
    }
}

std::size_t width_of(std::vector<std::size_t> const &order, std::vector<std::size_t> const &widths)
{
    std::size_t total = 0;
    for (auto const c : order) {
        total += widths[c] + (c == order.front() ? 0 : gap);
    }
    return total;
}

// Of a name the end is shown, too, because it tells partitions apart.
std::string cut_within(std::string const &name, std::size_t columns)
{
    if (display_width(name) <= columns || columns < narrowest) {
        return cut_to_width(name, columns);
    }
    auto const head = cut_to_width(name, columns / 2 + 1); // with the ellipsis
    auto const inside = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    std::size_t tail = 0;
    while (inside(name[tail]) ||
           display_width(std::string_view{name}.substr(tail)) > columns - display_width(head)) {
        ++tail;
    }
    return head + name.substr(tail);
}

// Takes from the widest of the columns that may be cut, down to `least`, until the table fits;
// false when it cannot.
bool fit(table const &t, std::vector<std::size_t> const &order, std::vector<std::size_t> &widths,
         std::size_t least, text_style const &style)
{
    auto const total = width_of(order, widths);
    auto const room = static_cast<std::size_t>(style.columns);
    auto excess = style.columns > 0 && total > room ? total - room : 0;
    auto less = widths;
    for (; excess > 0; --excess) {
        std::size_t *widest = nullptr;
        for (auto const c : order) {
            if (t.columns[c].shrinks && less[c] > least &&
                (widest == nullptr || less[c] > *widest)) {
                widest = &less[c];
            }
        }
        if (widest == nullptr) {
            return false;
        }
        --*widest;
    }
    widths = std::move(less);
    return true;
}

// Leaves out spare columns until the table fits, and returns their titles; nothing when it cannot.
std::optional<std::vector<std::string>> fit_without(table const &t, std::vector<std::size_t> &order,
                                                    std::vector<std::size_t> &widths,
                                                    text_style const &style)
{
    auto left = order;
    std::set<std::size_t> out;
    for (auto spare = t.spare.begin(); !fit(t, left, widths, comfortable, style);) {
        auto const named = [&](std::size_t c) { return t.columns[c].key == *spare; };
        if (spare == t.spare.end()) {
            if (fit(t, left, widths, narrowest, style)) {
                break;
            }
            return std::nullopt;
        }
        if (auto const found = std::find_if(left.begin(), left.end(), named); found != left.end()) {
            out.insert(*found);
            left.erase(found);
        }
        ++spare;
    }
    order = std::move(left);
    std::vector<std::string> titles;
    for (auto const c : out) {
        titles.push_back(t.columns[c].title);
    }
    return titles;
}

void print(std::string &out, table const &t, text_style const &style)
{
    auto order = shown_columns(t);
    std::vector<std::vector<std::string>> texts;
    std::vector<std::size_t> widths(t.columns.size());
    for (auto const c : order) {
        widths[c] = display_width(t.columns[c].title);
    }
    for (auto const &row : t.rows) {
        auto &line = texts.emplace_back(t.columns.size());
        for (auto const c : order) {
            line[c] = shown(row.at(c));
            widths[c] = std::max(widths[c], display_width(line[c]));
        }
    }
    auto const left_out = fit_without(t, order, widths, style);
    if (!left_out) {
        print_expanded(out, t, style);
        return;
    }
    auto const put = [&](auto const &text_of, auto const &tone_of) {
        std::string line;
        for (auto const c : order) {
            auto const whole = text_of(c);
            auto const text = whole.find(' ') == std::string::npos ? cut_within(whole, widths[c])
                                                                   : cut_to_width(whole, widths[c]);
            std::string const blanks(widths[c] - display_width(text), ' ');
            if (!line.empty()) {
                line.append(gap, ' ');
            }
            bool const right = t.columns[c].align == align::right;
            bool const last = c == order.back();
            line += (right ? blanks : "") + dress(text, tone_of(c), style.color) +
                    (right || last ? "" : blanks);
        }
        out += line + "\n";
    };
    put([&](std::size_t c) { return t.columns[c].title; }, [](std::size_t) { return tone::dim; });
    for (std::size_t r = 0; r < texts.size(); ++r) {
        put([&](std::size_t c) { return texts[r][c]; },
            [&](std::size_t c) { return t.rows[r][c].tone; });
    }
    if (!left_out->empty()) {
        auto const told = "too narrow to show: " + join(*left_out, ", ");
        for (auto const &line : wrap(told, static_cast<std::size_t>(style.columns))) {
            out += dress(line, tone::dim, style.color) + "\n";
        }
    }
}

void put_wrapped(std::string &out, std::string const &text, std::size_t indent, tone t,
                 text_style const &style)
{
    auto const room = static_cast<std::size_t>(style.columns);
    auto const lines =
        room > indent + narrowest ? wrap(text, room - indent) : std::vector<std::string>{text};
    for (auto const &line : lines) {
        out += std::string(indent, ' ') + dress(line, t, style.color) + "\n";
    }
}

// A remedy is not wrapped: it is there to be copied.
void print(std::string &out, remarks const &all, text_style const &style)
{
    constexpr std::size_t step = 2;
    out += dress(all.label, all.tone, style.color) + "  " + printable(all.title) + "\n";
    for (auto const &each : all.items) {
        put_wrapped(out, printable(each.subject + ": " + each.text), step, tone::plain, style);
        if (!each.remedy.empty()) {
            out += std::string(2 * step, ' ') +
                   dress(printable(each.remedy), tone::dim, style.color) + "\n";
        }
    }
    if (all.more > 0) {
        put_wrapped(out, "and " + thousands(static_cast<long long>(all.more)) + " more", step,
                    tone::dim, style);
    }
}

} // namespace

std::string render_text(document const &d, text_style const &style)
{
    std::string out;
    if (!d.heading.empty()) {
        out += d.heading + "\n";
    }
    std::size_t width = 0;
    for (auto const &f : d.fields) {
        width = std::max(width, display_width(f.title));
    }
    for (auto const &f : d.fields) {
        if (!f.title.empty()) {
            put_pair(out, f.title, width, f.content, style);
        }
    }
    for (auto const &t : d.tables) {
        if (!out.empty()) {
            out += "\n";
        }
        if (t.rows.empty()) {
            out += t.when_empty.empty() ? "" : t.when_empty + "\n";
        } else {
            print(out, t, style);
        }
    }
    for (auto const &each : d.remarks) {
        out += out.empty() ? "" : "\n";
        print(out, each, style);
    }
    for (auto const &note : d.notes) {
        out += printable(note) + "\n";
    }
    return out;
}

} // namespace pgtend::report
