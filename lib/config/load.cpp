// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "config/file.hpp"
#include "config/policy.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"

namespace pgtend::config {
namespace {

constexpr int deepest_include = 8;
constexpr std::size_t most_files = 100;

// A file that was read, with its tree.
struct source {
    std::string path;
    node root;
    file_secrecy secrecy;
};

// What the top level of a file holds, until all files are read.
struct sections {
    model::configuration *all = nullptr;
    std::map<std::string_view, node const *> lists = {};
};

void read_version(reader &r, node const &n, sections & /*out*/)
{
    int version = 0;
    if (r.integer(n, version, 0, 1'000'000) && version != 1) {
        r.error(n, fmt::format("{} is not a version that this pgtend reads", version),
                "write `version: 1`");
    }
}

void in_main_file_only(reader &r, node const & /*n*/, sections & /*out*/)
{
    r.plain_error(
        *r.key_node, fmt::format("key '{}' belongs into the main file", r.key),
        "an included file has `targets`, `partitions`, `indexes`, `autovacuum`, `matviews`, `jobs` "
        "and `include`");
}

void nothing(reader & /*r*/, node const & /*n*/, sections & /*out*/) {} // `include` was read before

void keep(reader &r, node const &n, sections &out)
{
    out.lists[r.key] = &n;
}

constexpr std::array<map_key<sections>, 15> main_keys{{
    {"version", read_version, true},
    {"timezone", [](reader &r, node const &n, sections &s) { r.time_zone(n, s.all->time_zone); }},
    {"defaults",
     [](reader &r, node const &n, sections &s) { read_defaults(r, n, s.all->defaults); }},
    {"include", nothing},
    {"targets", keep},
    {"partitions", keep},
    {"jobs", keep},
    {"indexes", keep},
    {"matviews", keep},
    {"autovacuum", keep},
    {"checks", [](reader &r, node const &n, sections &s) { read_checks(r, n, *s.all); }},
    {"probes", keep},
    {"attestations", keep},
    {"objectives", keep},
    {"notify"},
}};

constexpr std::array<map_key<sections>, 15> included_keys{{
    {"version", read_version},
    {"timezone", in_main_file_only},
    {"defaults", in_main_file_only},
    {"include", nothing},
    {"targets", keep},
    {"partitions", keep},
    {"jobs", keep},
    {"indexes", keep},
    {"matviews", keep},
    {"autovacuum", keep},
    {"checks", in_main_file_only},
    {"probes", in_main_file_only},
    {"attestations", in_main_file_only},
    {"objectives", in_main_file_only},
    {"notify"},
}};

using read_list = void(reader &, node const &, file_secrecy const &, model::configuration &);

template <void read(reader &, node const &, model::configuration &)>
void without_secrets(reader &r, node const &n, file_secrecy const & /*file*/,
                     model::configuration &all)
{
    read(r, n, all);
}

// What refers to another list comes after it.
constexpr std::pair<std::string_view, read_list *> lists[] = {
    {"targets", read_targets},
    {"partitions", without_secrets<read_partitions>},
    {"autovacuum", without_secrets<read_autovacuum>},
    {"indexes", without_secrets<read_indexes>},
    {"matviews", without_secrets<read_matviews>},
    {"jobs", without_secrets<read_jobs>},
    {"probes", read_probes},
    {"attestations", without_secrets<read_attestations>},
    {"objectives", without_secrets<read_objectives>},
};

class loader {
  public:
    explicit loader(load_options const &options) : options_{options} {}

    void add_file(std::string const &path, source_position const &from)
    {
        auto read = read_file(path, longest_file, from);
        auto const identity = std::pair{read.device, read.inode};
        if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
            throw config_error{{{from, fmt::format("{} includes itself", shown(path)),
                                 "remove one of the includes"}}};
        }
        if (std::find(seen_.begin(), seen_.end(), identity) != seen_.end()) {
            return; // each file once
        }
        seen_.push_back(identity);
        if (read.others_write() && !options_.insecure_permissions) {
            problems_.push_back(
                {{path, 0, 0},
                 fmt::format(
                     "group or others may write the file (mode {}), and it decides what runs",
                     octal(read.mode)),
                 fmt::format("chmod go-w {}", path)});
        }
        open_.push_back(identity);
        add_text(read.bytes, path, {!read.others_read() && !read.others_write(), read.mode});
        open_.pop_back();
    }

