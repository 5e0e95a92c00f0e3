// SPDX-License-Identifier: Apache-2.0
// The functions of libcurl that are used. Internal to the module.
#pragma once
#include <curl/curl.h>

namespace pgtend::net {

struct library {
    decltype(&curl_global_init) global_init = nullptr;
    decltype(&curl_easy_init) init = nullptr;
    decltype(&curl_easy_setopt) set = nullptr;
    decltype(&curl_easy_perform) perform = nullptr;
    decltype(&curl_easy_getinfo) get = nullptr;
    decltype(&curl_easy_cleanup) cleanup = nullptr;
    decltype(&curl_easy_reset) reset = nullptr;
    decltype(&curl_easy_send) send = nullptr;
    decltype(&curl_easy_recv) receive = nullptr;
    decltype(&curl_easy_strerror) text = nullptr;
    decltype(&curl_slist_append) append = nullptr;
    decltype(&curl_slist_free_all) free_list = nullptr;
};

// Loaded by the first call. Throws library_missing.
library const &curl();

} // namespace pgtend::net
