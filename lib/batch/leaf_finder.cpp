// SPDX-License-Identifier: Apache-2.0
#include "batch/leaf_finder.hpp"

#include <algorithm>

namespace pgtend::batch {
namespace {

constexpr double few_rows = 10'000;
constexpr double many_rows = 1'000'000;
constexpr double blocks_of_a_row = 4; // above that, matching rows are sparse
constexpr std::size_t most_columns = 4;

} // namespace

std::vector<plan::statement> leaf_finder::question(long long rows)
{
    if (chosen_) {
        return chosen_->question(rows);
    }
    if (!expected_) {
        return {sql_.explain(), sql_.size()};
    }
    std::vector<plan::statement> out;
    for (auto const &column : columns_) {
        out.push_back(sql_.explain_boundary(column, rows, false));
        out.push_back(sql_.explain_boundary(column, rows, true));
    }
    return out;
}

void leaf_finder::answer(std::vector<rows> const &results, microseconds elapsed)
{
    if (!expected_) {
        plan_known(results);
        return;
    }
    if (!chosen_) {
        order_known(results);
        return;
    }
    chosen_->answer(results, elapsed);
    if (few_ && static_cast<list_finder const &>(*chosen_).full()) {
        chosen_.reset();
        expected_ = many_rows + 1;
        if (columns_.empty()) {
            chosen_ = std::make_unique<block_finder>(sql_, blocks_, since_);
        }
    }
    few_ = false;
}

void leaf_finder::plan_known(std::vector<rows> const &results)
{
    auto const nodes = nodes_of(results.at(0).text(0, 0));
    blocks_ = results.at(1).integer(0, "blocks");
    since_ = results.at(1).text(0, "since");
    auto const is_change = [](plan_node const &n) { return n.type == "ModifyTable"; };
    auto const changing = std::find_if(nodes.begin(), nodes.end(), is_change);
    auto const scan = std::find_if(changing, nodes.end(), [&](plan_node const &n) {
        return !is_change(n) && n.relation.name == leaf_.name.name;
    });
    if (scan == nodes.end()) {
        expected_ = 0;
        nothing_ = true;
        return;
    }
    expected_ = scan->rows;
    if (scan->index.empty() && scan->type != "Bitmap Heap Scan") {
        chosen_ = std::make_unique<block_finder>(sql_, blocks_, since_);
        return;
    }
    auto const used = indexes_of(nodes);
    for (auto const &index : leaf_.indexes) {
        if (std::find(used.begin(), used.end(), index.name) != used.end()) {
            columns_.insert(columns_.end(), index.columns.begin(), index.columns.end());
        }
    }
    columns_.resize(std::min(columns_.size(), most_columns));
    scattered_ = scan->index.empty();
    if (*expected_ <= few_rows) {
        few_ = true;
        chosen_ = std::make_unique<list_finder>(sql_, section{});
    } else if (columns_.empty() || (scattered_ && !sparse())) {
        without_order();
    }
}

// Many rows, and few of them for the size of the heap: its blocks would be read for nothing.
bool leaf_finder::sparse() const
{
    return *expected_ > many_rows && *expected_ * blocks_of_a_row < static_cast<double>(blocks_);
}

void leaf_finder::order_known(std::vector<rows> const &results)
{
    auto const ordered = [&](std::size_t question) {
        return reads_in_order(nodes_of(results.at(question).text(0, 0)), leaf_.name.name);
    };
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (ordered(2 * i) && !ordered(2 * i + 1)) {
            chosen_ = std::make_unique<key_finder>(sql_, columns_[i], since_);
            return;
        }
    }
    without_order();
}

void leaf_finder::without_order()
{
    if (*expected_ <= many_rows || sparse()) {
        chosen_ = std::make_unique<list_finder>(sql_, section{});
    } else {
        chosen_ = std::make_unique<block_finder>(sql_, blocks_, since_);
    }
}

std::optional<section> leaf_finder::take(long long rows)
{
    return chosen_ ? chosen_->take(rows) : std::nullopt;
}

section leaf_finder::rest(std::optional<section> const &taken) const
{
    return chosen_ ? chosen_->rest(taken) : section{};
}

} // namespace pgtend::batch
