// SPDX-License-Identifier: Apache-2.0
// What check found, for programs that have a form of their own. Pure; whatever names a catalog has,
// the result is well-formed.
#pragma once
#include <string>

#include "base/error.hpp"
#include "tools/check_views.hpp"

namespace pgtend::tools {

// Where a finding is: what it is about in the file, else the first line of `file`, since a database
// has no lines.
struct place {
    std::string file;
    long long line = 1;
};
place place_of(check::finding const &what, std::string const &file);

// One test suite for each area, one test case for each check; failures from `least` on; skipped
// ones with their reason. Characters that XML cannot hold become U+FFFD.
std::string junit_of(check_result const &result, check::severity least);
// SARIF 2.1.0. `file`: of those that are about nothing in a file; waived findings are suppressed
// results.
std::string sarif_of(check_result const &result, std::string const &file);
// Workflow commands of GitHub Actions: ::error title=...::message.
std::string github_of(check_result const &result, std::string const &file);
// Code quality report of GitLab, a JSON array; `file`: as in SARIF. Fingerprints do not change with
// sizes.
std::string gitlab_of(check_result const &result, std::string const &file);
// Metrics for the textfile collector of Prometheus' node exporter.
std::string prometheus_of(check_result const &result, instant now);
// One line of a monitoring plugin, with performance data, in the C locale.
std::string nagios_of(check_result const &result);
// The same when nothing could be looked at.
std::string nagios_of(error const &why);
// Its exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (something could not be seen, and nothing
// is worse).
int nagios_code(check_result const &result);

} // namespace pgtend::tools
