// SPDX-License-Identifier: Apache-2.0
#include "tools/parse.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "tools/suggest.hpp"

namespace pgtend::tools {

namespace {

// Whether the argument's value is the next one: "--host", "-h", and "-qh", but not "-hx".
bool takes_next(std::string const &argument, std::vector<declared_option> const &known)
{
    auto const valued = [&](std::string const &flag) {
        return std::any_of(known.begin(), known.end(), [&](auto const &option) {
            return option.takes_value() &&
                   std::find(option.flags.begin(), option.flags.end(), flag) != option.flags.end();
        });
    };
    if (argument.starts_with("--")) {
        return valued(argument);
    }
    for (std::size_t i = 1; i < argument.size(); ++i) {
        if (valued({'-', argument[i]})) {
            return i + 1 == argument.size();
        }
    }
    return false;
}

bool asks_for(std::vector<std::string> const &args, std::string_view one, std::string_view other)
{
    return std::any_of(args.begin(), args.end(),
                       [&](auto const &a) { return a == one || a == other; });
}

std::string pad(std::string_view text, std::size_t width)
{
    return std::string{text} + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

constexpr std::size_t name_width = 20;

} // namespace

std::vector<std::size_t> command_words(std::vector<std::string> const &args, std::size_t count)
{
    auto const global = help_of(nullptr).global;
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < args.size() && out.size() < count && args[i] != "--"; ++i) {
        if (!args[i].starts_with('-')) {
            out.push_back(i);
        } else if (takes_next(args[i], global)) {
            ++i;
        }
    }
    return out;
}

invocation parse(std::vector<std::string> const &given)
{
    auto args = given;
    auto at = command_words(args, 2);
    bool const help = !at.empty() && args[at[0]] == "help";
    if (help) {
        args.erase(args.begin() + static_cast<std::ptrdiff_t>(at[0]));
        at = command_words(args, 2);
    }
    bool const wants_help = help || asks_for(args, "-?", "--help");
    if (at.empty()) {
        if (asks_for(args, "--version", "-V")) {
            return {.text = version(), .command = {}, .run = {}, .global = {}};
        }
        if (wants_help) {
            return {.text = overview(), .command = {}, .run = {}, .global = {}};
        }
        throw usage_error{"no command given", "see pgtend --help"};
    }
    auto const &first = args[at[0]];
    for (auto const &g : groups()) {
        if (g.name != first) {
            continue;
        }
        std::vector<std::string_view> members;
        for (auto const &c : commands()) {
            if (c.name.starts_with(std::string{g.name} + " ")) {
                members.push_back(c.name.substr(g.name.size() + 1));
            }
        }
        if (at.size() < 2) {
            if (wants_help) {
                return {.text = overview(g), .command = {}, .run = {}, .global = {}};
            }
            throw usage_error{
                "'" + std::string{g.name} + "' needs one of: " +
                    join(std::vector<std::string>{members.begin(), members.end()}, ", "),
                "see pgtend " + std::string{g.name} + " --help"};
        }
        auto const second = args[at[1]];
        if (std::find(members.begin(), members.end(), second) == members.end()) {
            throw unknown_command(first, second);
        }
        auto const name = std::string{g.name} + " " + second;
        args.erase(args.begin() + static_cast<std::ptrdiff_t>(at[1]));
        args.erase(args.begin() + static_cast<std::ptrdiff_t>(at[0]));
        auto const found = std::find_if(commands().begin(), commands().end(),
                                        [&](auto const &c) { return c.name == name; });
        if (help) {
            args = {"--help"};
        }
        return parse_command(*found, std::move(args));
    }
    for (auto const &c : commands()) {
        if (c.name == first) {
            args.erase(args.begin() + static_cast<std::ptrdiff_t>(at[0]));
            return parse_command(c, help ? std::vector<std::string>{"--help"} : std::move(args));
        }
    }
    throw unknown_command(first, at.size() < 2 ? "" : args[at[1]]);
}

std::string overview()
{
    std::string out =
        "pgtend keeps a PostgreSQL database fit: partitions, expiry, refreshes, vacuum,\n"
        "run by hand or on schedule from one YAML file.\n\n"
        "Usage: pgtend [-c FILE] [-t TARGET] [-d DATABASE] [-h HOST] [-o text|json] COMMAND ...\n\n"
        "Commands:\n";
    std::string_view last_group;
    for (auto const &c : commands()) {
        auto const blank = c.name.find(' ');
        auto const prefix = c.name.substr(0, blank);
        if (blank != std::string_view::npos && prefix != last_group) {
            for (auto const &g : groups()) {
                if (g.name == prefix) {
                    out += "\n" + std::string{g.summary} + "\n";
                }
            }
        } else if (blank == std::string_view::npos && !last_group.empty()) {
            out += "\n";
        }
        last_group = blank == std::string_view::npos ? std::string_view{} : prefix;
        out += "  " + pad(c.name, name_width) + std::string{c.summary} + "\n";
    }
    out += "\nTo see, and change nothing:\n"
           "  what will run in the month to come       schedule simulate --for 31d\n"
           "  which partitions that will create        --dry-run partition create --at 31d\n"
           "  when a job ran last, and what it did     job history NAME\n"
           "  when it runs next, and why it did not    job show NAME\n";
    out +=
        "\nExit codes: 0 done, 1 work failed, 2 usage or configuration, 3 findings or difference,\n"
        "4 cannot connect, 5 held by another run, 130 interrupted.\n"
        "\nHelp on one command: pgtend COMMAND --help\n";
    return out;
}

std::string overview(group const &of)
{
    std::string out = std::string{of.summary} + "\n\nUsage: pgtend " + std::string{of.name} +
                      " COMMAND ...\n\nCommands:\n";
    for (auto const &c : commands()) {
        if (c.name.starts_with(std::string{of.name} + " ")) {
            out += "  " + pad(c.name, name_width) + std::string{c.summary} + "\n";
        }
    }
    return out + "\nHelp on one command: pgtend " + std::string{of.name} + " COMMAND --help\n";
}

} // namespace pgtend::tools
