// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

// At most `width` characters, the last one an ellipsis when something was cut.
std::string cut(std::string const &text, std::size_t width)
{
    if (code_points(text) <= width || width == 0) {
        return text;
    }
    std::string out;
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
        if (starts && ++count == width) {
            break;
        }
        out += text[i];
    }
    return out + "…";
}

void print(std::string &out, table const &t, text_style const &style)
{
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
        if (!t.columns[c].title.empty()) {
            order.push_back(c);
        }
    }
    std::vector<std::vector<std::string>> texts;
    std::vector<std::size_t> widths(t.columns.size());
    for (auto const c : order) {
        widths[c] = code_points(t.columns[c].title);
    }
    for (auto const &row : t.rows) {
        auto &line = texts.emplace_back(t.columns.size());
        for (auto const c : order) {
            line[c] = shown(row.at(c));
            widths[c] = std::max(widths[c], code_points(line[c]));
        }
    }
    constexpr std::size_t gap = 2;
    constexpr std::size_t narrowest = 12;
    if (style.columns > 0) {
        std::size_t total = 0;
        for (auto const c : order) {
            total += widths[c] + gap;
        }
        auto excess = total > gap + static_cast<std::size_t>(style.columns)
                          ? total - gap - static_cast<std::size_t>(style.columns)
                          : 0;
        for (auto const c : order) {
            if (t.columns[c].shrinks && widths[c] > narrowest) {
                auto const less = std::min(excess, widths[c] - narrowest);
                widths[c] -= less;
                excess -= less;
            }
        }
    }
    auto const put = [&](auto const &text_of, auto const &tone_of) {
        std::string line;
        for (auto const c : order) {
            auto const text = cut(text_of(c), widths[c]);
            std::string const blanks(widths[c] - code_points(text), ' ');
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
        width = std::max(width, code_points(f.title));
    }
    for (auto const &f : d.fields) {
        if (!f.title.empty()) {
            out += dress(f.title, tone::dim, style.color) +
                   std::string(width - code_points(f.title) + 2, ' ') +
                   dress(shown(f.content), f.content.tone, style.color) + "\n";
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
    for (auto const &note : d.notes) {
        out += printable(note) + "\n";
    }
    return out;
}

} // namespace pgtend::report
