// SPDX-License-Identifier: Apache-2.0
#include "support/terminal.hpp"

#include <array>
#include <csignal>
#include <poll.h>
#include <pty.h>
#include <regex>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/launch.hpp"

namespace pgtend::test {
namespace {

using clock = std::chrono::steady_clock;

std::string plain(std::string const &written)
{
    static std::regex const escapes{"\x1b(\\[[0-9;?]*[a-zA-Z]|[=>]|\\][^\x07]*\x07)|\r|\x07"};
    return std::regex_replace(written, escapes, "");
}

} // namespace

terminal::terminal(std::vector<std::string> const &argv, int columns,
                   environment_changes const &changes)
{
    auto all = changes;
    all.emplace("TERM", "dumb");
    launch started{argv, all};
    winsize const size{.ws_row = 24,
                       .ws_col = static_cast<unsigned short>(columns),
                       .ws_xpixel = 0,
                       .ws_ypixel = 0};
    pid_ = forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ == 0) {
        started.execute();
        _exit(127);
    }
    if (pid_ < 0) {
        throw error{"cannot open a terminal"};
    }
}

terminal::~terminal()
{
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    ::close(master_);
}

void terminal::send(int signal) const
{
    ::kill(pid_, signal);
}

void terminal::type(std::string const &keys) const
{
    if (::write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
        throw error{"the terminal takes no more keys"};
    }
}

bool terminal::read_some()
{
    pollfd ready{master_, POLLIN, 0};
    if (poll(&ready, 1, 100) <= 0) {
        return true;
    }
    std::array<char, 4096> part{};
    auto const count = ::read(master_, part.data(), part.size());
    if (count <= 0) {
        return false; // EIO: nobody has the other side any more
    }
    seen_.append(part.data(), static_cast<std::size_t>(count));
    return true;
}

void terminal::until(std::string const &text, std::chrono::seconds limit)
{
    for (auto const end = clock::now() + limit;;) {
        auto const shown = plain(seen_);
        if (auto const at = shown.find(text); at != std::string::npos) {
            seen_ = shown.substr(at + text.size());
            return;
        }
        if (!read_some() || clock::now() > end) {
            throw error{"the terminal shows no " + in_quotes(text) + ", but: " + printable(shown)};
        }
    }
}

finished terminal::wait(std::chrono::seconds limit)
{
    for (auto const end = clock::now() + limit; read_some();) {
        if (clock::now() > end) {
            throw error{"it does not end, after: " + printable(seen_)};
        }
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = replace_all(seen_, "\r\n", "\n"),
            .err = {}};
}

} // namespace pgtend::test
