// SPDX-License-Identifier: Apache-2.0
#include "batch/sizer.hpp"

#include <algorithm>

namespace pgtend::batch {
namespace {

constexpr double efficient = 4;      // work by overhead
constexpr double least_work = 2'000; // microseconds
constexpr double newest =
    0.2; // weight of the last batch's overhead, which varies with what else the disk does

constexpr double different = 1.25; // sizes, by each other
constexpr double newest_fixed = 0.5;

} // namespace

sizer::sizer(long long initial, microseconds target)
    : rows_{std::clamp(initial, 1LL, most)}, target_{std::max(target, microseconds{1})}
{
}

void sizer::measured(long long changed, microseconds work, microseconds whole)
{
    if (changed <= 0) {
        return;
    }
    auto const took = std::max(1.0, static_cast<double>(work.count()));
    auto const beside = std::max(1.0, static_cast<double>((whole - work).count()));
    overhead_ = overhead_ == 0 ? beside : overhead_ + (beside - overhead_) * newest;
    compare(static_cast<double>(changed), took);
    // Too high a guess makes batches larger, which tells better.
    auto const each = std::max(1.0, took - fixed_) / static_cast<double>(changed);
    per_row_ = per_row_ == 0 ? each : (per_row_ + each) / 2;
    auto const longest = static_cast<double>(target_.count());
    auto const aim = std::min(std::max(efficient * overhead_, least_work), longest);
    auto const fitting =
        static_cast<long long>(std::min(aim / per_row_, static_cast<double>(most)));
    rows_ = std::clamp(fitting, std::max(1LL, rows_ / 2), std::min(most, rows_ * 2));
}

void sizer::compare(double rows, double took)
{
    if (rows < other_rows_ * different && other_rows_ < rows * different) {
        return;
    }
    if (other_rows_ > 0) {
        auto const each = std::max(0.0, (took - other_took_) / (rows - other_rows_));
        auto const fixed = std::clamp(took - each * rows, 0.0, std::min(took, other_took_));
        fixed_ += (fixed - fixed_) * newest_fixed;
    }
    other_rows_ = rows;
    other_took_ = took;
}

} // namespace pgtend::batch
