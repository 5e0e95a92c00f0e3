// SPDX-License-Identifier: Apache-2.0
#include "tools/complete.hpp"

#include <algorithm>
#include <set>
#include <unistd.h>

#include "base/text.hpp"
#include "config/load.hpp"
#include "tools/context.hpp"
#include "tools/parse.hpp"

namespace pgtend::tools {
namespace {

// As a shell would hand the word over: completion gets it as it was typed. Variables stay.
std::string unquoted(std::string const &word, io const &outside)
{
    std::string out;
    char open = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        char const c = word[i];
        if (open == 0 && (c == '\'' || c == '"')) {
            open = c;
        } else if (c == open) {
            open = 0;
        } else if (c == '\\' && open != '\'' && i + 1 < word.size()) {
            out += word[++i];
        } else {
            out += c;
        }
    }
    if (word.starts_with("~/")) {
        out.replace(0, 1, outside.environment("HOME").value_or("~"));
    }
    return out;
}

// bash hands --option=value over as three words.
std::vector<std::string> joined(std::vector<std::string> const &words, io const &outside)
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        bool const goes_on = words[i] == "=" && !out.empty() && out.back().starts_with("--");
        if (!goes_on) {
            out.push_back(unquoted(words[i], outside));
            continue;
        }
        out.back() += "=";
        if (i + 1 < words.size()) {
            out.back() += unquoted(words[++i], outside);
        }
    }
    return out;
}

class completer {
  public:
    completer(std::vector<std::string> all, io const &outside)
        : current_{all.empty() ? "" : all.back()}, outside_{outside}
    {
        if (!all.empty()) {
            all.pop_back();
        }
        before_ = std::move(all);
    }

    std::vector<std::string> answer()
    {
        auto at = command_words(before_, 2);
        if (!at.empty() && before_[at[0]] == "help") {
            before_.erase(before_.begin() + static_cast<std::ptrdiff_t>(at[0]));
            at = command_words(before_, 2);
        }
        auto const *chosen = find(at);
        auto help = help_of(chosen);
        declared_ = std::move(help.own);
        declared_.insert(declared_.end(), help.global.begin(), help.global.end());
        bool const done_with_options =
            std::find(before_.begin(), before_.end(), "--") != before_.end();
        if (auto const *option = done_with_options ? nullptr : option_before()) {
            values(*option, current_);
        } else if (auto const equals = current_.find('='); !done_with_options &&
                                                           current_.starts_with("--") &&
                                                           equals != std::string::npos) {
            if (auto const *of = option_named(current_.substr(0, equals)); of != nullptr) {
                values(*of, current_.substr(equals + 1));
            }
        } else if (!done_with_options && current_.starts_with('-')) {
            options_themselves();
        } else if (chosen == nullptr) {
            commands_after(at);
        } else {
            positional();
        }
        return std::move(out_);
    }

  private:
    command const *find(std::vector<std::size_t> &at) const
    {
        for (auto const &c : commands()) {
            auto const parts = split(c.name, ' ');
            bool const same =
                at.size() >= parts.size() &&
                std::equal(parts.begin(), parts.end(), at.begin(),
                           [&](auto const &part, auto place) { return part == before_[place]; });
            if (same) {
                at.resize(parts.size());
                own_words_ = {at.begin(), at.end()};
                return &c;
            }
        }
        return nullptr;
    }

    declared_option const *option_named(std::string const &flag) const
    {
        auto const found = std::find_if(declared_.begin(), declared_.end(), [&](auto const &o) {
            return std::find(o.flags.begin(), o.flags.end(), flag) != o.flags.end();
        });
        return found == declared_.end() ? nullptr : &*found;
    }

    // The option whose value is to be completed.
    declared_option const *option_before() const
    {
        auto const *found = before_.empty() ? nullptr : option_named(before_.back());
        return found != nullptr && found->takes_value() ? found : nullptr;
    }

    void add(std::string_view candidate, std::string_view what, std::string_view begin)
    {
        if (candidate.starts_with(begin)) {
            auto line = std::string{candidate} + "\t" + std::string{what};
            if (std::find(out_.begin(), out_.end(), line) == out_.end()) {
                out_.push_back(std::move(line));
            }
        }
    }

