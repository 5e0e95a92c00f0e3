// SPDX-License-Identifier: Apache-2.0
#include "model/job.hpp"

namespace pgtend::model {

std::string_view name(missed value)
{
    switch (value) {
    case missed::none:
        return "none";
    case missed::once:
        return "once";
    case missed::all:
        return "all";
    }
    return {};
}

std::string_view name(overlap value)
{
    switch (value) {
    case overlap::skip:
        return "skip";
    case overlap::queue:
        return "queue";
    }
    return {};
}

std::string_view name(pooler value)
{
    switch (value) {
    case pooler::automatic:
        return "auto";
    case pooler::none:
        return "none";
    case pooler::session:
        return "session";
    case pooler::transaction:
        return "transaction";
    }
    return {};
}

} // namespace pgtend::model
