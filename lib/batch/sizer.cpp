// SPDX-License-Identifier: Apache-2.0
#include "batch/sizer.hpp"

#include <algorithm>
#include <cmath>

namespace pgtend::batch {
namespace {

constexpr double efficient = 4;      // work by overhead
constexpr double least_work = 2'000; // microseconds
constexpr double newest =
    0.2; // weight of the last batch's overhead, which varies with what else the disk does

constexpr double remembered = 0.95; // of what was known, by each batch
constexpr double surprising = 2;    // times as long as foreseen: something changed
constexpr double kept = 0.1;        // of what was known before that
// A fixed cost is believed when it is so many standard errors; without batches of different sizes
// there is none.
constexpr double certain = 2, certain_of_few = 1.5, doubt = 0.01;
constexpr double lean = 0.7; // of a standard error, in favour of larger batches when one is
// Less than that is known of other sizes (1: all), and so many batches were of the same: one of
// another size is tried. Sooner when much of the time seems to be fixed.
constexpr double blind = 0.005, blind_of_fixed = 0.05;
constexpr int steady = 8, steady_of_fixed = 3;
constexpr long long small = 8; // from there on the other size is less, which nobody waits for
constexpr double different = 1.5;

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
    learn(static_cast<double>(changed), took);
    auto const longest = static_cast<double>(target_.count());
    auto const aim = std::min(std::max(efficient * (overhead_ + fixed_), least_work), longest);
    // What is whole but for the last digit is whole.
    auto const fitting =
        static_cast<long long>(std::min(aim / per_row_ * (1 + 1e-9), static_cast<double>(most)));
    auto const least = std::max(1LL, rows_ / 2), largest = std::min(most, rows_ * 2);
    auto const next = std::clamp(fitting, least, largest);
    auto const now = static_cast<double>(rows_), then = static_cast<double>(next);
    same_ = then < now * different && now < then * different ? same_ + 1 : 0;
    bool const matters = fixed_ * efficient > aim;
    if (same_ >= (matters ? steady_of_fixed : steady) &&
        apart_ < (matters ? blind_of_fixed : blind)) {
        rows_ = rows_ < small ? largest : matters ? least : rows_ - rows_ / 3;
        same_ = 0;
    } else {
        rows_ = next;
    }
}

// Least squares of 1 = fixed / took + per_row * rows / took: noise counts by how long a batch took.
// All is by the row, unless batches of other sizes have shown otherwise: then rows wait for less.
void sizer::learn(double rows, double took)
{
    auto const foreseen = fixed_ + per_row_ * rows;
    bool const changed = per_row_ > 0 && took > foreseen * surprising;
    auto const fading = changed ? kept : remembered;
    auto const once = 1 / took, each = rows / took;
    auto const add = [&](double &sum, double value) { sum = sum * fading + value; };
    add(once_, once);
    add(each_, each);
    add(once_once_, once * once);
    add(once_each_, once * each);
    add(each_each_, each * each);
    add(all_, 1);
    apart_ = 1 - once_each_ * once_each_ / (once_once_ * each_each_);
    fixed_ = 0;
    per_row_ = each_ / each_each_;
    auto const doubted = once_once_ * (1 + doubt);
    auto const divisor = doubted * each_each_ - once_each_ * once_each_;
    auto const fixed = (once_ * each_each_ - each_ * once_each_) / divisor;
    auto const slope = (each_ * doubted - once_ * once_each_) / divisor;
    auto const unexplained = std::max(1e-6, 1 - (fixed * once_ + slope * each_) / all_);
    auto const enough = rows_ < small ? certain_of_few : certain;
    if (fixed > enough * std::sqrt(unexplained * each_each_ / divisor)) {
        fixed_ = fixed;
        auto const error = std::sqrt(unexplained * doubted / divisor);
        per_row_ = std::max({slope - lean * error, slope / 4, 1e-3});
    }
}

} // namespace pgtend::batch
