// SPDX-License-Identifier: Apache-2.0
#include "net/libcurl.hpp"

#include <dlfcn.h>
#include <type_traits>

#include "net/curl.hpp"

namespace pgtend::net {
namespace {

library load()
{
    void *handle = nullptr;
    for (auto const *name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
        handle = handle != nullptr ? handle : ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    if (handle == nullptr) {
        throw library_missing{};
    }
    library out;
    bool complete = true;
    auto const find = [&](auto &function, char const *name) {
        function =
            reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
        complete = complete && function != nullptr;
    };
    find(out.global_init, "curl_global_init");
    find(out.init, "curl_easy_init");
    find(out.set, "curl_easy_setopt");
    find(out.perform, "curl_easy_perform");
    find(out.get, "curl_easy_getinfo");
    find(out.cleanup, "curl_easy_cleanup");
    find(out.reset, "curl_easy_reset");
    find(out.send, "curl_easy_send");
    find(out.receive, "curl_easy_recv");
    find(out.text, "curl_easy_strerror");
    find(out.append, "curl_slist_append");
    find(out.free_list, "curl_slist_free_all");
    if (!complete || out.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        throw library_missing{};
    }
    return out;
}

} // namespace

library_missing::library_missing()
    : error{"libcurl.so.4", "install it (Debian: apt-get install libcurl4)"}
{
}

library const &curl()
{
    static library const one = load();
    return one;
}

} // namespace pgtend::net
