// SPDX-License-Identifier: Apache-2.0
#include "net/redis.hpp"

#include <hiredis/hiredis.h>

namespace pgtend::net {
namespace {

constexpr std::size_t most_bytes = 1'000'000;

// More elements than any answer has to what is asked here: a list is made before its elements come.
constexpr std::size_t most_elements = 1'000;

// hiredis's own way to make replies.
redisReplyObjectFunctions const &usual_functions()
{
    static redisReplyObjectFunctions const all = [] {
        auto *reader = redisReaderCreate();
        if (reader == nullptr) {
            throw std::bad_alloc{};
        }
        auto const out = *reader->fn;
        redisReaderFree(reader);
        return out;
    }();
    return all;
}

// The type of the count differs between versions.
template <class Count> void *make_list(redisReadTask const *task, Count count)
{
    return static_cast<std::size_t>(count) > most_elements
               ? nullptr
               : usual_functions().createArray(task, count);
}

redisReplyObjectFunctions *bounded_functions()
{
    static redisReplyObjectFunctions all = [] {
        auto out = usual_functions();
        out.createArray = make_list;
        return out;
    }();
    return &all;
}

struct reader_deleter {
    void operator()(redisReader *r) const { redisReaderFree(r); }
};
struct reply_deleter {
    void operator()(redisReply *r) const { freeReplyObject(r); }
};

redis_reply copy(redisReply const &from)
{
    using type = redis_reply::type;
    redis_reply out;
    switch (from.type) {
    case REDIS_REPLY_INTEGER:
        out.is = type::integer;
        out.integer = from.integer;
        break;
    case REDIS_REPLY_ARRAY:
        out.is = type::list;
        for (std::size_t i = 0; i < from.elements; ++i) {
            out.items.push_back(copy(*from.element[i]));
        }
        break;
    case REDIS_REPLY_NIL:
        break;
    default:
        out.is = from.type == REDIS_REPLY_ERROR ? type::failure : type::text;
        out.text.assign(from.str, static_cast<std::size_t>(from.len));
    }
    return out;
}

std::string written(std::vector<std::string> const &words)
{
    std::vector<char const *> texts;
    std::vector<std::size_t> lengths;
    for (auto const &word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    char *command = nullptr;
    auto const length = redisFormatCommandArgv(&command, static_cast<int>(words.size()),
                                               texts.data(), lengths.data());
    if (length < 0) {
        throw std::bad_alloc{};
    }
    std::string out(command, static_cast<std::size_t>(length));
    redisFreeCommand(command);
    return out;
}

} // namespace

std::string redis_reply::code() const
{
    return failed() ? text.substr(0, text.find(' ')) : "";
}

struct redis::impl {
    std::unique_ptr<stream> over;
    std::unique_ptr<redisReader, reader_deleter> reader{redisReaderCreate()};
};

redis::redis(std::unique_ptr<stream> over) : impl_{std::make_unique<impl>()}
{
    impl_->over = std::move(over);
    if (!impl_->reader) {
        throw std::bad_alloc{};
    }
    impl_->reader->fn = bounded_functions();
}

redis::~redis() = default;

redis_reply redis::ask(std::vector<std::string> const &words, limit const &l)
{
    impl_->over->send(written(words), l);
    for (std::size_t received = 0;;) {
        void *found = nullptr;
        if (redisReaderGetReply(impl_->reader.get(), &found) != REDIS_OK) {
            throw failure{"the answer is not Redis's protocol"};
        }
        if (found != nullptr) {
            std::unique_ptr<redisReply, reply_deleter> const reply{
                static_cast<redisReply *>(found)};
            return copy(*reply);
        }
        auto const part = impl_->over->receive(l);
        received += part.size();
        if (received > most_bytes) {
            throw failure{"the answer is longer than 1 MB"};
        }
        redisReaderFeed(impl_->reader.get(), part.data(), part.size());
    }
}

} // namespace pgtend::net
