// SPDX-License-Identifier: Apache-2.0
#include "net/curl.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <poll.h>
#include <utility>

#include "base/duration.hpp"
#include "base/secrets.hpp"
#include "base/text.hpp"
#include "net/certificate.hpp"
#include "net/libcurl.hpp"

namespace pgtend::net {
namespace {

constexpr std::size_t most_header_bytes = 300'000;

struct handle_deleter {
    void operator()(CURL *handle) const { curl().cleanup(handle); }
};
struct list_deleter {
    void operator()(curl_slist *list) const { curl().free_list(list); }
};
using list_ptr = std::unique_ptr<curl_slist, list_deleter>;

int on_progress(void *l, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<limit const *>(l)->stop.stop_requested() ? 1 : 0;
}

// A handle and what curl says of its failures.
class transfer {
  public:
    transfer() : handle_{curl().init()}
    {
        if (!handle_) {
            throw std::bad_alloc{};
        }
    }

    CURL *get() const { return handle_.get(); }

    // All that does not depend on what is asked. `shown`: how messages call the other side. `l` is
    // read until the transfer is over.
    void begin(std::string const &address, std::string shown, std::string const &ca_file,
               limit const &l)
    {
        curl().reset(get());
        set(CURLOPT_ERRORBUFFER, reason_.data());
        set(CURLOPT_URL, address.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L); // a resolver that hangs is not waited for
        set(CURLOPT_PROXY, "");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_CERTINFO, 1L);
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, on_progress);
        set(CURLOPT_XFERINFODATA, &l);
        auto const left = std::chrono::ceil<milliseconds>(l.left()).count();
        set(CURLOPT_TIMEOUT_MS, std::max(static_cast<long>(left), 1L));
        if (!ca_file.empty()) {
            set(CURLOPT_CAINFO, ca_file.c_str());
            set(CURLOPT_CAPATH, nullptr);
        }
        host_ = std::move(shown);
    }

    template <class Value> void set(CURLoption option, Value value)
    {
        auto const result = curl().set(get(), option, value);
        if (result != CURLE_OK) {
            throw error{fmt::format("libcurl refuses its option {}: {}", static_cast<int>(option),
                                    curl().text(result))};
        }
    }

    CURLcode perform()
    {
        reason_[0] = '\0';
        return curl().perform(get());
    }

    template <class Value> Value info(CURLINFO what) const
    {
        Value out{};
        curl().get(get(), what, &out);
        return out;
    }

    std::optional<instant> certificate_end() const
    {
        std::optional<instant> out;
        auto const *chain = info<curl_certinfo *>(CURLINFO_CERTINFO);
        for (int i = 0; chain != nullptr && i < chain->num_of_certs; ++i) {
            for (auto const *line = chain->certinfo[i]; line != nullptr; line = line->next) {
                std::string_view const text{line->data};
                constexpr std::string_view key = "Expire date:";
                if (auto const end = text.starts_with(key)
                                         ? certificate_time(text.substr(key.size()))
                                         : std::nullopt) {
                    out = out ? std::min(*out, *end) : *end;
                }
            }
        }
        return out;
    }

    [[noreturn]] void fail(CURLcode code) const
    {
        if (code == CURLE_ABORTED_BY_CALLBACK) {
            throw interrupted{"stopped while talking to " + host_};
        }
        if (code == CURLE_OPERATION_TIMEDOUT) {
            throw failure{host_ + " did not answer in time"};
        }
        std::string why = reason_[0] != '\0' ? reason_.data() : curl().text(code);
        if (why.size() > 1 && why[1] >= 'a' && why[1] <= 'z') {
            why = lower(why.substr(0, 1)) + why.substr(1);
        }
        throw failure{host_ + ": " + printable(without_secrets(trim(why)))};
    }

    std::string const &host() const { return host_; }

  private:
    std::unique_ptr<CURL, handle_deleter> handle_;
    std::array<char, CURL_ERROR_SIZE> reason_{};
    std::string host_; // as it is shown
};

