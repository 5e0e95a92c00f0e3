// SPDX-License-Identifier: Apache-2.0
#include "cron/batch.hpp"

#include <array>
#include <charconv>
#include <map>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/expression.hpp"

namespace pgtend::cron {
namespace {

struct question {
    std::array<std::string_view, 4> fields; // the fourth is optional
    std::size_t count = 0;                  // as many as there were
};

question split_line(std::string_view line)
{
    question out;
    for (;;) {
        auto const end = line.find('\t');
        if (out.count < out.fields.size()) {
            out.fields[out.count] = line.substr(0, end);
        }
        ++out.count;
        if (end == std::string_view::npos) {
            return out;
        }
        line.remove_prefix(end + 1);
    }
}

int how_many(question const &q)
{
    if (q.count < 4) {
        return 3;
    }
    int value = 0;
    auto const text = q.fields[3];
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value < 1 || value > 1000) {
        throw usage_error{"the number of instants " + in_quotes(text) + " is not from 1 to 1000",
                          {}};
    }
    return value;
}

// As zone::load. To explain a wrong name takes longer than to answer a thousand lines, so the last
// answers are kept.
zone load_zone(std::string_view name)
{
    thread_local std::map<std::string, usage_error, std::less<>> wrong;
    if (auto const known = wrong.find(name); known != wrong.end()) {
        throw usage_error{known->second};
    }
    try {
        return zone::load(name);
    } catch (usage_error const &problem) {
        if (wrong.size() >= 256) {
            wrong.clear();
        }
        if (name.size() <= 256) {
            wrong.emplace(name, problem);
        }
        throw;
    }
}

// Appends "\t2026-03-29T01:00:00Z": to_rfc3339 without a string of its own for each instant.
void append(std::string &out, instant at)
{
    auto const civil =
        civil_from_seconds(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
    std::array<char, 21> text{"\t0000-00-00T00:00:00"};
    text[20] = 'Z';
    auto const put = [&](std::size_t place, int value) {
        text[place] = static_cast<char>('0' + value / 10);
        text[place + 1] = static_cast<char>('0' + value % 10);
    };
    put(1, civil.year / 100);
    put(3, civil.year % 100);
    put(6, civil.month);
    put(9, civil.day);
    put(12, civil.hour);
    put(15, civil.minute);
    put(18, civil.second);
    out.append(text.data(), text.size());
}

} // namespace

void answer_line(std::string_view line, std::string &out)
{
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    auto const q = split_line(line);
    out.append(q.fields[0]).append(1, '\t').append(q.fields[1]).append(1, '\t').append(q.fields[2]);
    auto const rewind = out.size();
    try {
        if (q.count < 3 || q.count > 4) {
            throw usage_error{"the line has " + std::to_string(q.count) +
                                  (q.count == 1 ? " field" : " fields") + ", 3 or 4 are needed",
                              "expression, zone, from and n are separated by tabs"};
        }
        auto const e = expression::parse(q.fields[0]);
        auto const in = load_zone(q.fields[1]);
        auto at = std::optional{parse_rfc3339(q.fields[2])};
        for (int left = how_many(q); left > 0 && (at = e.next(*at, in)); --left) {
            append(out, *at);
        }
        if (out.size() == rewind) {
            throw usage_error{"it never runs after that instant in " + in.name(), {}};
        }
    } catch (pgtend::error const &problem) {
        out.resize(rewind);
        out.append("\tINVALID\t").append(problem.what());
        if (!problem.hint().empty()) {
            out.append(" (").append(problem.hint()).append(")");
        }
    }
}

} // namespace pgtend::cron
