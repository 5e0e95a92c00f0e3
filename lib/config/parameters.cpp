// SPDX-License-Identifier: Apache-2.0
#include "config/parameters.hpp"

#include <fmt/format.h>

#include "config/scalar.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::config {

bool read_parameter_value(reader &r, node const &key, node const &value, std::string_view name,
                          std::string &out)
{
    if (value.kind == node_kind::refused) {
        return false;
    }
    if (value.kind != node_kind::scalar) {
        r.error(key, fmt::format("{} has no value", key.text),
                "write a number, true, false or auto");
        return false;
    }
    auto const kind = value.style == node_style::plain ? classify(value.text) : plain_kind::text;
    bool const plain = kind == plain_kind::integer || kind == plain_kind::decimal ||
                       kind == plain_kind::boolean ||
                       (kind == plain_kind::text && value.text == "auto");
    if (!plain) {
        r.error(value, fmt::format("{} is not a value of {}", shown(value.text), key.text),
                "write a number, true, false or auto, without quotes");
        return false;
    }
    return r.checked(value, [&] {
        model::check_storage_parameter(name, value.text);
        out = value.text;
    });
}

} // namespace pgtend::config
