// SPDX-License-Identifier: Apache-2.0
// The name of a partition, made of the policy's pattern and the first instant of its range.
#pragma once
#include <string>
#include <string_view>

#include "model/partition_policy.hpp"

namespace pgtend::model {

// The first hour of a partition, in the policy's time zone.
struct partition_start {
    int year = 0;  // 1 to 9999
    int month = 1; // 1 to 12
    int day = 1;   // 1 to 31
    int hour = 0;  // 0 to 23
};

// hour "{table}_{yyyy}_{mm}_{dd}_{hh}", day "{table}_{yyyy}_{mm}_{dd}", week
// "{table}_{yyyy}_w{ww}", month "{table}_{yyyy}_{mm}", quarter "{table}_{yyyy}_q{q}", year
// "{table}_{yyyy}".
std::string_view default_pattern(step every);

// Throws error with a hint when the pattern has an unknown or unclosed placeholder, or does not
// tell the partitions of `every` apart: a month needs {yyyy} and {mm}, a week {yyyy} and {ww} or
// {yyyy}, {mm} and {dd}, and so on.
void check_pattern(std::string_view pattern, step every);

// The name of the partition that begins then. {ww} is the ISO 8601 week (01 to 53), and beside it
// {yyyy} is the ISO year: the week of Monday 2024-12-30 is 2025_w01. {table} is the table's name
// without its schema. Throws error with a hint when the name is empty or has more than 63 bytes,
// which PostgreSQL would cut with no more than a notice.
std::string partition_name(partition_policy const &policy, partition_start const &from);

} // namespace pgtend::model
