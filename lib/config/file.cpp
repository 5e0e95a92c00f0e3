// SPDX-License-Identifier: Apache-2.0
#include "config/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "config/bytes.hpp"

namespace pgtend::config {
file_text read_file(std::string const &path, std::size_t most, source_position const &from)
{
    auto const refuse = [&](std::string const &message, std::string hint) {
        if (from.line == 0) {
            throw config_error{{{{printable(path), 0, 0}, message, std::move(hint)}}};
        }
        throw config_error{{{from, shown(path) + ": " + message, std::move(hint)}}};
    };
    auto const failed = [&](char const *what) {
        refuse(std::string{what} + ": " + std::generic_category().message(errno), {});
    };
    if (path.find('\0') != std::string::npos) {
        refuse("a file name has no NUL byte", {});
    }
    descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.get() < 0) {
        failed("cannot be opened");
    }
    struct stat info = {};
    if (::fstat(file.get(), &info) != 0) {
        failed("cannot be read");
    }
    if (!S_ISREG(info.st_mode)) {
        refuse(S_ISDIR(info.st_mode) ? "is a directory" : "is not a regular file", "name a file");
    }
    auto const too_long = [&] {
        refuse(fmt::format("has more than {} bytes", thousands(static_cast<long long>(most))),
               "split it into files that `include:` joins");
    };
    if (info.st_size > static_cast<off_t>(most)) {
        too_long();
    }
    file_text out;
    out.mode = info.st_mode & 07777U;
    out.device = info.st_dev;
    out.inode = info.st_ino;
    out.bytes.resize(most + 1 < 65536 ? most + 1 : 65536);
    std::size_t length = 0;
    for (;;) { // to the end, whatever fstat said: the file may grow, and /proc says 0
        if (length == out.bytes.size()) {
            out.bytes.resize(std::min(out.bytes.size() * 2, most + 1));
        }
        auto const got = ::read(file.get(), out.bytes.data() + length, out.bytes.size() - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            failed("cannot be read");
        }
        if (got == 0) {
            break;
        }
        length += static_cast<std::size_t>(got);
        if (length > most) {
            too_long();
        }
    }
    out.bytes.resize(length);
    return out;
}

std::string beside(std::string const &file, std::string const &path)
{
    auto const slash = file.rfind('/');
    if (path.substr(0, 1) == "/" || slash == std::string::npos) {
        return path;
    }
    return file.substr(0, slash + 1) + path;
}

std::string octal(unsigned mode)
{
    return fmt::format("{:04o}", mode);
}

} // namespace pgtend::config
