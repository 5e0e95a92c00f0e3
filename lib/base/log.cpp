// SPDX-License-Identifier: Apache-2.0
// The one file with spdlog: header-only, so that no library is loaded for it; without its registry
// and its default logger.
#include "base/log.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SPDLOG_FMT_EXTERNAL
#define SPDLOG_FMT_EXTERNAL
#endif
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

namespace pgtend::log {
namespace {

std::atomic<level> least{level::info};
std::atomic<void (*)(level, std::string_view)> redirected{nullptr};
std::atomic<bool> lost{false};

// Whether the reader of stderr adds times by itself, or sees the line at once: a terminal, or the
// journal (systemd.exec(5), JOURNAL_STREAM: device and inode of the stream it gave us).
bool reader_knows_the_time()
{
    if (::isatty(STDERR_FILENO) == 1) {
        return true;
    }
    struct stat is {};
    char const *stream = std::getenv("JOURNAL_STREAM");
    return stream != nullptr && ::fstat(STDERR_FILENO, &is) == 0 &&
           std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino) == stream;
}

// One write() a line, so that lines of several processes do not mix. A closed or broken stderr is
// nobody's failure, a full disk is.
class stderr_sink final : public spdlog::sinks::base_sink<std::mutex> {
  protected:
    void sink_it_(spdlog::details::log_msg const &message) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        // A reader that went away raises SIGPIPE in this thread: held back, and taken from the
        // queue if it was not there before.
        sigset_t pipe, pending, old;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        sigpending(&pending);
        bool const was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe, &old);
        bool broken = false;
        for (std::size_t done = 0; done < line.size();) {
            auto const count = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
            if (count > 0) {
                done += static_cast<std::size_t>(count);
            } else if (count == 0 || errno != EINTR) {
                broken = count < 0 && errno == EPIPE;
                lost = lost || (!broken && errno != EBADF);
                break;
            }
        }
        if (broken && !was_pending) {
            timespec const now{0, 0};
            while (sigtimedwait(&pipe, nullptr, &now) == -1 && errno == EINTR) {
            }
        }
        pthread_sigmask(SIG_SETMASK, &old, nullptr);
    }
    void flush_() override {}
};

// Never destroyed: destructors of static objects may still log.
spdlog::logger &logger()
{
    static auto *const instance = [] {
        auto sink = std::make_shared<stderr_sink>();
        auto *made = new spdlog::logger{"pgtend", std::move(sink)};
        made->set_level(spdlog::level::trace);
        auto const *pattern =
            reader_knows_the_time() ? "pgtend: %l: %v" : "%Y-%m-%dT%H:%M:%S.%eZ pgtend: %l: %v";
        made->set_formatter(
            std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum translated(level at)
{
    switch (at) {
    case level::debug:
        return spdlog::level::debug;
    case level::info:
        return spdlog::level::info;
    case level::warning:
        return spdlog::level::warn;
    case level::error:
        break;
    }
    return spdlog::level::err;
}

} // namespace

void set_level(level to)
{
    least = to;
}

bool enabled(level at)
{
    return at >= least.load(std::memory_order_relaxed);
}

void set_sink(void (*sink)(level, std::string_view line))
{
    redirected = sink;
}

bool lost_a_line() noexcept
{
    return lost;
}

void write(level at, std::string_view line) noexcept
{
    if (!enabled(at)) {
        return;
    }
    try {
        std::string clean{line};
        for (char &c : clean) {
            auto const byte = static_cast<unsigned char>(c);
            if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
                c = ' ';
            }
        }
        if (auto *const sink = redirected.load()) {
            sink(at, clean);
            return;
        }
        logger().log(translated(at), spdlog::string_view_t{clean.data(), clean.size()});
    } catch (
        ...) { // NOLINT(bugprone-empty-catch): a log that cannot be written must not end the work
    }
}

} // namespace pgtend::log
