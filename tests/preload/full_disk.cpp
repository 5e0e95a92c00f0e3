// SPDX-License-Identifier: Apache-2.0
// Preloaded into a server: no file with $FULL_DISK_PATH in its path grows while the file
// $FULL_DISK_WHEN exists, as on a disk without room. What is there can be overwritten.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

// Restores errno: it is called where the caller's counts.
bool refused(int file, off_t end)
{
    auto const saved = errno;
    static char const *const part = std::getenv("FULL_DISK_PATH");
    static char const *const when = std::getenv("FULL_DISK_WHEN");
    bool out = false;
    struct stat now {};
    if (part != nullptr && when != nullptr && access(when, F_OK) == 0 && fstat(file, &now) == 0 &&
        S_ISREG(now.st_mode) && end > now.st_size) {
        char link[64];
        char path[PATH_MAX];
        std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        auto const length = readlink(link, path, sizeof path - 1);
        path[length > 0 ? length : 0] = '\0';
        out = std::strstr(path, part) != nullptr;
    }
    errno = saved;
    return out;
}

off_t total(iovec const *parts, int count)
{
    off_t out = 0;
    for (int i = 0; i < count; ++i) {
        out += static_cast<off_t>(parts[i].iov_len);
    }
    return out;
}

template <class Function> Function *next(char const *name)
{
    return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

ssize_t pwrite(int file, void const *data, size_t size, off_t at)
{
    static auto *const real = next<decltype(pwrite)>("pwrite");
    if (refused(file, at + static_cast<off_t>(size))) {
        errno = ENOSPC;
        return -1;
    }
    return real(file, data, size, at);
}

ssize_t pwrite64(int file, void const *data, size_t size, off64_t at)
{
    return pwrite(file, data, size, at);
}

ssize_t pwritev(int file, iovec const *parts, int count, off_t at)
{
    static auto *const real = next<decltype(pwritev)>("pwritev");
    if (refused(file, at + total(parts, count))) {
        errno = ENOSPC;
        return -1;
    }
    return real(file, parts, count, at);
}

ssize_t pwritev64(int file, iovec const *parts, int count, off64_t at)
{
    return pwritev(file, parts, count, at);
}

int posix_fallocate(int file, off_t at, off_t size)
{
    static auto *const real = next<decltype(posix_fallocate)>("posix_fallocate");
    return refused(file, at + size) ? ENOSPC : real(file, at, size);
}

int posix_fallocate64(int file, off64_t at, off64_t size)
{
    return posix_fallocate(file, at, size);
}

} // extern "C"
