// SPDX-License-Identifier: Apache-2.0
// partition create, vacuum run.
#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"
#include "tools/policy_options.hpp"

namespace pgtend::tools {
namespace {

struct partition_arguments {
    std::vector<std::string> tables;
    policy_options policy;
    long long workers = 4;
    std::optional<std::string> at;
    run_options run;
};

// --at: a look into the future, at which nothing may be done yet.
std::optional<instant> time_of(context const &c, partition_arguments const &a)
{
    if (!a.at) {
        return std::nullopt;
    }
    if (!c.global.dry_run) {
        throw usage_error{"partition create: --at is for looking only", "give --dry-run as well"};
    }
    return read_time(*a.at, c.outside.time.now(), from_now::ahead);
}

} // namespace

action declare_partition_create(options &o)
{
    auto a = std::make_shared<partition_arguments>();
    o.positionals("table", a->tables, "partitioned tables (default: all that the file declares)",
                  false);
    declare(o, a->policy);
    o.number("--workers", a->workers, "N", "tables worked on side by side", 1, 16);
    o.text("--at", a->at, "TIME",
           "with --dry-run: as if it were then; RFC 3339, or a duration ahead such as 31d");
    declare(o, a->run);
    o.example("-c kwenda.yaml partition create", "create what the file's policies ask for");
    o.example("-d \"$DSN\" partition create public.orders --key created_at --every month --from "
              "2025-01 --premake 3",
              "without a file");
    o.example("-c kwenda.yaml --dry-run partition create", "see what would be created now");
    o.example("-c kwenda.yaml --dry-run partition create --at 31d",
              "see what will be created until next month, if nothing is created meanwhile");
    return [a](context &c) {
        hand_work work{.what = model::partition_action{.tables = names_of(a->tables),
                                                       .workers = static_cast<int>(a->workers)},
                       .schema = "pgtend/partition-create/1",
                       .plural = "partitions",
                       .now = time_of(c, *a)};
        if (a->policy.key.empty()) {
            work.partitions = c.configuration().partitions;
            work.autovacuum = c.configuration().autovacuum;
            return do_by_hand(c, work, a->run);
        }
        if (a->tables.empty()) {
            throw usage_error{"partition create: no table given",
                              "name the partitioned table, or use a file"};
        }
        for (auto const &text : a->tables) {
            work.partitions.push_back(checked([&] { return policy_of(text, a->policy); }));
        }
        return do_by_hand(c, work, a->run);
    };
}

action declare_vacuum_run(options &o)
{
    struct arguments {
        std::vector<std::string> tables;
        bool analyze = false, only_analyze = false;
        long long workers = 1;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    a->run.policy.timeout = microseconds{0};
    o.positionals("table", a->tables,
                  "tables (default: all that are due by the server's own formula)", false);
    o.flag("--analyze", a->analyze, "analyze too");
    o.flag("--only-analyze", a->only_analyze, "analyze, do not vacuum");
    o.excludes("--analyze", "--only-analyze");
    o.number("--workers", a->workers, "N", "tables worked on side by side", 1, 16);
    declare(o, a->run);
    o.example("vacuum run --analyze public.orders", "one table");
    o.example("vacuum run --workers 2", "all that are due, most needed first");
    return [a](context &c) {
        return do_by_hand(c,
                          {.what = model::vacuum_action{.tables = names_of(a->tables),
                                                        .vacuum = !a->only_analyze,
                                                        .analyze = a->analyze || a->only_analyze,
                                                        .workers = static_cast<int>(a->workers)},
                           .schema = "pgtend/vacuum-run/1",
                           .plural = "tables"},
                          a->run);
    };
}

} // namespace pgtend::tools
