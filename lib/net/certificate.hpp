// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace pgtend::net {

// A time as libcurl tells that of a certificate: "Nov  6 10:00:00 2026 GMT" (OpenSSL) or
// "2026-11-06 10:00:00 GMT" (GnuTLS). Nothing for any other text.
std::optional<instant> certificate_time(std::string_view text);

} // namespace pgtend::net
