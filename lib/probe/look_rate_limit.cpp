// SPDX-License-Identifier: Apache-2.0
#include "probe/asking.hpp"

namespace pgtend::probe {

verdict look(model::rate_limit_probe const &of, asking const &with)
{
    std::vector<tier_seen> seen;
    for (auto const &tier : of.tiers) {
        net::http_request const request{.to = with.address(of.url, tier.as),
                                        .method = of.method,
                                        .headers = with.headers(tier.headers),
                                        .body = with.text(of.body),
                                        .ca_file = of.ca_file,
                                        .keep_alive = true};
        net::http_client client; // each tier has a connection of its own
        auto &one = seen.emplace_back(tier_seen{.name = tier.name, .answers = {}, .failure = {}});
        try {
            for (int i = 0; i < tier.limit + tier.over; ++i) {
                if (with.limit.left() == microseconds{0}) {
                    one.in_time = false;
                    break;
                }
                one.answers.push_back(client.send(request, with.limit));
                one.answers.back().body.clear();
                if (!passes(of, one.answers.back().status)) {
                    break;
                }
            }
        } catch (net::failure const &e) {
            one.failure = e.message();
        }
        if (with.limit.left() == microseconds{0}) {
            break;
        }
    }
    return judge(of, seen);
}

} // namespace pgtend::probe
