// SPDX-License-Identifier: Apache-2.0
#include "tools/help.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgtend::tools {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t column = 30; // where the texts begin

std::string left_side(declared_option const &o)
{
    if (o.positional()) {
        return "  " + o.placeholder + (o.several ? " ..." : "");
    }
    // Long names stand below each other, also of options without a short one.
    return (o.flags.front().starts_with("--") ? "      " : "  ") + join(o.flags, ", ") +
           (o.placeholder.empty() ? "" : " " + o.placeholder);
}

// Words, each line at most so long, further lines indented.
std::string wrapped(std::string const &words, std::size_t indent)
{
    std::string out;
    std::size_t used = indent;
    for (auto const &word : split(words, ' ')) {
        auto const length = code_points(word);
        if (used > indent && used + 1 + length > width) {
            out += "\n" + std::string(indent, ' ');
            used = indent;
        } else if (used > indent) {
            out += ' ';
            ++used;
        }
        out += word;
        used += length;
    }
    return out;
}

void put(std::string &out, std::string const &title, std::vector<declared_option> const &options,
         bool positional)
{
    std::vector<declared_option> chosen;
    std::copy_if(options.begin(), options.end(), std::back_inserter(chosen),
                 [&](auto const &o) { return o.positional() == positional; });
    if (!chosen.empty()) {
        out += "\n" + title + ":\n" + text_of(chosen);
    }
}

} // namespace

std::string usage_of(command_help const &command)
{
    auto out = "pgtend " + command.name + " [OPTION]...";
    for (auto const &o : command.own) {
        if (o.required && !o.positional()) {
            out += " " + o.flags.back() + " " + o.placeholder;
        }
    }
    for (auto const &o : command.own) {
        if (o.positional()) {
            auto const name = o.placeholder + (o.several ? "..." : "");
            out += o.required ? " " + name : " [" + name + "]";
        }
    }
    return out;
}

std::string text_of(std::vector<declared_option> const &options)
{
    std::string out;
    for (auto const &o : options) {
        auto line = left_side(o);
        auto const length = code_points(line);
        line += length + 2 > column ? "\n" + std::string(column, ' ')
                                    : std::string(column - length, ' ');
        auto const text = o.start.empty() ? o.text : o.text + " (default: " + o.start + ")";
        out += line + wrapped(text, column) + "\n";
    }
    return out;
}

std::string text_of(command_help const &command)
{
    auto out = command.summary + "\n\nUsage: " + usage_of(command) + "\n";
    put(out, "Arguments", command.own, true);
    put(out, "Options", command.own, false);
    put(out, "Options of every command", command.global, false);
    out += command.examples.empty() ? "" : "\nExamples:\n";
    for (auto const &[arguments, what] : command.examples) {
        out += "  pgtend " + arguments + "\n      " + what + "\n";
    }
    return out;
}

} // namespace pgtend::tools
