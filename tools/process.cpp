// SPDX-License-Identifier: Apache-2.0
// The real outside of a command: streams, terminal, signals.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <pthread.h>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secrets.hpp"
#include "tools/run.hpp"
#include "tools/terminal.hpp"

namespace pgtend::tools {
namespace {

// Blocks the stop signals in every thread and waits for them in one of its own.
class signal_listener {
  public:
    signal_listener()
    {
        std::signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set_);
        for (int const s : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) {
            sigaddset(&set_, s);
        }
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        thread_ = std::thread{[this] { listen(); }};
    }
    ~signal_listener()
    {
        finished_ = true;
        pthread_kill(thread_.native_handle(), SIGUSR2);
        thread_.join();
    }
    signal_listener(signal_listener const &) = delete;
    signal_listener &operator=(signal_listener const &) = delete;

    std::stop_token stop() const { return stop_.get_token(); }
    std::stop_token abort() const { return abort_.get_token(); }

  private:
    void listen()
    {
        for (int received = 0; sigwait(&set_, &received) == 0 && !finished_;) {
            if (received == SIGUSR2) {
                continue;
            }
            if (!stop_.request_stop()) {
                abort_.request_stop();
            }
        }
    }

    sigset_t set_{};
    std::stop_source stop_, abort_;
    std::atomic<bool> finished_ = false;
    std::thread thread_;
};

std::optional<std::string> environment(std::string const &name)
{
    auto const *value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

// A stream that was closed from the start (>&-) stays one that cannot be used: a socket to the
// server would else get its number, and be written to.
void keep_closed_streams_closed()
{
    for (int const descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            // Opens the lowest free one, which is this one.
            static_cast<void>(
                ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY));
        }
    }
}

// A reader that went away (| head), and a stream that was closed from the start (>&-), are no
// failures; a full disk is. The stream forgets why a write failed, so the device is asked again.
bool is_written(std::ostream &stream, int descriptor)
{
    stream.flush();
    if (stream) {
        return true;
    }
    return ::write(descriptor, "\n", 1) < 0 && (errno == EPIPE || errno == EBADF);
}

// Everything is written and every session closed: the threads that still wait, for signals and for
// deadlines, own nothing that has to be put back, and joining them costs a tick a millisecond.
// Under a sanitizer the process ends the long way, so that leaks are reported.
void end_at_once(int code)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    std::cerr.flush();
    std::_Exit(code);
#else
    static_cast<void>(code);
#endif
}

} // namespace

int main(int argc, char **argv)
{
    keep_closed_streams_closed();
    std::vector<std::string> const args{argv + 1, argv + argc};
    for (int i = 1; i < argc; ++i) {
        wipe_secrets(argv[i]);
    }
    std::ios::sync_with_stdio(false);
    signal_listener const signals;
    system_clock time;
    io outside{.out = std::cout,
               .err = std::cerr,
               .in = std::cin,
               .await_answer = [&] { await_input(STDIN_FILENO, signals.stop()); },
               .in_is_terminal = isatty(STDIN_FILENO) == 1,
               .out_is_terminal = isatty(STDOUT_FILENO) == 1,
               .err_is_terminal = isatty(STDERR_FILENO) == 1,
               .columns = terminal_width(STDOUT_FILENO),
               .environment = environment,
               .ask_secret = [&](auto const &prompt) { return ask_secret(prompt, signals.stop()); },
               .time = time,
               .random = system_random(),
               .stop = signals.stop(),
               .abort = signals.abort()};
    auto const code = run(args, outside);
    bool const complete = is_written(std::cout, STDOUT_FILENO);
    if (!complete) {
        std::cerr << "pgtend: error: cannot write the result to stdout\n";
    }
    bool const told = is_written(std::cerr, STDERR_FILENO) && !log::lost_a_line();
    if (code == 0 && !(complete && told)) {
        return static_cast<int>(exit_code::failed);
    }
    end_at_once(code);
    return code;
}

} // namespace pgtend::tools
