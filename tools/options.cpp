// SPDX-License-Identifier: Apache-2.0
#include "tools/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "tools/help.hpp"
#include "tools/parse.hpp"

namespace pgtend::tools {

struct options::impl {
    CLI::App app;
    command_help help;
    std::vector<std::string> outputs = {"text", "json"};
    bool global = false; // what is declared now is for every command

    CLI::Option *add(CLI::Option *option, declared_option what)
    {
        what.text = option->get_description();
        for (auto const &name : option->get_snames()) {
            what.flags.push_back("-" + name);
        }
        for (auto const &name : option->get_lnames()) {
            what.flags.push_back("--" + name);
        }
        if (option->get_positional()) {
            what.placeholder = option->get_name();
            option->required(what.required);
        }
        if (what.takes_value()) {
            option->type_name(what.placeholder);
        }
        (global ? help.global : help.own).push_back(std::move(what));
        return option;
    }
};

namespace {

std::string long_name(std::string const &flags)
{
    return flags.substr(flags.rfind(',') + 1);
}

// What is written into it is one of these.
auto chosen_from(std::string const &flags, std::vector<std::string> const &allowed,
                 std::string &into)
{
    return [&into, name = long_name(flags), allowed](std::string const &value) {
        if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
            std::vector<std::string_view> const known{allowed.begin(), allowed.end()};
            auto const near = nearest(value, known);
            throw usage_error{name + ": " + in_quotes(value) + " is none of " + join(allowed, ", "),
                              near ? "did you mean " + *near + "?" : ""};
        }
        into = value;
    };
}

} // namespace

void options::positional(std::string const &name, std::string &into, std::string const &help,
                         bool required)
{
    impl_.add(impl_.app.add_option(name, into, help), {.required = required});
}

void options::positionals(std::string const &name, std::vector<std::string> &into,
                          std::string const &help, bool required)
{
    impl_.add(impl_.app.add_option(name, into, help), {.several = true, .required = required});
}

void options::positional_choice(std::string const &name, std::string &into,
                                std::vector<std::string> const &allowed, std::string const &help)
{
    impl_.add(
        impl_.app.add_option_function<std::string>(name, chosen_from(name, allowed, into), help),
        {.allowed = allowed, .required = true});
}

void options::text(std::string const &flags, std::string &into, std::string const &name,
                   std::string const &help)
{
    impl_.add(impl_.app.add_option(flags, into, help), {.placeholder = name});
}

void options::text(std::string const &flags, std::optional<std::string> &into,
                   std::string const &name, std::string const &help)
{
    impl_.add(impl_.app.add_option_function<std::string>(
                  flags, [&into](std::string const &value) { into = value; }, help),
              {.placeholder = name});
}

void options::texts(std::string const &flags, std::vector<std::string> &into,
                    std::string const &name, std::string const &help)
{
    impl_.add(impl_.app.add_option(flags, into, help), {.placeholder = name})
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
}

void options::number(std::string const &flags, long long &into, std::string const &name,
                     std::string const &help, long long least, long long most)
{
    impl_.add(impl_.app.add_option(flags, into, help)->check(CLI::Range(least, most)),
              {.placeholder = name, .start = std::to_string(into)});
}

void options::number(std::string const &flags, std::optional<long long> &into,
                     std::string const &name, std::string const &help, long long least,
                     long long most)
{
    impl_.add(impl_.app
                  .add_option_function<long long>(
                      flags, [&into](long long value) { into = value; }, help)
                  ->check(CLI::Range(least, most)),
              {.placeholder = name});
}

void options::duration(std::string const &flags, microseconds &into, std::string const &help)
{
    auto const read = [&into, name = long_name(flags)](std::string const &value) {
        try {
            into = parse_duration(value);
        } catch (error const &e) {
            throw usage_error{name + ": " + e.message(), e.hint()};
        }
    };
    impl_.add(impl_.app.add_option_function<std::string>(flags, read, help),
              {.placeholder = "DURATION", .start = to_string(into)});
}

void options::choice(std::string const &flags, std::string &into,
                     std::vector<std::string> const &allowed, std::string const &help)
{
    impl_.add(
        impl_.app.add_option_function<std::string>(flags, chosen_from(flags, allowed, into), help),
        {.placeholder = join(allowed, "|"), .start = into, .allowed = allowed});
}

void options::flag(std::string const &flags, bool &into, std::string const &help)
{
    impl_.add(impl_.app.add_flag(flags, into, help), {});
}

void options::excludes(std::string const &one, std::string const &other)
{
    impl_.app.get_option(one)->excludes(impl_.app.get_option(other));
}

void options::needs(std::string const &one, std::string const &other)
{
    impl_.app.get_option(one)->needs(impl_.app.get_option(other));
}

void options::required(std::string const &flag)
{
    impl_.app.get_option(flag)->required();
    auto &own = impl_.help.own;
    std::find_if(own.begin(), own.end(), [&](auto const &o) {
        return !o.positional() && o.flags.back() == flag;
    })->required = true;
}

void options::output(std::string const &name)
{
    impl_.outputs.push_back(name);
}

