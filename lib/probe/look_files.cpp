// SPDX-License-Identifier: Apache-2.0
// Kinds that look at a file.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/text.hpp"
#include "probe/asking.hpp"

namespace pgtend::probe {
namespace {

// The end of the file, at most that long. That there is none is what the other side does.
file_seen read_end_of(std::string const &path, off_t most)
{
    auto const reason = [] { return std::generic_category().message(errno); };
    descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat info = {};
    if (file.get() < 0 && errno == ENOENT) {
        throw net::failure{"there is no file " + printable(path)};
    }
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
        throw needs{printable(path) + " cannot be read: " + reason()};
    }
    if (!S_ISREG(info.st_mode)) {
        throw needs{printable(path) + " is no regular file"};
    }
    ::lseek(file.get(), std::max<off_t>(info.st_size - most, 0), SEEK_SET);
    file_seen out;
    out.written = instant{seconds{info.st_mtim.tv_sec}};
    out.cut = info.st_size > most;
    out.text.resize(static_cast<std::size_t>(std::min(info.st_size, most)));
    std::size_t length = 0;
    while (length < out.text.size()) {
        auto const got = ::read(file.get(), out.text.data() + length, out.text.size() - length);
        if (got < 0 && errno != EINTR) {
            throw needs{printable(path) + " cannot be read: " + reason()};
        }
        if (got == 0) {
            break;
        }
        length += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    out.text.resize(length);
    return out;
}

std::string path_of(std::string const &written, asking const &with)
{
    if (!written.starts_with("${")) {
        return written;
    }
    auto path = with.text(written);
    if (!path.starts_with("/")) {
        throw needs{written + " has no absolute path"};
    }
    return path;
}

constexpr off_t most_of_summary = 16'000'000, most_of_log = 64'000'000;

} // namespace

verdict look(model::k6_probe const &of, asking const &with)
{
    return judge(of, read_end_of(path_of(of.file, with), most_of_summary), with.around.time.now());
}

verdict look(model::pgbench_probe const &of, asking const &with)
{
    return judge(of, read_end_of(path_of(of.file, with), most_of_summary), with.around.time.now());
}

verdict look(model::log_probe const &of, asking const &with)
{
    return judge(of, read_end_of(path_of(of.file, with), most_of_log), with.around.time.now());
}

} // namespace pgtend::probe
