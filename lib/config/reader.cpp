// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "config/scalar.hpp"
#include "model/job.hpp"
#include "model/sql_scan.hpp"

namespace pgtend::config {
namespace {

std::string listed(std::span<std::string_view const> names, std::string_view last = " or ")
{
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        out += i == 0 ? "" : i + 1 == names.size() ? last : ", ";
        out += names[i];
    }
    return out;
}

std::string kind_of(node const &n)
{
    switch (n.kind) {
    case node_kind::sequence:
        return "a list";
    case node_kind::map:
        return "a map";
    case node_kind::null:
        return "null";
    case node_kind::scalar:
        return n.style == node_style::plain ? describe(classify(n.text), n.text) : "a text";
    default:
        return "nothing";
    }
}

} // namespace

void reader::note(diagnostic d)
{
    if (problems_.size() < most_problems) {
        problems_.push_back(std::move(d));
    }
}

void reader::plain_error(node const &n, std::string message, std::string hint)
{
    if (n.kind != node_kind::refused) {
        note({at(n), std::move(message), std::move(hint)});
    }
}

void reader::error(node const &n, std::string const &message, std::string hint)
{
    plain_error(n, key.empty() ? message : fmt::format("{}: {}", key, message), std::move(hint));
}

bool reader::scalar(node const &n, std::string_view wanted)
{
    if (n.kind == node_kind::scalar) {
        return true;
    }
    error(n, fmt::format("{} is wanted, not {}", wanted, kind_of(n)));
    return false;
}

bool reader::text(node const &n, std::string &out)
{
    if (!scalar(n, "a text")) {
        return false;
    }
    if (n.style == node_style::plain) {
        auto const kind = classify(n.text);
        if (kind != plain_kind::text) {
            error(n,
                  fmt::format("{} is {}, and a text is wanted", shown(n.text),
                              describe(kind, n.text)),
                  fmt::format("quote it: \"{}\"", n.text));
            return false;
        }
    }
    out = n.text;
    return true;
}

bool reader::sql(node const &n, std::string &out)
{
    if (!text(n, out)) {
        return false;
    }
    if (n.joined.empty()) {
        return true;
    }
    for (auto const &comment : model::possible_line_comments(out)) {
        auto const after = std::upper_bound(n.joined.begin(), n.joined.end(), comment.begin);
        if (after != n.joined.end() && *after < comment.end) {
            error(n, "a comment (--) takes in the line after it, because YAML joins the lines",
                  "write the text as a block of lines (| in place of > or quotes), or the comment "
                  "as /* ... */");
            return false;
        }
    }
    return true;
}

bool reader::boolean(node const &n, bool &out)
{
    if (!scalar(n, "true or false")) {
        return false;
    }
    auto const small = lower(n.text);
    if (n.style == node_style::plain && (n.text == "true" || n.text == "false")) {
        out = n.text == "true";
        return true;
    }
    if (n.style == node_style::plain && classify(n.text) == plain_kind::yes_no) {
        bool const yes = small == "yes" || small == "on" || small == "y" || small == "true";
        error(n, fmt::format("{} is {}", shown(n.text), describe(plain_kind::yes_no, n.text)),
              fmt::format("write {}", yes ? "true" : "false"));
    } else if (small == "true" || small == "false") {
        error(n, fmt::format("{} in quotes is a text, and true or false is wanted", shown(n.text)),
              fmt::format("write {} without quotes", small));
    } else {
        error(n, fmt::format("{} is neither true nor false", shown(n.text)), "write true or false");
    }
    return false;
}