// On a connection that the other side has closed meanwhile curl would send the request once more,
// on a new one: the other side may have counted both.
struct once {
    bool sent = false, again = false;
};

int on_request(void *of, char *, char *, int, int)
{
    auto &o = *static_cast<once *>(of);
    o.again = std::exchange(o.sent, true);
    return o.again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

struct receiver {
    http_answer *into = nullptr;
    std::size_t most = 0, header_bytes = 0;
    bool failed = false; // out of memory: no exception may pass through curl
};

std::size_t on_body(char *bytes, std::size_t, std::size_t count, void *to)
{
    auto &r = *static_cast<receiver *>(to);
    try {
        auto const room = r.most - r.into->body.size();
        r.into->body.append(bytes, std::min(count, room));
        r.into->cut = count > room;
        return r.into->cut ? 0 : count;
    } catch (...) {
        r.failed = true;
        return 0;
    }
}

std::size_t on_header(char *bytes, std::size_t, std::size_t count, void *to)
{
    auto &r = *static_cast<receiver *>(to);
    try {
        std::string_view const line{bytes, count};
        r.header_bytes += count;
        if (line.starts_with("HTTP/")) { // after an interim answer the real one
            r.into->headers.clear();
        } else if (auto const colon = line.find(':'); colon != std::string_view::npos) {
            r.into->headers.emplace_back(lower(trim(line.substr(0, colon))),
                                         std::string{trim(line.substr(colon + 1))});
        }
        return r.header_bytes > most_header_bytes ? 0 : count;
    } catch (...) {
        r.failed = true;
        return 0;
    }
}

std::string address_of(url const &u)
{
    return fmt::format("{}://{}:{}{}", u.scheme, u.host, u.port, u.path);
}

} // namespace

limit limit::of(microseconds from_now, std::stop_token stop)
{
    return {system_clock{}.steady() + from_now, std::move(stop)};
}

microseconds limit::left() const
{
    auto const now = system_clock{}.steady();
    return now < until ? std::chrono::duration_cast<microseconds>(until - now) : microseconds{0};
}

std::string const *http_answer::header(std::string_view name) const
{
    auto const found = std::find_if(headers.begin(), headers.end(),
                                    [&](auto const &each) { return each.first == name; });
    return found == headers.end() ? nullptr : &found->second;
}

std::optional<std::string> http_answer::joined(std::string_view name) const
{
    std::optional<std::string> out;
    for (auto const &each : headers) {
        if (each.first == name) {
            out = out ? *out + ", " + each.second : each.second;
        }
    }
    return out;
}

struct http_client::impl {
    transfer curl;
};

http_client::http_client() : impl_{std::make_unique<impl>()} {}
http_client::~http_client() = default;

