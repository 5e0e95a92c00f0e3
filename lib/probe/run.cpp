// SPDX-License-Identifier: Apache-2.0
#include "probe/run.hpp"

#include "base/text.hpp"
#include "probe/asking.hpp"

namespace pgtend::probe {
namespace {

template <class Read> auto needed(Read const &read)
{
    try {
        return read();
    } catch (error const &e) {
        throw needs{e.message(), e.hint()};
    }
}

// Counting takes its time beside the timeout.
microseconds all_time_of(model::probe const &of)
{
    auto const *redis = std::get_if<model::redis_probe>(&of.kind);
    return of.timeout + (redis == nullptr ? microseconds{0} : redis->interval);
}

verdict look_at(model::probe const &of, surroundings const &around)
{
    asking const with{around, net::limit::of(all_time_of(of), around.stop), of.timeout};
    verdict out;
    try {
        return std::visit([&](auto const &kind) { return look(kind, with); }, of.kind);
    } catch (needs const &e) {
        out.unseen.push_back(of.name + ": " + e.message());
    } catch (net::library_missing const &e) {
        out.unseen.push_back(e.message());
    } catch (net::failure const &e) {
        out.wrong(e.message());
    } catch (error const &e) {
        if (dynamic_cast<interrupted const *>(&e) != nullptr) {
            throw;
        }
        out.unseen.push_back(of.name + ": it failed: " + e.message());
    }
    return out;
}

} // namespace

std::string asking::text(std::string const &written, text_kind kind) const
{
    return needed([&] { return around.expand(written, kind); });
}

url asking::address(std::string const &written, model::credentials const &as) const
{
    auto out = needed([&] { return parse_url(around.expand(written, text_kind::address)); });
    if (!as.user.empty()) {
        out.user = text(as.user);
    }
    if (!as.password.empty()) {
        out.password = text(as.password);
    } else if (!as.password_file.empty()) {
        out.password = needed([&] { return around.secret_in(as.password_file); });
    }
    return out;
}

net::header_list asking::headers(model::header_texts const &written) const
{
    net::header_list out;
    for (auto const &[name, value] : written) {
        auto expanded = text(value);
        if (expanded.find_first_of("\r\n") != std::string::npos) {
            throw needs{"header " + name + " has more than one line"};
        }
        out.emplace_back(name, std::move(expanded));
    }
    return out;
}

verdict run(model::probe const &of, surroundings const &around)
{
    auto out = look_at(of, around);
    apply_limits(of, out);
    return out;
}

} // namespace pgtend::probe
