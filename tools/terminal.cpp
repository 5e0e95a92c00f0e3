// SPDX-License-Identifier: Apache-2.0
#include "tools/terminal.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace pgtend::tools {
namespace {

// Off while it lives. What was typed before the prompt is not for us.
class silence {
  public:
    explicit silence(int terminal) : terminal_{terminal}
    {
        tcgetattr(terminal_, &before_);
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(terminal_, TCSAFLUSH, &quiet);
    }
    ~silence() { tcsetattr(terminal_, TCSAFLUSH, &before_); }
    silence(silence const &) = delete;
    silence &operator=(silence const &) = delete;

  private:
    int terminal_;
    termios before_{};
};

void put(int terminal, std::string const &text)
{
    [[maybe_unused]] auto const written = ::write(terminal, text.data(), text.size());
}

} // namespace

int terminal_width(int descriptor)
{
    if (isatty(descriptor) != 1) {
        return 0;
    }
    auto const *said = std::getenv("COLUMNS");
    auto const columns = said == nullptr ? 0 : std::strtol(said, nullptr, 10);
    if (columns > 0 && columns < 10'000) {
        return static_cast<int>(columns);
    }
    winsize size{};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void await_input(int descriptor, std::stop_token const &stop)
{
    pollfd waiting{descriptor, POLLIN, 0};
    do {
        if (stop.stop_requested()) {
            throw interrupted{"stopped while waiting for an answer"};
        }
    } while (::poll(&waiting, 1, 100) <= 0);
}

std::optional<std::string> ask_secret(std::string const &prompt, std::stop_token const &stop)
{
    descriptor const terminal{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (terminal.get() < 0) {
        return std::nullopt;
    }
    silence const off{terminal.get()};
    put(terminal.get(), prompt);
    std::string line;
    for (;;) {
        try {
            await_input(terminal.get(), stop);
        } catch (interrupted const &) {
            put(terminal.get(), "\n");
            throw;
        }
        char c = 0;
        if (::read(terminal.get(), &c, 1) != 1 || c == '\n') {
            break;
        }
        line += c;
    }
    put(terminal.get(), "\n");
    return line;
}

} // namespace pgtend::tools