http_answer http_client::send(http_request const &request, limit const &l)
{
    auto &t = impl_->curl;
    http_answer out;
    receiver to{.into = &out, .most = request.most_bytes};
    t.begin(address_of(request.to), display(request.to), request.ca_file, l);
    t.set(CURLOPT_WRITEFUNCTION, on_body);
    t.set(CURLOPT_WRITEDATA, &to);
    t.set(CURLOPT_HEADERFUNCTION, on_header);
    t.set(CURLOPT_HEADERDATA, &to);
    t.set(CURLOPT_FRESH_CONNECT, request.keep_alive ? 0L : 1L);
    t.set(CURLOPT_FORBID_REUSE, request.keep_alive ? 0L : 1L);
    once one;
    t.set(CURLOPT_PREREQFUNCTION, on_request);
    t.set(CURLOPT_PREREQDATA, &one);
    t.set(CURLOPT_USERAGENT, "pgtend");
    if (!request.to.user.empty() || !request.to.password.empty()) {
        t.set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        t.set(CURLOPT_USERNAME, request.to.user.c_str());
        t.set(CURLOPT_PASSWORD, request.to.password.c_str());
    }
    if (request.method == "HEAD") {
        t.set(CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
        t.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        t.set(CURLOPT_COPYPOSTFIELDS, request.body.c_str());
        t.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    list_ptr lines;
    for (auto const &[name, value] : request.headers) {
        auto const line = value.empty() ? name + ";" : name + ": " + value;
        auto *more = curl().append(lines.get(), line.c_str());
        if (more == nullptr) {
            throw std::bad_alloc{};
        }
        static_cast<void>(lines.release());
        lines.reset(more);
    }
    t.set(CURLOPT_HTTPHEADER, lines.get());
    auto const result = t.perform();
    if (to.failed) {
        throw std::bad_alloc{};
    }
    if (to.header_bytes > most_header_bytes) {
        throw failure{t.host() + " sends more than 300 kB of headers"};
    }
    if (one.again) {
        throw failure{t.host() + " closed the connection without an answer"};
    }
    if (result != CURLE_OK && !(result == CURLE_WRITE_ERROR && out.cut)) {
        t.fail(result);
    }
    out.status = static_cast<int>(t.info<long>(CURLINFO_RESPONSE_CODE));
    out.time = microseconds{t.info<curl_off_t>(CURLINFO_TOTAL_TIME_T)};
    out.certificate_end = t.certificate_end();
    auto const *leads_to = t.info<char *>(CURLINFO_REDIRECT_URL);
    out.redirect = leads_to == nullptr ? "" : leads_to;
    return out;
}

struct stream::impl {
    transfer curl;
    microseconds connected{};
    std::optional<instant> certificate_end;

    // Until the socket can go on, for 50 ms at most: a stop has no socket that could be polled.
    void wait(short what, limit const &l) const
    {
        if (l.stop.stop_requested()) {
            throw interrupted{"stopped while talking to " + curl.host()};
        }
        auto const left = std::chrono::ceil<milliseconds>(l.left()).count();
        if (left <= 0) {
            throw failure{curl.host() + " did not answer in time"};
        }
        pollfd waiting{curl.info<curl_socket_t>(CURLINFO_ACTIVESOCKET), what, 0};
        ::poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 50)));
    }
};

stream::stream(address const &to, limit const &l) : impl_{std::make_unique<impl>()}
{
    auto &t = impl_->curl;
    auto const where = fmt::format("{}:{}", to.host, to.port);
    t.begin((to.tls ? "https://" : "http://") + where, where, to.ca_file, l);
    t.set(CURLOPT_CONNECT_ONLY, 1L);
    t.set(CURLOPT_SSL_ENABLE_ALPN, 0L); // what is spoken is not HTTP
    auto const result = t.perform();
    t.set(CURLOPT_NOPROGRESS, 1L); // `l` ends with this function
    if (result != CURLE_OK) {
        t.fail(result);
    }
    impl_->connected = microseconds{
        t.info<curl_off_t>(to.tls ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T)};
    impl_->certificate_end = t.certificate_end();
}

stream::~stream() = default;

void stream::send(std::string_view bytes, limit const &l)
{
    auto &t = impl_->curl;
    while (!bytes.empty()) {
        std::size_t sent = 0;
        auto const result = curl().send(t.get(), bytes.data(), bytes.size(), &sent);
        if (result == CURLE_AGAIN) {
            impl_->wait(POLLOUT, l);
        } else if (result != CURLE_OK) {
            t.fail(result);
        }
        bytes.remove_prefix(sent);
    }
}

std::string stream::receive(limit const &l)
{
    auto &t = impl_->curl;
    std::string out(16'384, '\0');
    for (;;) {
        std::size_t got = 0;
        auto const result = curl().receive(t.get(), out.data(), out.size(), &got);
        if (result == CURLE_AGAIN) {
            impl_->wait(POLLIN, l);
            continue;
        }
        if (result != CURLE_OK) {
            t.fail(result);
        }
        if (got == 0) {
            throw failure{t.host() + " closed the connection"};
        }
        out.resize(got);
        return out;
    }
}

microseconds stream::time_to_connect() const noexcept
{
    return impl_->connected;
}

std::optional<instant> stream::certificate_end() const noexcept
{
    return impl_->certificate_end;
}

} // namespace pgtend::net
