// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <ostream>

#include "base/text.hpp"
#include "ledger/init.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

struct init_arguments {
    bool remove = false, adopt = false, test_clock = false;
    std::optional<std::string> grants;
};

exit_code initialise(context &c, init_arguments const &a)
{
    auto const where = c.only_destination();
    if (a.grants) {
        c.outside.out << checked([&] { return ledger::grants(*a.grants); });
        return exit_code::ok;
    }
    report::document out;
    out.schema = "pgtend/init/1";
    out.fields.push_back({"target", "target", {where.name}});
    if (c.global.dry_run) {
        throw usage_error{"init has no dry run",
                          "its migrations are the files sql/migration_*.sql"};
    }
    auto control = c.open_control(where, true);
    if (a.remove) {
        bool const was_there = ledger::remove(control.session);
        out.fields.push_back({"removed", "", {was_there}});
        out.heading = was_there ? where.name + ": schema pgtend removed"
                                : where.name + ": there was no schema pgtend";
    } else if (a.adopt) {
        ledger::adopt(control.session);
        out.fields.push_back({"adopted", "", {true}});
        out.heading = where.name + ": adopted, its jobs run from here on";
    } else {
        auto const done = ledger::init(control.session, {.test_clock = a.test_clock},
                                       c.outside.time, c.outside.random);
        out.fields.push_back({"from_version", "", {static_cast<long long>(done.from_version)}});
        out.fields.push_back(
            {"to_version", "ledger version", {static_cast<long long>(done.to_version)}});
        report::table applied{.key = "migrations",
                              .columns = {{"name", "applied"}},
                              .rows = {},
                              .when_empty = "nothing to do"};
        for (auto const &name : done.applied) {
            applied.rows.push_back({{name}});
        }
        out.tables.push_back(std::move(applied));
        if (control.server.superuser) {
            out.notes.push_back("note: " + control.server.user +
                                " is a superuser; pgtend init --print-grants ROLE prints the "
                                "smallest role that can run jobs");
        }
    }
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_init(options &o)
{
    auto a = std::make_shared<init_arguments>();
    o.flag("--remove", a->remove, "drop the schema pgtend and its history");
    o.flag("--adopt", a->adopt, "this database is a copy or was restored: let its jobs run");
    o.text("--print-grants", a->grants, "ROLE",
           "print the statements that make ROLE able to run jobs, change nothing");
    o.flag("--test-clock", a->test_clock, "a ledger for tests, which accepts tick --now");
    o.excludes("--remove", "--adopt");
    o.excludes("--remove", "--print-grants");
    o.excludes("--adopt", "--print-grants");
    o.excludes("--test-clock", "--remove");
    o.excludes("--test-clock", "--adopt");
    o.example("-c pgtend.yaml init", "create or upgrade the schema pgtend; safe to repeat");
    o.example("init --print-grants maintainer", "the smallest role that can run jobs");
    return [a](context &c) { return initialise(c, *a); };
}

} // namespace pgtend::tools