    void add_text(std::string_view yaml, std::string const &path, file_secrecy secrecy)
    {
        auto &made =
            sources_.emplace_back(source{path, parse_yaml(yaml, path, problems_), secrecy});
        auto const *const include = made.root.find("include");
        if (include == nullptr) {
            return;
        }
        reader r{options_, path, problems_};
        r.key = "include";
        if (include->kind == node_kind::scalar) {
            add_include(r, *include);
        } else if (include->kind != node_kind::missing &&
                   include->kind != node_kind::null) { // match_keys says that
            r.list(*include, [&](node const &item) { add_include(r, item); });
        }
    }

    model::configuration finish()
    {
        model::configuration all;
        all.file = sources_.empty() ? std::string{} : sources_.front().path;
        std::vector<std::pair<reader, sections>> parts;
        for (std::size_t i = 0; i < sources_.size(); ++i) {
            auto const &from = sources_[i];
            reader r{options_, from.path, problems_};
            sections found;
            found.all = &all;
            if (from.root.kind == node_kind::missing || from.root.kind == node_kind::null) {
                r.plain_error(from.root, "the file is empty",
                              i == 0 ? "write `version: 1` and what to do" : "");
                complete_ = complete_ && i > 0;
            } else {
                auto const what = i == 0 ? "a configuration" : "an included file";
                complete_ = read_map(r, from.root, what, i == 0 ? main_keys : included_keys, found)
                                .is_map &&
                            complete_;
            }
            parts.emplace_back(std::move(r), found);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            read_sections(parts[i].first, parts[i].second, sources_[i].secrecy, all);
        }
        if (complete_) {
            auto more = model::validate(all);
            problems_.insert(problems_.end(), std::make_move_iterator(more.begin()),
                             std::make_move_iterator(more.end()));
        }
        report();
        return all;
    }

  private:
    void add_include(reader &r, node const &item)
    {
        std::string path;
        if (!r.text(item, path)) {
            complete_ = false;
            return;
        }
        try {
            if (open_.size() > deepest_include || sources_.size() >= most_files) {
                throw config_error{
                    {{r.at(item),
                      fmt::format(
                          "files are included more than {} levels deep, or are more than {}",
                          deepest_include, most_files),
                      {}}}};
            }
            add_file(beside(r.file(), path), r.at(item));
        } catch (config_error const &e) { // a syntax error ends its own file only
            complete_ = false;
            problems_.insert(problems_.end(), e.diagnostics().begin(), e.diagnostics().end());
        }
    }

    static void read_sections(reader &r, sections const &found, file_secrecy const &secrecy,
                              model::configuration &all)
    {
        for (auto const &[key, read] : lists) {
            if (auto const at = found.lists.find(key); at != found.lists.end()) {
                r.key = key;
                read(r, *at->second, secrecy, all);
            }
        }
    }

    // Throws when there are problems: in the order of the files, and of the places in them.
    void report()
    {
        if (problems_.empty()) {
            return;
        }
        auto const order = [&](diagnostic const &d) {
            auto const file = std::find_if(sources_.begin(), sources_.end(),
                                           [&](source const &s) { return s.path == d.at.file; });
            return std::tuple{file - sources_.begin(), d.at.line, d.at.column};
        };
        std::stable_sort(
            problems_.begin(), problems_.end(),
            [&](diagnostic const &a, diagnostic const &b) { return order(a) < order(b); });
        if (problems_.size() >= most_problems) {
            problems_.resize(most_problems);
            problems_.push_back(
                {{sources_.front().path, 0, 0}, "there are more errors than are told here", {}});
        }
        throw config_error{std::move(problems_)};
    }

    load_options const &options_;
    std::vector<diagnostic> problems_;
    std::deque<source> sources_; // a deque: trees stay where they are
    std::vector<std::pair<unsigned long long, unsigned long long>> open_, seen_;
    bool complete_ = true; // every file could be read
};

} // namespace

model::configuration load_file(std::string const &path, load_options const &options)
{
    loader all{options};
    all.add_file(path, {});
    return all.finish();
}

model::configuration load_text(std::string_view yaml, std::string const &path,
                               load_options const &options)
{
    loader all{options};
    all.add_text(yaml, path, {});
    return all.finish();
}

} // namespace pgtend::config