    void values(declared_option const &of, std::string const &begin)
    {
        for (auto const &each : of.allowed) {
            add(each, of.text, begin);
        }
        if (of.placeholder == "FILE") {
            out_.emplace_back(":files");
        }
        bool const target =
            std::find(of.flags.begin(), of.flags.end(), "--target") != of.flags.end();
        if (target) {
            for (auto const &each : file().targets) {
                add(each.name, "target", begin);
            }
            add("all", "every target of the file", begin);
        }
    }

    void options_themselves()
    {
        for (auto const &each : declared_) {
            if (!each.flags.empty()) {
                // The long flag says what it is; the short one only when it was begun with.
                for (auto const &flag : each.flags) {
                    if (flag.starts_with("--") || each.flags.size() == 1 || current_.size() == 2) {
                        add(flag, each.text, current_);
                    }
                }
            }
        }
    }

    void commands_after(std::vector<std::size_t> const &at)
    {
        auto const begun = at.empty() ? std::string{} : before_[at[0]] + " ";
        for (auto const &c : commands()) {
            auto const name = std::string{c.name};
            if (!name.starts_with(begun)) {
                continue;
            }
            auto const rest = name.substr(begun.size());
            auto const blank = rest.find(' ');
            if (blank == std::string::npos) {
                add(rest, c.summary, current_);
                continue;
            }
            for (auto const &g : groups()) {
                if (g.name == rest.substr(0, blank)) {
                    add(g.name, g.summary, current_);
                }
            }
        }
        if (at.empty()) {
            add("help", "explains a command", current_);
        }
    }

    // Words that are neither the command's own, nor options, nor their values.
    std::vector<std::string> given() const
    {
        std::vector<std::string> out;
        bool only_words = false;
        for (std::size_t i = 0; i < before_.size(); ++i) {
            auto const &word = before_[i];
            if (own_words_.contains(i)) {
                continue;
            }
            if (!only_words && word == "--") {
                only_words = true;
            } else if (!only_words && word.starts_with('-') && word.size() > 1) {
                auto const *option = option_named(word);
                i += option != nullptr && option->takes_value() ? 1 : 0;
            } else {
                out.push_back(word);
            }
        }
        return out;
    }

    void positional()
    {
        auto const words = given();
        std::size_t place = 0;
        for (auto const &each : declared_) {
            if (!each.flags.empty()) {
                continue;
            }
            bool const here = place == words.size() || (each.several && place < words.size());
            ++place;
            if (!here) {
                continue;
            }
            for (auto const &value : each.allowed) {
                add(value, each.text, current_);
            }
            if (each.placeholder == "job") {
                for (auto const &job : file().jobs) {
                    if (std::find(words.begin(), words.end(), job.name) == words.end()) {
                        add(job.name, model::kind(job.action), current_);
                    }
                }
            }
        }
    }

    std::string file_name() const
    {
        for (std::size_t i = 0; i < before_.size(); ++i) {
            auto const &word = before_[i];
            if ((word == "-c" || word == "--config") && i + 1 < before_.size()) {
                return before_[i + 1];
            }
            if (word.starts_with("--config=")) {
                return word.substr(9);
            }
        }
        return configuration_file("", outside_);
    }

    model::configuration file() const
    {
        auto const name = file_name();
        if (name.empty()) {
            return {};
        }
        // A variable that is set where pgtend runs, and not in this shell, is no reason to know no
        // names.
        auto const environment = [&](std::string const &variable) {
            return std::optional{outside_.environment(variable).value_or("unset")};
        };
        try {
            return config::load_file(name,
                                     {.environment = environment, .insecure_permissions = true});
        } catch (error const &) {
            return {};
        }
    }

    std::string current_;
    io const &outside_;
    std::vector<std::string> before_;
    std::vector<declared_option> declared_;
    mutable std::set<std::size_t> own_words_;
    std::vector<std::string> out_;
};

} // namespace

std::vector<std::string> complete(std::vector<std::string> const &words, io const &outside)
{
    try {
        return completer{joined(words, outside), outside}.answer();
    } catch (std::exception const &) {
        return {};
    }
}

} // namespace pgtend::tools
