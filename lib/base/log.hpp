// SPDX-License-Identifier: Apache-2.0
// The log goes to stderr (results go to stdout). This header includes no spdlog: it costs 9 s a
// file under the sanitizers.
#pragma once
#include <fmt/core.h>
#include <string_view>

namespace pgtend::log {

enum class level { debug, info, warning, error };

// Lines below this level are dropped. Default: info.
void set_level(level least);
bool enabled(level at);
// Where lines go: file descriptor 2 by default; a test may redirect them to a function.
void set_sink(void (*sink)(level, std::string_view line)); // nullptr: back to stderr

// One line; line ends inside become blanks. Never throws, also when stderr is closed.
void write(level at, std::string_view line) noexcept;
// Whether a line was lost because stderr could not be written: a full disk, but not a reader that
// went away, or a stderr that was closed from the start.
bool lost_a_line() noexcept;

template <class... Args> void debug(fmt::format_string<Args...> format, Args &&...args)
{
    if (enabled(level::debug)) {
        write(level::debug, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args> void info(fmt::format_string<Args...> format, Args &&...args)
{
    if (enabled(level::info)) {
        write(level::info, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args> void warning(fmt::format_string<Args...> format, Args &&...args)
{
    write(level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args> void error(fmt::format_string<Args...> format, Args &&...args)
{
    write(level::error, fmt::format(format, std::forward<Args>(args)...));
}

} // namespace pgtend::log
