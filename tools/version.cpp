// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "tools/parse.hpp"

namespace pgtend::tools {

std::string version()
{
    return "pgtend " PGTEND_VERSION "\n"
           "libpqxx " PGTEND_LIBPQXX_VERSION ", libpq " PGTEND_LIBPQ_VERSION
           ", CLI11 " PGTEND_CLI11_VERSION ", fmt " PGTEND_FMT_VERSION
           ", yaml-cpp " PGTEND_YAML_CPP_VERSION ", spdlog " PGTEND_SPDLOG_VERSION
           ", abseil " PGTEND_ABSL_VERSION "\n";
}

} // namespace pgtend::tools
