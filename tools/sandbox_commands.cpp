// SPDX-License-Identifier: Apache-2.0
// sandbox start, stop, status, psql.
#include <memory>
#include <ostream>

#include "base/log.hpp"
#include "ops/sandbox.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

struct sandbox_arguments {
    std::string directory;
    std::optional<long long> version;
    std::vector<std::string> psql;
};

ops::sandbox_place chosen_place(context &c, sandbox_arguments const &a)
{
    if (c.global.dry_run) {
        throw usage_error{"a sandbox has no dry run", "see pgtend sandbox status"};
    }
    return ops::place_of_sandbox(a.directory,
                                 c.outside.environment("XDG_RUNTIME_DIR").value_or(""));
}

report::document document_of(std::string_view schema, ops::sandbox_place const &where,
                             ops::sandbox_state const &now)
{
    report::document out;
    out.schema = schema;
    out.fields = {
        {"directory", "directory", {where.directory.string()}},
        {"running", "running", {now.running}},
        {"version", now.version > 0 ? "PostgreSQL" : "",
         now.version > 0 ? report::cell{static_cast<long long>(now.version)} : report::cell{}},
        {"dsn", now.running ? "dsn" : "", now.running ? report::cell{now.dsn} : report::cell{}}};
    return out;
}

exit_code start(context &c, sandbox_arguments const &a)
{
    auto const where = chosen_place(c, a);
    auto const now =
        ops::sandbox{where, c.outside.stop}.start(static_cast<int>(a.version.value_or(0)));
    if (c.global.output == "json") {
        c.print(document_of("pgtend/sandbox-start/1", where, now));
    } else {
        c.outside.out << now.dsn << "\n"; // alone, for $(pgtend sandbox start)
    }
    log::info("PostgreSQL {} runs in {}; pgtend sandbox stop ends and removes it", now.version,
              where.directory.string());
    return exit_code::ok;
}

exit_code stop(context &c, sandbox_arguments const &a)
{
    auto const where = chosen_place(c, a);
    bool const was_there = ops::sandbox{where, c.outside.stop}.stop();
    report::document out;
    out.schema = "pgtend/sandbox-stop/1";
    out.fields = {{"directory", "", {where.directory.string()}}, {"removed", "", {was_there}}};
    out.heading = where.directory.string() + (was_there ? ": removed" : ": there was no sandbox");
    c.print(out);
    return exit_code::ok;
}

exit_code sandbox_status(context &c, sandbox_arguments const &a)
{
    auto const where = chosen_place(c, a);
    auto const now = ops::sandbox{where, c.outside.stop}.state();
    c.print(document_of("pgtend/sandbox-status/1", where, now));
    return now.running ? exit_code::ok : exit_code::findings;
}

std::shared_ptr<sandbox_arguments> declare(options &o)
{
    auto a = std::make_shared<sandbox_arguments>();
    o.text("--directory", a->directory, "DIR",
           "where it lies (default: pgtend-sandbox in $XDG_RUNTIME_DIR, else pgtend-sandbox-UID "
           "in /tmp)");
    return a;
}

} // namespace

action declare_sandbox_start(options &o)
{
    auto a = declare(o);
    o.number("--pg", a->version, "N", "version of the server (default: the newest installed)", 10,
             99);
    o.example("sandbox start", "print its conninfo; again: the same server");
    o.example("-d \"$(pgtend sandbox start)\" init", "try a command on it");
    return [a](context &c) { return start(c, *a); };
}

action declare_sandbox_stop(options &o)
{
    auto a = declare(o);
    o.example("sandbox stop", "end the server and remove its data");
    return [a](context &c) { return stop(c, *a); };
}

action declare_sandbox_status(options &o)
{
    auto a = declare(o);
    o.example("sandbox status", "exit code 0 when it runs, 3 when it does not");
    return [a](context &c) { return sandbox_status(c, *a); };
}

action declare_sandbox_psql(options &o)
{
    auto a = declare(o);
    o.positionals("argument", a->psql, "for psql; behind -- when they begin with -", false);
    o.example("sandbox psql", "a prompt");
    o.example("sandbox psql -- -c 'select version()'", "one query");
    return [a](context &c) -> exit_code {
        ops::sandbox const box{chosen_place(c, *a), c.outside.stop};
        c.outside.out.flush();
        box.psql(a->psql);
    };
}

} // namespace pgtend::tools