void options::example(std::string const &arguments, std::string const &what)
{
    impl_.help.examples.emplace_back(arguments, what);
}

namespace {

void declare_global(options &o, std::vector<std::string> const &outputs, global_options &global)
{
    o.text("-c,--config", global.config, "FILE",
           "configuration file (default: $PGTEND_CONFIG, then ./pgtend.yaml)");
    o.text("-t,--target", global.target, "NAME", "one of the file's targets, or all");
    o.text("-d,--dbname", global.conninfo, "DATABASE",
           "database to work on: a name, a conninfo string or a URI");
    o.text("-h,--host", global.host, "HOST", "host, or directory of the socket; several: a,b");
    o.text("-p,--port", global.port, "PORT", "port; several hosts with several ports: 5432,5433");
    o.text("-U,--username", global.user, "ROLE", "role to log in as");
    o.flag("-W,--password", global.ask_password, "ask for the password; never asked without it");
    o.choice("-o,--output", global.output, outputs, "form of the result");
    o.choice("--color", global.color, {"auto", "always", "never"},
             "auto: on a terminal, unless NO_COLOR is set");
    o.choice("--pooler", global.pooler, {"auto", "none", "session", "transaction"},
             "what stands before the server; auto takes any pooler for one in transaction mode");
    o.duration("--connect-timeout", global.connect_timeout, "try to connect for so long");
    o.flag("--dry-run", global.dry_run, "print the exact SQL with its locks, change nothing");
    o.flag("-v,--verbose", global.verbose,
           "tell more on stderr: each statement with its duration and rows");
    o.flag("-q,--quiet", global.quiet, "tell only errors on stderr");
    o.flag("--insecure-perms", global.insecure_permissions,
           "accept a file that others may read or write, if it holds no password");
    o.excludes("--verbose", "--quiet");
}

// The arguments that fit nothing: names the first, preferably an option, since what follows one may
// be its value.
usage_error unexpected(command const &chosen, CLI::App const &app, command_help const &help)
{
    auto const extra = app.remaining();
    auto found = std::find_if(extra.begin(), extra.end(),
                              [](auto const &word) { return word.starts_with('-'); });
    auto const word = found != extra.end() ? *found : extra.empty() ? std::string{} : extra.front();
    std::vector<std::string> known{"--help"};
    for (auto const *part : {&help.own, &help.global}) {
        for (auto const &o : *part) {
            if (!o.positional()) {
                known.push_back(o.flags.back());
            }
        }
    }
    std::vector<std::string_view> const views{known.begin(), known.end()};
    auto const near =
        word.starts_with("--") ? nearest(word.substr(0, word.find('=')), views) : std::nullopt;
    auto const name = std::string{chosen.name};
    return usage_error{name + ": unexpected argument " + in_quotes(word),
                       near ? "did you mean " + *near + "?" : "see pgtend " + name + " --help"};
}

struct declaration {
    options::impl implementation;
    global_options global;
    action run; // what was declared writes into it

    // nullptr: the options of every command alone.
    explicit declaration(command const *of)
    {
        auto &app = implementation.app;
        auto *help_flag = app.set_help_flag("-?,--help", "print this help"); // frees -h
        options o{implementation};
        if (of != nullptr) {
            app.name("pgtend " + std::string{of->name});
            implementation.help.name = of->name;
            implementation.help.summary = of->summary;
            run = of->declare(o);
        }
        implementation.global = true;
        declare_global(o, implementation.outputs, global);
        implementation.add(help_flag, {});
    }
};

} // namespace

instant read_time(std::string const &text, instant now, from_now which)
{
    return checked([&] {
        if (text.find('-') != std::string::npos) {
            return parse_rfc3339(text);
        }
        auto const span = parse_duration(text);
        return which == from_now::back ? now - span : now + span;
    });
}

command_help help_of(command const *of)
{
    return declaration{of}.implementation.help;
}

// Parses the arguments of one command (the command's own words taken out).
invocation parse_command(command const &chosen, std::vector<std::string> arguments)
{
    declaration made{&chosen};
    invocation out;
    out.command = chosen.name;
    std::reverse(arguments.begin(), arguments.end());
    auto &app = made.implementation.app;
    try {
        app.parse(std::move(arguments));
    } catch (CLI::CallForHelp const &) {
        out.text = text_of(made.implementation.help);
    } catch (CLI::ParseError const &e) {
        // A mistyped option first, since the right one may be what is missing.
        if (!app.remaining().empty()) {
            throw unexpected(chosen, app, made.implementation.help);
        }
        throw usage_error{out.command + ": " + printable(e.what()),
                          "see pgtend " + out.command + " --help"};
    } catch (usage_error const &e) {
        throw usage_error{out.command + ": " + e.message(),
                          e.hint().empty() ? "see pgtend " + out.command + " --help" : e.hint()};
    }
    if (!chosen.document && made.global.output == "json") {
        throw usage_error{out.command + " prints no document", "leave out -o json"};
    }
    out.run = std::move(made.run);
    out.global = std::move(made.global);
    return out;
}

} // namespace pgtend::tools
