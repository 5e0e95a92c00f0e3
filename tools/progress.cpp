// SPDX-License-Identifier: Apache-2.0
#include "tools/progress.hpp"

#include <fmt/format.h>
#include <ostream>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace pgtend::tools {
namespace {

constexpr milliseconds redraw_every{100};

std::string line_of(plan::step const &step, plan::tally const &tally, double seconds_passed)
{
    auto out = step.title;
    if (tally.rows > 0 || tally.expected) {
        out += ": " + thousands(tally.rows) +
               (tally.expected ? " of about " + thousands(*tally.expected) : "") + " rows";
    }
    auto const rate = seconds_passed > 0 ? static_cast<double>(tally.rows) / seconds_passed : 0.0;
    if (rate > 0) {
        out += ", " + thousands(static_cast<long long>(rate)) + "/s";
        if (tally.expected && *tally.expected > tally.rows) {
            auto const left = static_cast<double>(*tally.expected - tally.rows) / rate;
            out += ", " + humanize(microseconds{static_cast<long long>(left * 1e6)}) + " left";
        }
    }
    return out;
}

} // namespace

progress_display::progress_display(io &outside, bool shown)
    : outside_{outside}, live_{shown && outside.err_is_terminal}
{
}

progress_display::~progress_display()
{
    clear();
}

void progress_display::started(plan::step const &step)
{
    began_[step.title] = outside_.time.steady();
    rewrite(step.title);
}

void progress_display::progressed(plan::step const &step, plan::tally const &tally)
{
    auto const now = outside_.time.steady();
    if (!live_ || now - last_drawn_ < redraw_every) {
        return;
    }
    std::chrono::duration<double> const passed = now - began_[step.title];
    rewrite(line_of(step, tally, passed.count()));
}

void progress_display::retrying(plan::step const &step, std::string const &why, microseconds pause)
{
    clear();
    log::info("{}: {}; again in {}", step.title, printable(why), humanize(pause));
}

void progress_display::finished(engine::step_result const &result)
{
    clear();
    if (result.status == engine::step_status::succeeded) {
        log::debug("{}: done in {}", result.title, humanize(result.elapsed));
    }
}

void progress_display::rewrite(std::string const &line)
{
    if (!live_) {
        return;
    }
    last_drawn_ = outside_.time.steady();
    auto const width = outside_.columns > 1 ? static_cast<std::size_t>(outside_.columns - 1) : 79;
    outside_.err << "\r\x1b[K" << cut_to_width(printable(line), width) << std::flush;
    drawn_ = true;
}

void progress_display::clear()
{
    if (drawn_) {
        outside_.err << "\r\x1b[K" << std::flush;
        drawn_ = false;
    }
}

} // namespace pgtend::tools
