// SPDX-License-Identifier: Apache-2.0
#include "config/sql_file.hpp"

#include <fmt/format.h>

#include "config/file.hpp"

namespace pgtend::config {

bool read_sql_file(reader &r, node const &n, std::string const &path, std::string &out)
{
    return r.checked(n, [&] {
        auto const beside_it = beside(r.file(), path);
        auto read = read_file(beside_it, longest_file, r.at(n));
        if (read.others_write() && !r.options().insecure_permissions) {
            throw error{
                fmt::format(
                    "{} may be written by group or others (mode {}), and it is SQL that runs",
                    shown(beside_it), octal(read.mode)),
                fmt::format("chmod go-w {}", beside_it)};
        }
        out = check_bytes(read.bytes, beside_it, longest_file);
    });
}

} // namespace pgtend::config
