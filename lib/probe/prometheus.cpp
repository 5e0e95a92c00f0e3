// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "probe/judge.hpp"
#include "json/reader.hpp"

namespace pgtend::probe {
namespace {

constexpr std::size_t most_series = 100;

// [ time, "value" ]
std::optional<double> sample(json::value const *pair)
{
    auto const *items = pair == nullptr ? nullptr : pair->items();
    auto const *text = items == nullptr || items->size() != 2 ? nullptr : (*items)[1].text();
    double out = 0;
    if (text == nullptr ||
        std::from_chars(text->data(), text->data() + text->size(), out).ec != std::errc{}) {
        return std::nullopt;
    }
    return std::isfinite(out) ? std::optional{out} : std::nullopt;
}

std::string labels_of(json::value const &series)
{
    std::vector<std::string> out;
    auto const *metric = series.find("metric");
    auto const *all = metric == nullptr ? nullptr : std::get_if<json::object>(&metric->data);
    if (all != nullptr) {
        for (auto const &[name, value] : *all) {
            if (name != "__name__" && value.text() != nullptr) {
                out.push_back(name + "=" + *value.text());
            }
        }
    }
    return head_and_tail(join(out, ","), 120);
}

} // namespace

verdict judge(model::prometheus_probe const & /*of*/, net::http_answer const &answer)
{
    verdict out;
    json::value root;
    try {
        root = json::parse(answer.body);
    } catch (error const &) {
        out.wrong(fmt::format("answers {}, and no JSON", answer.status));
        return out;
    }
    auto const *status = root.find("status");
    if (answer.status != 200 || status == nullptr || status->text() == nullptr ||
        *status->text() != "success") {
        auto const *why = root.find("error");
        out.wrong(fmt::format("answers {}{}", answer.status,
                              why == nullptr || why->text() == nullptr
                                  ? ""
                                  : ": " + printable(first_line(*why->text()))));
        return out;
    }
    auto const *result = root.follow({"data", "result"});
    auto const *kind = root.follow({"data", "resultType"});
    bool const scalar = kind != nullptr && kind->text() != nullptr && *kind->text() == "scalar";
    std::size_t unusable = 0;
    if (scalar) {
        auto const value = sample(result);
        unusable = value ? 0 : 1;
        if (value) {
            out.values.push_back({"value", *value});
        }
    } else if (auto const *all = result == nullptr ? nullptr : result->items()) {
        for (std::size_t i = 0; i < std::min(all->size(), most_series); ++i) {
            auto const value = sample((*all)[i].find("value"));
            unusable += value ? 0 : 1;
            if (value) {
                out.values.push_back({"value", *value, labels_of((*all)[i])});
            }
        }
        if (all->size() > most_series) {
            out.unseen.push_back(fmt::format("{} series of the query, of which the first {} are "
                                             "looked at",
                                             all->size(), most_series));
        }
    }
    out.partial = !out.unseen.empty() || unusable > 0;
    if (out.values.empty() || unusable > 0) {
        out.unseen.push_back(out.values.empty() && unusable == 0
                                 ? "a value: the query gives no series"
                                 : "a value: the query gives one that is no number");
    }
    return out;
}

} // namespace pgtend::probe
