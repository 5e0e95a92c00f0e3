// SPDX-License-Identifier: Apache-2.0
// Any bytes either are a schedule, which then keeps its properties, or are refused with a hint.
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/batch.hpp"
#include "cron/expression.hpp"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

// The input is the text. Zone, day rule and instant follow from a hash of it, so that seeds are
// plain text.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size)
{
    using namespace pgtend;
    using namespace pgtend::cron;
    static zone const zones[] = {zone{}, zone::load("Europe/Berlin"),
                                 zone::load("Australia/Lord_Howe"), zone::load("Pacific/Apia"),
                                 zone::load("Africa/Cairo")};
    std::string_view const text{reinterpret_cast<char const *>(data), size};
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (auto const c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    auto const &in = zones[hash % std::size(zones)];
    auto const rule = static_cast<day_match>(hash / 8 % 3);
    auto const number = static_cast<std::int64_t>(hash * 0x9e3779b97f4a7c15U);
    // Mostly 1716 to 2223, else any instant there is.
    instant const t{microseconds{hash / 64 % 4 == 0 ? number : number % 8'000'000'000'000'000}};

    std::string answer;
    answer_line(text, answer);
    require(answer.find('\t') != std::string::npos);

    try {
        auto const e = expression::parse(text, rule);
        auto const again = expression::parse(e.print(), rule);
        require(again == e && again.print() == e.print());
        require(!e.describe().empty() && valid_utf8(e.describe()));
        for (auto const &l : e.lints(in, t)) {
            require(!l.id.empty() && !l.message.empty() && !l.hint.empty());
        }
        if (auto const next = e.next(t, in)) {
            require(*next > t);
            require(e.previous(*next, in) == next);
            auto const before = e.previous(*next - microseconds{1}, in);
            require(!before || *before <= t);
        }
        if (auto const last = e.previous(t, in)) {
            require(*last <= t);
            auto const after = e.next(*last, in);
            require(!after || *after > t);
        }
    } catch (usage_error const &problem) {
        std::string_view const message = problem.what();
        require(!problem.hint().empty() && valid_utf8(message) &&
                message.find('\n') == std::string_view::npos && message.size() < 600);
    }
    return 0;
}
