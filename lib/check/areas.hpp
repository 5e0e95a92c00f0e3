// SPDX-License-Identifier: Apache-2.0
// The rules of each area, one file each.
#pragma once
#include "check/rule.hpp"

namespace pgtend::check {

std::span<rule const> config_rules();
std::span<rule const> connection_rules();
std::span<rule const> declared_rules();
std::span<rule const> preflight_rules();
std::span<rule const> job_rules();
std::span<rule const> partition_rules();
std::span<rule const> index_rules();
std::span<rule const> matview_rules();
std::span<rule const> table_rules();
std::span<rule const> vacuum_rules();
std::span<rule const> security_rules();
std::span<rule const> backup_rules();
std::span<rule const> capacity_rules();
std::span<rule const> performance_rules();
std::span<rule const> probe_rules();
std::span<rule const> attestation_rules();
std::span<rule const> objective_rules();

} // namespace pgtend::check
