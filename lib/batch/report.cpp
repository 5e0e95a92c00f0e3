// SPDX-License-Identifier: Apache-2.0
#include "batch/report.hpp"

#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::batch {

report::report(std::string table, std::size_t leaves, std::vector<qualified_name> const &detaching)
    : table_{std::move(table)}, leaves_{leaves}
{
    for (auto const &each : detaching) {
        note(fmt::format("{0} waits for ALTER TABLE {1} DETACH PARTITION {0} FINALIZE, its rows "
                         "were left alone",
                         display(each), table_));
    }
}

void report::left(long long rows)
{
    done.left += rows;
    explained_ += rows;
}

void report::failed(std::string leaf, plan::failure why)
{
    failures_.push_back({std::move(leaf), std::move(why)});
}

void report::fail_all(plan::failure const &why) const
{
    throw error{table_ + ": " + why.message, why.hint, why.sqlstate};
}

// That of the first. Rights that partitions lack are told of all of them: whoever gives them one by
// one would come back as often as there are partitions.
std::string report::hint_for_all() const
{
    constexpr std::string_view missing = "Missing: ";
    constexpr std::size_t most = 100;
    auto out = failures_.front().why.hint;
    for (std::size_t i = 1; i < failures_.size() && out.starts_with(missing); ++i) {
        auto const &hint = failures_[i].why.hint;
        if (i == most) {
            return out + fmt::format(" And of {} more.", failures_.size() - most);
        }
        if (hint.starts_with(missing)) {
            out.pop_back();
            out += "; " + hint.substr(missing.size());
        }
    }
    return out;
}

void report::finish()
{
    if (done.left > explained_) {
        note(fmt::format(
            "{} rows of {} were held by other sessions, or kept by a trigger, and left as they are",
            thousands(done.left - explained_), table_));
    }
    if (failures_.empty()) {
        return;
    }
    auto const &first = failures_.front();
    auto message = first.name + ": " + first.why.message;
    if (failures_.size() > 1) {
        message +=
            fmt::format(" (and {} more of {} partitions failed)", failures_.size() - 1, leaves_);
        for (std::size_t i = 1; i < failures_.size(); ++i) {
            note(failures_[i].name + ": " + failures_[i].why.message);
        }
    } else if (leaves_ > 1) {
        message += fmt::format(" (the other {} partitions are done)", leaves_ - 1);
    }
    throw error{message, hint_for_all(), first.why.sqlstate};
}

} // namespace pgtend::batch
