// SPDX-License-Identifier: Apache-2.0
#include "support/terminal.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <pty.h>
#include <regex>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::test {
namespace {

std::string plain(std::string const &written)
{
    static std::regex const escapes{"\x1b(\\[[0-9;?]*[a-zA-Z]|[=>]|\\][^\x07]*\x07)|\r|\x07"};
    return std::regex_replace(written, escapes, "");
}

} // namespace

terminal::terminal(std::vector<std::string> const &argv, environment_changes const &changes)
{
    winsize size{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ < 0) {
        throw error{"cannot open a terminal"};
    }
    if (pid_ > 0) {
        return;
    }
    setenv("TERM", "dumb", 1);
    for (auto const &[name, value] : changes) {
        value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char *> words;
    for (auto const &word : argv) {
        words.push_back(const_cast<char *>(word.c_str()));
    }
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
}

terminal::~terminal()
{
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(master_);
}

void terminal::type(std::string const &keys) const
{
    if (write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
        throw error{"the terminal takes no more keys"};
    }
}

void terminal::until(std::string const &text, std::chrono::seconds limit)
{
    auto const end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        auto const shown = plain(seen_);
        if (auto const at = shown.find(text); at != std::string::npos) {
            seen_ = shown.substr(at + text.size());
            return;
        }
        pollfd ready{master_, POLLIN, 0};
        std::array<char, 4096> buffer{};
        auto const count =
            poll(&ready, 1, 100) > 0 ? read(master_, buffer.data(), buffer.size()) : 0;
        if (count > 0) {
            seen_.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count < 0 || std::chrono::steady_clock::now() > end) {
            throw error{"the terminal shows no " + quoted(text) + ", but: " + printable(shown)};
        }
    }
}

} // namespace pgtend::test
