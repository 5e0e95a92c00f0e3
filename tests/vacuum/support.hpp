// SPDX-License-Identifier: Apache-2.0
// Settings of a server, as it has them when nobody changed any.
#pragma once
#include "vacuum/need.hpp"

namespace pgtend::test {

inline catalog::vacuum_settings settings(int version = 150000)
{
    catalog::vacuum_settings out;
    out.server_version = version;
    if (version >= 180000) {
        out.vacuum_max_threshold = 100e6;
    }
    return out;
}

} // namespace pgtend::test
