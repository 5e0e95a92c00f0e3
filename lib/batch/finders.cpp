// SPDX-License-Identifier: Apache-2.0
#include "batch/finders.hpp"

#include <algorithm>

namespace pgtend::batch {

// -- list_finder

std::vector<plan::statement> list_finder::question(long long)
{
    return {sql_.list(rows_, after_, window)};
}

void list_finder::answer(std::vector<rows> const &results, microseconds)
{
    asked_ = true;
    places_ = results.at(0).text(0, "places");
    since_ = results.at(0).text(0, "since");
    ends_.clear();
    next_ = 0;
    // {"(0,1)","(0,2)"}
    for (auto at = places_.find(')'); at != std::string::npos; at = places_.find(')', at + 1)) {
        ends_.push_back(at + 2); // behind the closing quote
    }
    full_ = static_cast<long long>(ends_.size()) >= window;
    if (!ends_.empty()) {
        auto const begin = places_.rfind('(');
        after_ = places_.substr(begin, ends_.back() - 1 - begin);
    }
}

std::optional<section> list_finder::take(long long rows)
{
    if (next_ == ends_.size()) {
        return std::nullopt;
    }
    auto const count = std::min(static_cast<std::size_t>(rows), ends_.size() - next_);
    before_ = next_;
    ++sections_;
    auto const begin = next_ == 0 ? 1 : ends_[next_ - 1] + 1; // behind the brace or the comma
    next_ += count;
    section out;
    out.what = section::kind::listed;
    out.places = "{" + places_.substr(begin, ends_[next_ - 1] - begin) + "}";
    out.rows = static_cast<long long>(count);
    out.since = since_;
    return out;
}

// -- key_finder

namespace {

constexpr long long far = 256; // sections

} // namespace

section key_finder::keys() const
{
    section out;
    out.what = section::kind::keys;
    out.key = key_;
    out.from = from_;
    out.beyond = beyond_;
    out.far = sections_ >= far;
    out.since = since_;
    return out;
}

void key_finder::list(section::kind what)
{
    auto listed = keys();
    listed.what = what;
    listing_.emplace(sql_, std::move(listed));
    ++sections_;
}

std::vector<plan::statement> key_finder::question(long long rows)
{
    if (listing_) {
        return listing_->question(rows);
    }
    return {sql_.boundary(keys(), rows)};
}

void key_finder::answer(std::vector<rows> const &results, microseconds elapsed)
{
    if (listing_) {
        listing_->answer(results, elapsed);
        return;
    }
    auto const &result = results.at(0);
    ++sections_;
    ready_ = keys();
    ready_->rows = 0;
    if (result.empty() || !result.at(0, 0)) {
        last_ = true;
        if (result.empty() && !from_) {
            ready_->what =
                section::kind::all; // less than was asked for, the rows without a value among them
        } else {
            with_nulls_ = false;
        }
    } else if (result.flag(0, "beyond")) {
        ready_->to = from_ = result.text(0, 0);
        beyond_ = false;
    } else {
        ready_.reset();
        list(section::kind::one_key);
    }
}

std::optional<section> key_finder::take(long long rows)
{
    if (listing_) {
        if (auto out = listing_->take(rows)) {
            return out;
        }
        if (!listing_->done()) {
            return std::nullopt;
        }
        listing_.reset();
        beyond_ = true;
    }
    auto out = std::exchange(ready_, std::nullopt);
    if (last_ && !with_nulls_ && out) {
        with_nulls_ = true;
        if (!key_.not_null) {
            list(section::kind::null_keys);
        }
    }
    return out;
}

// -- block_finder

namespace {

constexpr long long least_stride = 128, most_stride = 8'192;
constexpr microseconds short_look = milliseconds{50}, long_look = milliseconds{200};
constexpr long long rows_of_a_block = 64; // narrow rows of 100 bytes
constexpr int most_growths = 2;
constexpr long long widest_gap =
    512; // blocks without a match that are read once more rather than making a transaction

// Blocks that are counted together for batches of so many rows.
long long step_for(long long rows)
{
    return std::clamp(rows / rows_of_a_block, 1LL, least_stride);
}

} // namespace

section block_finder::blocks(long long first, long long end) const
{
    section out;
    out.what = section::kind::blocks;
    out.first_block = first;
    out.end_block = end;
    out.since = since_;
    return out;
}

std::vector<plan::statement> block_finder::question(long long rows)
{
    step_ = step_for(rows);
    stride_end_ = std::min(end_, at_ + stride_);
    return {sql_.count_blocks(blocks(at_, stride_end_), step_), sql_.size()};
}

void block_finder::answer(std::vector<rows> const &results, microseconds elapsed)
{
    auto const &result = results.at(0);
    counts_.clear();
    next_ = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
        counts_.emplace_back(result.integer(i, "block"), result.integer(i, "matching"));
    }
    found_ = found_ || !counts_.empty();
    ++questions_;
    at_ = stride_end_;
    if (auto const now = results.at(1).integer(0, "blocks");
        at_ >= end_ && now > end_ && grown_ < most_growths) {
        end_ = now;
        ++grown_;
    }
    if (elapsed < short_look) {
        stride_ = std::min(stride_ * 2, most_stride);
    } else if (elapsed > long_look) {
        stride_ = std::max(stride_ / 2, least_stride);
    }
}

std::optional<section> block_finder::take(long long rows)
{
    if (next_ == counts_.size()) {
        return std::nullopt;
    }
    auto const first = counts_[next_].first;
    if (counts_[next_].second > rows && 2 * step_for(rows) <= step_) {
        // Batches have become smaller than what was counted together: it is counted anew.
        at_ = first;
        counts_.clear();
        next_ = 0;
        return std::nullopt;
    }
    long long sum = 0, last = first;
    do {
        sum += counts_[next_].second;
        last = counts_[next_].first;
        ++next_;
    } while (next_ < counts_.size() && sum + counts_[next_].second <= rows &&
             counts_[next_].first - (last + step_) <= widest_gap);
    auto out = blocks(first, std::min(last + step_, stride_end_));
    out.rows = sum;
    return out;
}

section block_finder::rest(std::optional<section> const &taken) const
{
    auto const first = taken                    ? taken->first_block
                       : next_ < counts_.size() ? counts_[next_].first
                                                : at_;
    auto out = blocks(first, end_);
    out.since.clear(); // what others wrote meanwhile is left, too
    return out;
}

} // namespace pgtend::batch
