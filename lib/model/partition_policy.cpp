// SPDX-License-Identifier: Apache-2.0
#include "model/partition_policy.hpp"

namespace pgtend::model {

std::string_view name(step every)
{
    switch (every) {
    case step::hour:
        return "hour";
    case step::day:
        return "day";
    case step::week:
        return "week";
    case step::month:
        return "month";
    case step::quarter:
        return "quarter";
    case step::year:
        return "year";
    }
    return {};
}

} // namespace pgtend::model