bool reader::integer(node const &n, long long &out, long long least, long long most)
{
    if (!scalar(n, "a number")) {
        return false;
    }
    auto const kind = classify(n.text);
    if (n.style != node_style::plain) {
        bool const number = kind == plain_kind::integer;
        error(n, fmt::format("{} in quotes is a text, and a number is wanted", shown(n.text)),
              number ? fmt::format("write {} without quotes", n.text) : std::string{});
        return false;
    }
    if (kind == plain_kind::odd_integer || kind == plain_kind::odd_decimal ||
        kind == plain_kind::sexagesimal) {
        error(n, fmt::format("{} is {}", shown(n.text), describe(kind, n.text)),
              "write it with the digits 0 to 9 only, without a zero in front");
        return false;
    }
    if (kind != plain_kind::integer) {
        error(n, fmt::format("{} is not a whole number", shown(n.text)));
        return false;
    }
    long long value = 0;
    auto const *const end = n.text.data() + n.text.size();
    auto const [stop, failure] = std::from_chars(n.text.data(), end, value);
    if (failure != std::errc{} || stop != end || value < least || value > most) {
        error(n, fmt::format("{} is not between {} and {}", shown(n.text), thousands(least),
                             thousands(most)));
        return false;
    }
    out = value;
    return true;
}

bool reader::integer(node const &n, int &out, int least, int most)
{
    long long value = 0;
    if (!integer(n, value, least, most)) {
        return false;
    }
    out = static_cast<int>(value);
    return true;
}

bool reader::duration(node const &n, microseconds &out, microseconds least, microseconds most)
{
    if (!scalar(n, "a duration")) {
        return false;
    }
    auto const kind = classify(n.text);
    if (kind == plain_kind::sexagesimal) {
        error(n, fmt::format("{} is {}", shown(n.text), describe(kind, n.text)),
              "write a duration with units: 12h30m, 90s");
        return false;
    }
    if (kind != plain_kind::text) {
        bool const number = kind == plain_kind::integer && n.text[0] != '-';
        error(n, fmt::format("{} is not a duration: it has no unit", shown(n.text)),
              number ? fmt::format("write {0}s or {0}min", n.text) : "write 90s, 10min, 1h30m");
        return false;
    }
    return checked(n, [&] {
        auto const value = parse_duration(n.text);
        if (value < least || value > most) {
            throw pgtend::error{fmt::format("{} is not between {} and {}", shown(n.text),
                                            to_string(least), to_string(most))};
        }
        out = value;
    });
}

bool reader::identifier(node const &n, std::string &out)
{
    std::string written;
    return text(n, written) && checked(n, [&] { out = parse_identifier(written); });
}

bool reader::relation(node const &n, qualified_name &out)
{
    std::string written;
    return text(n, written) && checked(n, [&] {
               auto name = parse_qualified_name(written);
               if (name.schema.empty()) {
                   throw pgtend::error{fmt::format("{} has no schema", shown(written)),
                                       fmt::format("write public.{}, if that is its schema",
                                                   display_identifier(name.name))};
               }
               out = std::move(name);
           });
}

bool reader::time_zone(node const &n, std::string &out)
{
    std::string name;
    if (!text(n, name)) {
        return false;
    }
    if (std::find(known_zones_.begin(), known_zones_.end(), name) == known_zones_.end()) {
        if (!checked(n, [&] { model::check_time_zone(name); })) {
            return false;
        }
        known_zones_.push_back(name);
    }
    out = std::move(name);
    return true;
}

bool reader::is_list(node const &n)
{
    if (n.kind != node_kind::sequence) {
        error(n, fmt::format("a list is wanted, not {}", kind_of(n)),
              "write [a, b], or a line with a dash for each");
        return false;
    }
    if (n.items.empty()) {
        error(n, "the list is empty", "remove the key, or write what it holds");
        return false;
    }
    for (std::size_t i = 0; i < n.items.size(); ++i) {
        if (n.items[i].kind == node_kind::missing) { // the library does not say where
            error(n, fmt::format("item {} of the list is empty", i + 1),
                  "remove the dash, or write what it holds");
        }
    }
    return true;
}

bool reader::is_present(node const &n)
{
    if (n.kind == node_kind::null) {
        error(n, "null is not wanted here");
    }
    return n.kind != node_kind::null && n.kind != node_kind::missing &&
           n.kind != node_kind::refused;
}

