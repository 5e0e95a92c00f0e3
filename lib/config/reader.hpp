// SPDX-License-Identifier: Apache-2.0
// From nodes to values: each conversion either gives the value or notes a diagnostic and leaves
// `out` as it was.
#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/name.hpp"
#include "config/bytes.hpp"
#include "config/load.hpp"
#include "config/tree.hpp"

namespace pgtend::config {

// One file's worth of reading. Messages begin with the key that is being read.
class reader {
  public:
    reader(load_options const &options, std::string file, std::vector<diagnostic> &problems)
        : options_{options}, file_{std::move(file)}, problems_{problems}
    {
    }

    load_options const &options() const { return options_; }
    std::string const &file() const { return file_; }
    source_position at(node const &n) const { return {file_, n.line, n.column}; }
    std::size_t problems() const { return problems_.size(); }

    // Notes "key: message". Nothing for a node that was reported already.
    void error(node const &n, std::string const &message, std::string hint = {});
    // Without the key in front.
    void plain_error(node const &n, std::string message, std::string hint = {});

    void note(diagnostic d);

    // A text as written. Plain words that YAML might read as something else are refused: they want
    // quotes.
    bool text(node const &n, std::string &out);
    // The same of SQL, whose comments to the end of a line must not take in what YAML has put
    // there.
    bool sql(node const &n, std::string &out);
    // true or false, not quoted.
    bool boolean(node const &n, bool &out);
    // A plain decimal number in [least, most], not quoted.
    bool integer(node const &n, long long &out, long long least, long long most);
    bool integer(node const &n, int &out, int least, int most);
    // "10min", "1h30m", with a unit, in [least, most].
    bool duration(node const &n, microseconds &out, microseconds least, microseconds most);
    bool identifier(node const &n, std::string &out);
    // schema.table; the schema is required, because work must not depend on a search_path.
    bool relation(node const &n, qualified_name &out);
    // An IANA name that this host knows.
    bool time_zone(node const &n, std::string &out);

    template <class Value, std::size_t N>
    bool choice(node const &n, Value &out,
                std::array<std::pair<std::string_view, Value>, N> const &all)
    {
        std::array<std::string_view, N> names;
        for (std::size_t i = 0; i < N; ++i) {
            names[i] = all[i].first;
        }
        auto const index = choose(n, names);
        if (index >= N) {
            return false;
        }
        out = all[index].second;
        return true;
    }

    // A list with at least one item, none of them missing. Calls read(item) for each.
    template <class Read> void list(node const &n, Read read)
    {
        if (is_list(n)) {
            for (auto const &item : n.items) {
                if (problems_.size() < most_problems && is_present(item)) {
                    read(item);
                }
            }
        }
    }

    // Runs check(), and notes what it throws as an error of `n`. The message may repeat the value,
    // and is left out when that looks like a secret.
    template <class Check> bool checked(node const &n, Check check)
    {
        return checked_quietly(n, [&] {
            try {
                check();
            } catch (config_error const &) {
                throw;
            } catch (pgtend::error const &e) {
                if (looks_secret(n.text)) {
                    throw pgtend::error{"the value is not valid; it is not shown, because it looks "
                                        "like a connection string"};
                }
                throw;
            }
        });
    }

    // The same for checks whose messages repeat nothing of the value.
    template <class Check> bool checked_quietly(node const &n, Check check)
    {
        try {
            check();
            return true;
        } catch (config_error const &e) { // of another file, with positions of its own
            for (auto const &d : e.diagnostics()) {
                note(d);
            }
            return false;
        } catch (pgtend::error const &e) {
            error(n, e.message(), e.hint());
            return false;
        }
    }

    // The key in whose value the reader is.
    std::string_view key;
    node const *key_node = nullptr;

  private:
    bool scalar(node const &n, std::string_view wanted);
    bool is_list(node const &n);
    bool is_present(node const &n);
    std::size_t choose(node const &n, std::span<std::string_view const> names);

    load_options const &options_;
    std::string file_;
    std::vector<diagnostic> &problems_;
    std::vector<std::string> known_zones_;
};

// One key of a map: how its value is read. Without `read` the key is known and its command is not
// built yet.
template <class T> struct map_key {
    std::string_view name;
    void (*read)(reader &, node const &, T &) = nullptr;
    bool required = false;
};

// What read_map needs to know of a key, whatever the map fills.
struct key_view {
    std::string_view name;
    bool built;
    bool required;
};

// What came of reading a map.
struct map_result {
    bool is_map = false;
    bool clean = false; // no problem was found in it, at any depth
    // The keys that are there, and those that a misspelled one most likely stands for: one mistake,
    // one diagnostic.
    std::vector<std::string_view> meant = {};

    bool means(std::string_view key) const;
};

// Checks that `n` is a map of these keys. Notes: not a map, unknown keys with the nearest one as
// hint, keys whose value is missing or null, keys not built yet, required keys that are not meant.
// `use` gets, for each entry to be read, the index of its key.
map_result match_keys(reader &r, node const &n, std::string_view what,
                      std::span<key_view const> keys,
                      std::vector<std::pair<std::size_t, map_entry const *>> &use);

// Reads a map into `out`; `what` is "a job", "`defaults`".
template <class T, std::size_t N>
map_result read_map(reader &r, node const &n, std::string_view what,
                    std::array<map_key<T>, N> const &keys, T &out)
{
    auto const before = r.problems();
    std::array<key_view, N> views;
    for (std::size_t i = 0; i < N; ++i) {
        views[i] = {keys[i].name, keys[i].read != nullptr, keys[i].required};
    }
    std::vector<std::pair<std::size_t, map_entry const *>> use;
    auto result = match_keys(r, n, what, views, use);
    auto const outer = r.key;
    auto const *const outer_node = r.key_node;
    for (auto const &[index, entry] : use) {
        r.key = entry->key.text;
        r.key_node = &entry->key;
        keys[index].read(r, entry->value, out);
    }
    r.key = outer;
    r.key_node = outer_node;
    result.clean = result.is_map && r.problems() == before;
    return result;
}

} // namespace pgtend::config
