// SPDX-License-Identifier: Apache-2.0
#include "support/faked_clock.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/error.hpp"

namespace pgtend::test {
namespace {

instant true_time()
{
    return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

// Debian has it below the directory of the architecture.
std::string path_of(std::string const &library)
{
    for (auto const &architecture : std::filesystem::directory_iterator{"/usr/lib"}) {
        auto const path = architecture.path() / "faketime" / library;
        std::error_code none;
        if (std::filesystem::exists(path, none)) {
            return path.string();
        }
    }
    throw error{library + " is not installed", "apt-get install faketime"};
}

} // namespace

faked_clock::faked_clock(instant now)
{
    ::chmod(files_.path().c_str(), 0755); // the server's user has to pass
    set(now);
}

instant faked_clock::now() const
{
    return true_time() + ahead_;
}

void faked_clock::set(instant now)
{
    ahead_ = now - true_time();
    write();
}

void faked_clock::step(microseconds by)
{
    ahead_ += by;
    write();
}

// Replaced in one go: somebody may be reading it.
void faked_clock::write() const
{
    auto const next =
        files_.write("next", fmt::format("{}{}.{:06}\n", ahead_.count() < 0 ? '-' : '+',
                                         std::abs(ahead_.count()) / 1'000'000,
                                         std::abs(ahead_.count()) % 1'000'000));
    ::chmod(next.c_str(), 0644);
    std::filesystem::rename(next, files_.path() + "/clock");
}

environment_changes faked_clock::with(std::string const &library) const
{
    return {{"LD_PRELOAD", path_of(library)},
            {"FAKETIME_TIMESTAMP_FILE", files_.path() + "/clock"},
            {"FAKETIME_NO_CACHE", "1"},
            {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
}

environment_changes faked_clock::of_server() const
{
    return with("libfaketime.so.1");
}

environment_changes faked_clock::of_pgtend() const
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return {};
#else
    return with("libfaketimeMT.so.1");
#endif
}

} // namespace pgtend::test
