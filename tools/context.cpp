// SPDX-License-Identifier: Apache-2.0
#include "tools/context.hpp"

#include <ostream>
#include <unistd.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "config/load.hpp"
#include "tools/progress.hpp"

namespace pgtend::tools {
namespace {

constexpr char default_file[] = "pgtend.yaml";

std::string file_of(context const &c)
{
    return configuration_file(c.global.config, c.outside);
}

// A target may say what it must be: a name that now leads to a copy must not be worked on.
void refuse_other(context::destination const &where, pg::session const &session,
                  pg::capabilities const &server)
{
    auto const refuse = [&](std::string const &what, std::string const &is,
                            std::string const &expected) {
        throw connect_error{where.name + ": the " + what + " is " + printable(is) +
                                ", and the target expects " + printable(expected),
                            "nothing was done; correct the dsn, or expect: of the target"};
    };
    if (!where.expect_database.empty() && where.expect_database != server.database) {
        refuse("database", server.database, where.expect_database);
    }
    if (!where.expect_host.empty() && where.expect_host != session.host()) {
        refuse("host", session.host(), where.expect_host);
    }
}

model::pooler pooler_of(std::string const &name)
{
    return name == "none"          ? model::pooler::none
           : name == "session"     ? model::pooler::session
           : name == "transaction" ? model::pooler::transaction
                                   : model::pooler::automatic;
}

// What is not said otherwise counts as transaction mode, in which nothing is relied upon that needs
// a session.
bool through_transaction_pooler(model::pooler said, pg::capabilities const &server)
{
    switch (said) {
    case model::pooler::transaction:
        return true;
    case model::pooler::none:
    case model::pooler::session:
        return false;
    case model::pooler::automatic:
        break;
    }
    return server.pid_differs;
}

// What the command line says of the connection. As with psql, a conninfo string of -d is stronger
// than -h, -p and -U; what the file says is weaker.
void say(pg::conninfo &target, io &outside, global_options const &global,
         std::optional<std::string> &password)
{
    bool const stronger = !global.conninfo;
    auto const put = [&](std::string const &keyword, std::string const &value) {
        if (!value.empty() && (stronger || target.get(keyword).empty())) {
            target.set(keyword, value);
            return true;
        }
        return false;
    };
    if (put("host", global.host) && stronger) {
        target.set("hostaddr", "");
    }
    put("port", global.port);
    if (put("user", global.user) && stronger) {
        target.set("password", ""); // it is another role's
    }
    if (global.ask_password && !password) {
        password = outside.ask_secret ? outside.ask_secret("Password: ") : std::nullopt;
        if (!password) {
            throw usage_error{"there is no terminal to ask for the password",
                              "set PGPASSWORD, or write it into a password file (~/.pgpass)"};
        }
    }
    if (password) {
        put("password", *password);
    }
    target.check_port();
}

} // namespace

std::string configuration_file(std::string const &given, io const &outside)
{
    if (!given.empty()) {
        return given;
    }
    if (auto const named = outside.environment("PGTEND_CONFIG"); named && !named->empty()) {
        return *named;
    }
    return access(default_file, F_OK) == 0 ? default_file : "";
}

bool context::has_configuration() const
{
    return !file_of(*this).empty();
}

model::configuration const &context::configuration()
{
    if (!configuration_) {
        auto const file = file_of(*this);
        if (file.empty()) {
            throw usage_error{"no configuration file given",
                              "name one with -c FILE or PGTEND_CONFIG, or write ./pgtend.yaml"};
        }
        configuration_ =
            config::load_file(file, {.environment = outside.environment,
                                     .insecure_permissions = global.insecure_permissions});
    }
    return *configuration_;
}

std::vector<context::destination> context::destinations()
{
    auto const base = [&] {
        destination out;
        out.options.stop = outside.stop;
        out.options.deadline = global.connect_timeout;
        out.pooler = pooler_of(global.pooler);
        return out;
    };
    if (global.conninfo) {
        if (!global.target.empty()) {
            throw usage_error{"-d and -t exclude each other",
                              "give a database, or the name of a target of the file"};
        }
        auto out = base();
        out.options.target = pg::conninfo::of_database(*global.conninfo);
        say(out.options.target, outside, global, password_);
        out.name = out.options.target.display();
        return {out};
    }
    if (!has_configuration() || configuration().targets.empty()) {
        if (!global.target.empty()) {
            throw usage_error{"there is no target '" + global.target + "'",
                              "declare it under targets: of the file"};
        }
        auto out = base();
        say(out.options.target, outside, global, password_);
        out.name = out.options.target.display();
        return {out};
    }
    auto const from = [&](model::target const &target) {
        auto out = base();
        out.name = target.name;
        out.options.target = pg::conninfo{target.dsn};
        if (!target.passfile.empty()) {
            out.options.target.set("passfile", target.passfile);
        }
        say(out.options.target, outside, global, password_);
        if (global.pooler == "auto") {
            out.pooler = target.pooler;
        }
        out.expect_database = target.expect_database;
        out.expect_host = target.expect_host;
        return out;
    };
    auto const &all = configuration().targets;
    std::vector<destination> out;
    if (global.target == "all") {
        for (auto const &target : all) {
            out.push_back(from(target));
        }
    } else if (!global.target.empty()) {
        out.push_back(from(configuration().find_target(global.target)));
    } else if (all.size() == 1) {
        out.push_back(from(all.front()));
    } else {
        std::string names;
        for (auto const &target : all) {
            names += (names.empty() ? "" : ", ") + target.name;
        }
        throw usage_error{"the file has several targets",
                          "choose one with -t, or -t all: " + names};
    }
    return out;
}

context::destination context::only_destination()
{
    auto all = destinations();
    if (all.size() != 1) {
        throw usage_error{command_ + " works on one target", "choose one with -t"};
    }
    return std::move(all.front());
}

pg::session context::open(destination const &where, std::string_view job)
{
    auto options = where.options;
    options.application_name = "pgtend/" + command_ + (job.empty() ? "" : "/" + std::string{job});
    return pg::connect(options, outside.time, outside.random);
}

context::control context::open_control(destination const &where, bool writes, pg::companion *with)
{
    auto session = open(where);
    auto server = pg::probe(session, outside.time, with);
    if (writes && server.in_recovery) {
        throw connect_error{
            where.name + ": read-only standby, nothing written",
            "connect to the primary; several hosts with target_session_attrs=read-write find it",
            "25006"};
    }
    refuse_other(where, session, server);
    constexpr auto tolerated = seconds{5};
    if (server.clock_skew > tolerated || server.clock_skew < -tolerated) {
        log::warning("this host's clock and the server's differ by {} s; the server's decides",
                     std::chrono::duration_cast<seconds>(server.clock_skew).count());
    }
    bool const transactions = through_transaction_pooler(where.pooler, server);
    return {std::move(session), std::move(server), transactions};
}

engine::environment context::environment_for(destination const &where,
                                             engine::work_settings const &settings,
                                             bool transaction_pooler)
{
    return {
        .open = [this, where] { return open(where); },
        .time = outside.time,
        .random = outside.random,
        .settings = settings,
        .stop = outside.abort,
        .drain = outside.stop,
        .resolve =
            [this, where](std::string const &id) {
                return pg::commit_status(where.options, id, outside.time, outside.random);
            },
        .transaction_pooler = transaction_pooler,
        .server = where.options.target.display(),
    };
}

engine::result context::print_script(plan::plan work, destination const &where,
                                     engine::work_settings const &settings, bool transaction_pooler)
{
    return engine::dry_run(environment_for(where, settings, transaction_pooler), outside.out)
        ->run(std::move(work));
}

engine::result context::execute(plan::plan work, destination const &where,
                                engine::work_settings const &settings, int workers,
                                microseconds timeout, bool transaction_pooler)
{
    if (global.dry_run) {
        return print_script(std::move(work), where, settings, transaction_pooler);
    }
    progress_display watcher{outside, !global.quiet};
    auto around = environment_for(where, settings, transaction_pooler);
    if (timeout.count() > 0) {
        around.deadline = outside.time.steady() + timeout;
    }
    around.time_limit = timeout;
    around.watcher = &watcher;
    around.workers = workers;
    return engine::real(std::move(around))->run(std::move(work));
}

void context::print(report::document const &d)
{
    if (global.output == "json") {
        outside.out << report::render_json(d);
        return;
    }
    if (global.output == "markdown") {
        outside.out << report::render_markdown(d);
        return;
    }
    auto const unset = [&](char const *name) {
        return outside.environment(name).value_or("").empty();
    };
    bool const color = global.color == "always" ||
                       (global.color == "auto" && outside.out_is_terminal && unset("NO_COLOR"));
    outside.out << report::render_text(
        d, {.columns = outside.out_is_terminal ? outside.columns : 0, .color = color});
}

} // namespace pgtend::tools
