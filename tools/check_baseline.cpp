// SPDX-License-Identifier: Apache-2.0
#include "tools/check_baseline.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/baseline.hpp"
#include "json/writer.hpp"

namespace pgtend::tools {
namespace {

[[noreturn]] void cannot_write(std::string const &path, int why)
{
    throw error{"the baseline " + in_quotes(path) + " cannot be written: " + std::strerror(why),
                "choose a folder that may be written to"};
}

// A file beside the one that is meant, which is removed unless it took its place.
class beside_it {
  public:
    explicit beside_it(std::string const &path) : path_{path}, name_{path + ".XXXXXX"}
    {
        file_ = ::mkstemp(name_.data());
        if (file_ < 0) {
            cannot_write(path_, errno);
        }
    }
    ~beside_it()
    {
        if (file_ >= 0) {
            ::close(file_);
            ::unlink(name_.c_str());
        }
    }
    beside_it(beside_it const &) = delete;
    beside_it &operator=(beside_it const &) = delete;

    void write(std::string_view text)
    {
        while (!text.empty()) {
            auto const count = ::write(file_, text.data(), text.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                cannot_write(path_, errno);
            }
            text.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void take_its_place()
    {
        auto const mask = ::umask(0);
        ::umask(mask);
        if (::fchmod(file_, 0666 & ~mask) != 0 || ::fsync(file_) != 0 ||
            std::rename(name_.c_str(), path_.c_str()) != 0) {
            cannot_write(path_, errno);
        }
        ::close(file_);
        file_ = -1;
    }

  private:
    std::string path_, name_;
    int file_ = -1;
};

} // namespace

std::string text_of(model::baseline const &all)
{
    std::string lines;
    for (auto const &[key, count, severity] : all.entries) {
        json::writer one{0};
        one.begin_object().key("check").string(key.check).key("object").string(key.object);
        if (!key.detail.empty()) {
            one.key("detail").string(key.detail);
        }
        one.key("severity").string(severity);
        if (count > 1) {
            one.key("count").number(static_cast<long long>(count));
        }
        one.end_object();
        lines += (lines.empty() ? "\n    " : ",\n    ") + one.text();
    }
    return std::string{"{\n  \"schema\": \""} + config::baseline_schema + "\",\n  \"findings\": [" +
           lines + (lines.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

void write_baseline(std::string const &path, model::baseline const &all)
{
    auto const text = text_of(all);
    if (text.size() > config::longest_baseline) {
        throw error{"the baseline would be longer than " +
                        thousands(static_cast<long long>(config::longest_baseline)) + " bytes: " +
                        thousands(static_cast<long long>(all.entries.size())) + " findings",
                    "leave out what nobody will mend: skip: or waive: in the file, or --skip"};
    }
    struct stat there = {};
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
        throw error{"the baseline " + in_quotes(path) + " cannot be written: it is no regular file",
                    "name a file; it is replaced as a whole"};
    }
    std::error_code dangles;
    auto const real = std::filesystem::canonical(path, dangles); // where a link leads to
    beside_it file{dangles ? path : real.string()};
    file.write(text);
    file.take_its_place();
}

} // namespace pgtend::tools
