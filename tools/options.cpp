// SPDX-License-Identifier: Apache-2.0
#include "tools/options.hpp"

#include <CLI/CLI.hpp>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "tools/parse.hpp"

namespace pgtend::tools {

struct options::impl {
    CLI::App app;
    std::vector<std::pair<std::string, std::string>> examples;
    std::vector<std::string> outputs = {"text", "json"};
    std::vector<declared_option> declared;

    CLI::Option *add(CLI::Option *option, declared_option what)
    {
        what.help = option->get_description();
        for (auto const &name : option->get_snames()) {
            what.flags.push_back("-" + name);
        }
        for (auto const &name : option->get_lnames()) {
            what.flags.push_back("--" + name);
        }
        if (option->get_positional()) {
            what.placeholder = option->get_name();
        }
        option->type_name(what.flags.empty() || !what.takes_value ? "" : what.placeholder);
        declared.push_back(std::move(what));
        return option;
    }
};

namespace {

// An option's help shows its placeholder and its default; checks and conflicts are told when they
// fail.
class short_help final : public CLI::Formatter {
  public:
    std::string make_option_opts(CLI::Option const *option) const override
    {
        auto const full =
            option->get_type_name(); // the placeholder, then ':' and each check, or " in [...]"
        auto name = full.substr(0, full.find_first_of(": "));
        auto const start = option->get_default_str();
        if (name.empty() || option->get_positional()) {
            return option->get_expected_max() > 1 ? " ..." : "";
        }
        return " " + name + (start.empty() ? "" : " (" + start + ")");
    }
};

} // namespace

void options::positional(std::string const &name, std::string &into, std::string const &help,
                         bool required)
{
    impl_.add(impl_.app.add_option(name, into, help), {})->required(required);
}

void options::positionals(std::string const &name, std::vector<std::string> &into,
                          std::string const &help, bool required)
{
    impl_.add(impl_.app.add_option(name, into, help), {.repeated = true})->required(required);
}

void options::positional_choice(std::string const &name, std::string &into,
                                std::vector<std::string> const &allowed, std::string const &help)
{
    impl_.add(impl_.app.add_option(name, into, help), {.allowed = allowed})
        ->required()
        ->check(CLI::IsMember(allowed));
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
    impl_.add(impl_.app.add_option(flags, into, help), {.placeholder = name})
        ->check(CLI::Range(least, most))
        ->default_str(std::to_string(into));
}

void options::number(std::string const &flags, std::optional<long long> &into,
                     std::string const &name, std::string const &help, long long least,
                     long long most)
{
    impl_
        .add(impl_.app.add_option_function<long long>(
                 flags, [&into](long long value) { into = value; }, help),
             {.placeholder = name})
        ->check(CLI::Range(least, most));
}

void options::duration(std::string const &flags, microseconds &into, std::string const &help)
{
    auto *option = impl_.app.add_option_function<std::string>(
        flags,
        [&into, flags](std::string const &value) {
            try {
                into = parse_duration(value);
            } catch (error const &e) {
                throw CLI::ValidationError(flags, std::string{e.what()} +
                                                      (e.hint().empty() ? "" : "; " + e.hint()));
            }
        },
        help);
    impl_.add(option, {.placeholder = "DURATION"})->default_str(to_string(into));
}

void options::choice(std::string const &flags, std::string &into,
                     std::vector<std::string> const &allowed, std::string const &help)
{
    impl_
        .add(impl_.app.add_option(flags, into, help),
             {.placeholder = join(allowed, "|"), .allowed = allowed})
        ->check(CLI::IsMember(allowed))
        ->default_str(into);
}

void options::flag(std::string const &flags, bool &into, std::string const &help)
{
    impl_.add(impl_.app.add_flag(flags, into, help), {.takes_value = false});
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
}

void options::output(std::string const &name)
{
    impl_.outputs.push_back(name);
}

void options::example(std::string const &arguments, std::string const &what)
{
    impl_.examples.emplace_back(arguments, what);
}

namespace {

void declare_global(options &o, options::impl &implementation, global_options &global)
{
    auto &app = implementation.app;
    auto const before = app.get_options();
    o.text("-c,--config", global.config, "FILE",
           "configuration file (default: $PGTEND_CONFIG, then ./pgtend.yaml)");
    o.text("-t,--target", global.target, "NAME", "one of the file's targets, or all");
    o.text("-d,--dsn", global.conninfo, "CONNINFO",
           "database to work on: a conninfo string or a URI");
    o.choice("-o,--output", global.output, implementation.outputs, "form of the result");
    o.choice("--pooler", global.pooler, {"auto", "none", "session", "transaction"},
             "what stands before the server; auto takes any pooler for one in transaction mode");
    o.duration("--connect-timeout", global.connect_timeout, "try to connect for so long");
    o.flag("--dry-run", global.dry_run, "print the exact SQL with its locks, change nothing");
    o.flag("-v,--verbose", global.verbose, "tell more on stderr");
    o.flag("-q,--quiet", global.quiet, "tell only errors on stderr");
    o.flag("--insecure-perms", global.insecure_permissions,
           "accept a file that others may read or write, if it holds no password");
    o.excludes("--verbose", "--quiet");
    for (auto *option : app.get_options()) {
        if (std::find(before.begin(), before.end(), option) == before.end()) {
            option->group("Options of every command");
        }
    }
}

constexpr char help_of_help[] = "print this help";

std::string footer(std::vector<std::pair<std::string, std::string>> const &examples)
{
    std::string out;
    for (auto const &[arguments, what] : examples) {
        out += out.empty() ? "Examples:\n" : "";
        out += "  pgtend " + arguments + "\n      " + what + "\n";
    }
    return out;
}

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

std::vector<declared_option> declared_options(command const *of)
{
    options::impl implementation;
    options o{implementation};
    action bound; // what was declared writes into it
    global_options global;
    if (of != nullptr) {
        bound = of->declare(o);
    }
    declare_global(o, implementation, global);
    implementation.add(implementation.app.set_help_flag("-h,--help", help_of_help),
                       {.takes_value = false});
    return std::move(implementation.declared);
}

// Parses the arguments of one command (the command's own words taken out).
invocation parse_command(command const &chosen, std::vector<std::string> arguments)
{
    options::impl implementation;
    auto &app = implementation.app;
    app.name("pgtend " + std::string{chosen.name});
    app.description(std::string{chosen.summary});
    app.set_help_flag("-h,--help", help_of_help);
    app.formatter(std::make_shared<short_help>());
    app.get_formatter()->column_width(36);

    options o{implementation};
    invocation out;
    out.command = chosen.name;
    out.run = chosen.declare(o);
    declare_global(o, implementation, out.global);
    app.footer(footer(implementation.examples));

    std::reverse(arguments.begin(), arguments.end());
    try {
        app.parse(std::move(arguments));
    } catch (CLI::CallForHelp const &) {
        out.text = app.help();
    } catch (CLI::ExtrasError const &e) {
        std::vector<std::string> known;
        for (auto const *option : app.get_options()) {
            for (auto const &name : option->get_lnames()) {
                known.push_back("--" + name);
            }
        }
        std::string const what = e.what();
        auto const word = what.substr(what.rfind(' ') + 1);
        std::vector<std::string_view> const views{known.begin(), known.end()};
        auto const near = nearest(word.substr(0, word.find('=')), views);
        throw usage_error{std::string{chosen.name} + ": unexpected argument '" + printable(word) +
                              "'",
                          near ? "did you mean " + *near + "?"
                               : "see pgtend " + std::string{chosen.name} + " --help"};
    } catch (CLI::ParseError const &e) {
        throw usage_error{std::string{chosen.name} + ": " + printable(e.what()),
                          "see pgtend " + std::string{chosen.name} + " --help"};
    }
    return out;
}

} // namespace pgtend::tools