std::size_t reader::choose(node const &n, std::span<std::string_view const> names)
{
    auto const none = names.size();
    if (!scalar(n, listed(names))) {
        return none;
    }
    auto const found = std::find(names.begin(), names.end(), n.text);
    if (found != names.end()) {
        return static_cast<std::size_t>(found - names.begin());
    }
    auto const kind = n.style == node_style::plain ? classify(n.text) : plain_kind::text;
    auto const near = nearest(n.text, names);
    error(n,
          kind == plain_kind::text
              ? fmt::format("{} is not one of {}", shown(n.text), listed(names))
              : fmt::format("{} is {}, and one of {} is wanted", shown(n.text),
                            describe(kind, n.text), listed(names)),
          near ? fmt::format("did you mean '{}'?", *near) : std::string{});
    return none;
}

bool map_result::means(std::string_view key) const
{
    return std::find(meant.begin(), meant.end(), key) != meant.end();
}

namespace {

// Notes an unknown key; returns the one that was meant, if that is clear.
std::string_view refuse_unknown(reader &r, map_entry const &entry, std::string_view what,
                                std::span<key_view const> keys)
{
    auto const &word = entry.key.text;
    std::vector<std::string_view> names, built;
    for (auto const &key : keys) {
        names.push_back(key.name);
        if (key.built) {
            built.push_back(key.name);
        }
    }
    std::string_view meant;
    std::string hint;
    auto const glued =
        std::find(names.begin(), names.end(), std::string_view{word}.substr(0, word.find(':')));
    if (entry.value.kind == node_kind::missing &&
        glued != names.end()) { // { name:x } has the key "name:x"
        meant = *glued;
        hint = "a blank must follow the colon";
    } else if (auto const near = word.size() <= 64 ? nearest(word, names) : std::nullopt) {
        meant = *std::find(names.begin(), names.end(), *near);
        hint = fmt::format("did you mean '{}'?", meant);
    } else if (constexpr std::size_t most = 30; built.size() > most) {
        built.resize(4);
        hint = fmt::format("{} has keys such as {}", what, listed(built, " and "));
    } else {
        hint = fmt::format("{} has the keys {}", what, listed(built, " and "));
    }
    r.plain_error(entry.key, fmt::format("unknown key {} in {}", shown(word), what), hint);
    return meant;
}

} // namespace

map_result match_keys(reader &r, node const &n, std::string_view what,
                      std::span<key_view const> keys,
                      std::vector<std::pair<std::size_t, map_entry const *>> &use)
{
    map_result result;
    if (n.kind != node_kind::map) {
        r.error(n, fmt::format("a map is wanted, not {}", kind_of(n)),
                "write { key: value }, or a line for each key");
        return result;
    }
    result.is_map = true;
    result.meant.reserve(n.entries.size());
    use.reserve(n.entries.size());
    for (auto const &entry : n.entries) {
        if (r.problems() >= most_problems) {
            break;
        }
        auto const &word = entry.key.text;
        auto const key = std::find_if(keys.begin(), keys.end(),
                                      [&](key_view const &k) { return k.name == word; });
        if (key == keys.end()) {
            result.meant.push_back(refuse_unknown(r, entry, what, keys));
            continue;
        }
        result.meant.push_back(key->name);
        if (!key->built) {
            r.plain_error(entry.key, fmt::format("key '{}' is not supported by this version", word),
                          "remove it: it would have no effect");
        } else if (entry.value.kind == node_kind::missing || entry.value.kind == node_kind::null) {
            r.plain_error(entry.key, fmt::format("key '{}' is empty", word),
                          "give it a value, or remove the key");
        } else if (entry.value.kind != node_kind::refused) {
            use.emplace_back(static_cast<std::size_t>(key - keys.begin()), &entry);
        }
    }
    for (auto const &key : keys) {
        if (key.required && !result.means(key.name)) {
            r.plain_error(n, fmt::format("{} needs the key '{}'", what, key.name));
        }
    }
    return result;
}

} // namespace pgtend::config
