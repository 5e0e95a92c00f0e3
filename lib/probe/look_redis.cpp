// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"
#include "net/redis.hpp"
#include "probe/asking.hpp"

namespace pgtend::probe {
namespace {

using net::redis_reply;

// What the server refused, which it says without what it was asked: an unknown command is repeated
// with its arguments.
std::string refusal(std::string const &command, redis_reply const &reply)
{
    bool const repeats = lower(reply.text).find("unknown command") != std::string::npos;
    return command + " is refused: " + printable(repeats ? reply.code() : first_line(reply.text));
}

class conversation {
  public:
    conversation(url const &at, model::redis_probe const &of, asking const &with)
        : client_{std::make_unique<net::stream>(net::stream::address{.host = at.host,
                                                                     .port = at.port,
                                                                     .tls = at.scheme == "rediss",
                                                                     .ca_file = of.ca_file},
                                                with.limit)},
          limit_{with.limit}
    {
    }

    redis_reply ask(std::vector<std::string> const &words) { return client_.ask(words, limit_); }

    // Throws net::failure when it is refused.
    redis_reply insist(std::vector<std::string> const &words)
    {
        auto reply = ask(words);
        if (reply.failed()) {
            throw net::failure{refusal(words[0], reply)};
        }
        return reply;
    }

    // Throws needs when it is refused.
    redis_reply may(std::vector<std::string> const &words)
    {
        auto reply = ask(words);
        if (reply.failed()) {
            throw needs{refusal(words[0] + " " + (words.size() > 1 ? words[1] : ""), reply)};
        }
        return reply;
    }

  private:
    net::redis client_;
    net::limit const &limit_;
};

void open(conversation &talk, url const &at)
{
    if (!at.password.empty()) {
        auto words = std::vector<std::string>{"AUTH"};
        if (!at.user.empty()) {
            words.push_back(at.user);
        }
        words.push_back(at.password);
        auto const reply = talk.ask(words);
        if (reply.failed()) {
            throw net::failure{replace_all(refusal("AUTH", reply), at.password, "...")};
        }
    }
    auto const database = at.path.substr(1);
    if (!database.empty() && database != "0") {
        talk.insist({"SELECT", database});
    }
}

std::optional<long long> number(std::string const &text)
{
    long long out = 0;
    auto const [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failure == std::errc{} && stop == text.data() + text.size() ? std::optional{out}
                                                                       : std::nullopt;
}

microseconds time_of(redis_reply const &reply)
{
    if (reply.items.size() != 2) {
        throw net::failure{"TIME gives no time"};
    }
    return seconds{number(reply.items[0].text).value_or(0)} +
           microseconds{number(reply.items[1].text).value_or(0)};
}

// Since that job was added; nothing when it does not say.
std::optional<microseconds> age_of(conversation &talk, std::string const &queue,
                                   std::string const &id)
{
    auto const added = number(talk.may({"HGET", queue + ":" + id, "timestamp"}).text);
    constexpr long long year_5138 = 100'000'000'000'000; // in milliseconds
    if (!added || *added < 0 || *added > year_5138) {
        return std::nullopt;
    }
    return time_of(talk.may({"TIME"})) - milliseconds{*added};
}

// Counts what waits in a list, and looks at the job that a worker takes next: the last one. What
// begins with "0:" is BullMQ's marker, no job.
void look_at_list(conversation &talk, std::string const &queue, std::string const &list,
                  queue_seen &out)
{
    auto const length = talk.may({"LLEN", list}).integer;
    out.waiting += length;
    for (auto const *at : {"-1", "-2"}) {
        auto const id = length > 0 ? talk.may({"LINDEX", list, at}).text : std::string{};
        if (id.empty()) {
            return;
        }
        if (!id.starts_with("0:")) {
            out.note(age_of(talk, queue, id));
            return;
        }
        --out.waiting;
    }
}

queue_seen look_at_queue(conversation &talk, std::string const &prefix, std::string const &name)
{
    auto const queue = prefix + ":" + name;
    queue_seen out{.name = name, .oldest = {}};
    out.known = talk.may({"EXISTS", queue + ":meta"}).integer + // of BullMQ, and of Bull before it
                    talk.may({"EXISTS", queue + ":id"}).integer >
                0;
    for (auto const *part : {":wait", ":paused"}) {
        look_at_list(talk, queue, queue + part, out);
    }
    auto const prioritized = talk.may({"ZCARD", queue + ":prioritized"}).integer;
    out.waiting += prioritized;
    if (prioritized > 0) {
        auto const first = talk.may({"ZRANGE", queue + ":prioritized", "0", "0"}).items;
        if (!first.empty()) {
            out.note(age_of(talk, queue, first[0].text));
        }
    }
    return out;
}

} // namespace

verdict look(model::redis_probe const &of, asking const &with)
{
    auto const at = with.address(of.url, of.as);
    conversation talk{at, of, with};
    open(talk, at);
    redis_seen seen;
    auto const begin = with.around.time.steady();
    talk.insist({"PING"});
    seen.ping = std::chrono::duration_cast<microseconds>(with.around.time.steady() - begin);
    auto const first = talk.ask({"INFO"});
    if (first.failed()) {
        seen.refused = refusal("INFO", first);
    } else {
        seen.before = parse_info(first.text);
        if (!with.around.time.sleep(of.interval, with.around.stop)) {
            throw interrupted{"stopped while counting what Redis does"};
        }
        seen.after = parse_info(talk.insist({"INFO"}).text);
    }
    std::vector<std::string> unseen;
    for (auto const &name : of.queues) {
        try {
            seen.queues.push_back(look_at_queue(talk, of.prefix, name));
        } catch (needs const &e) {
            unseen.push_back(fmt::format("queue {}: {}", name, e.message()));
        }
    }
    auto out = judge(of, seen);
    out.partial = out.partial || !unseen.empty();
    out.unseen.insert(out.unseen.end(), unseen.begin(), unseen.end());
    return out;
}

} // namespace pgtend::probe
