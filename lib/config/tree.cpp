// SPDX-License-Identifier: Apache-2.0
// The only file that knows yaml-cpp.
#include "config/tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <istream>
#include <streambuf>
#include <unordered_map>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.hpp"
#include "config/bytes.hpp"
#include "config/written.hpp"

namespace pgtend::config {
namespace {

// The text as a stream, not copied.
class view_buffer : public std::streambuf {
  public:
    explicit view_buffer(std::string_view text)
    {
        auto *const begin = const_cast<char *>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class builder final : public YAML::EventHandler {
  public:
    builder(std::string_view text, std::string const &file, std::vector<diagnostic> &problems)
        : text_{text}, cursor_{text}, file_{file}, problems_{problems}
    {
    }

    void OnDocumentStart(YAML::Mark const &mark) override
    {
        if (++documents_ > 1) {
            stop(mark, "a second document begins here",
                 "keep one document a file; `include:` joins files");
        }
    }
    void OnDocumentEnd() override {}

    void OnAnchor(YAML::Mark const &mark, std::string const & /*name*/) override
    {
        report(position(mark), "an anchor (&) is not allowed here",
               "write the value out where it is needed; `defaults:` holds what all jobs share");
    }
    void OnAlias(YAML::Mark const &mark, YAML::anchor_t /*anchor*/) override
    {
        auto n = make(mark, node_kind::refused);
        report({file_, n.line, n.column}, "an alias (*) is not allowed here",
               "write the value out; a text that begins with * needs quotes: \"*/5 * * * *\"");
        add(std::move(n));
    }
    void OnNull(YAML::Mark const &mark, YAML::anchor_t /*anchor*/) override
    {
        add(make(mark, spells_null(mark) ? node_kind::null : node_kind::missing));
    }
    void OnScalar(YAML::Mark const &mark, std::string const & /*tag*/, YAML::anchor_t /*anchor*/,
                  std::string const &value) override
    {
        auto n = make(mark, node_kind::scalar);
        auto const c = byte(mark);
        n.style = c == '"' || c == '\''  ? node_style::quoted
                  : c == '|' || c == '>' ? node_style::block
                                         : node_style::plain;
        if (n.style == node_style::quoted) {
            last_quote_ = mark;
        }
        refuse_tag(n, c);
        if (!valid_utf8(value)) { // the library's \N and \_ are one byte
            report({file_, n.line, n.column}, "the text is not UTF-8",
                   "write the character itself in place of an escape");
        }
        n.joined = joined_lines(text_, static_cast<std::size_t>(mark.pos), value);
        n.text = value;
        add(std::move(n));
    }
    void OnSequenceStart(YAML::Mark const &mark, std::string const &tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override
    {
        open(mark, tag, anchor, node_kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(YAML::Mark const &mark, std::string const &tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override
    {
        open(mark, tag, anchor, node_kind::map);
    }
    void OnMapEnd() override
    {
        refuse_duplicates(open_.back().value);
        close();
    }

    // The library takes a quoted text that is not closed before the end of the file.
    void require_closed_quote()
    {
        auto const at = static_cast<std::size_t>(last_quote_.pos);
        if (!last_quote_.is_null() && at < text_.size() && !closing_quote(text_, at)) {
            stop(last_quote_, "a quoted text is not closed", {});
        }
    }

    node take() { return std::move(root_); }

    [[noreturn]] void stop(YAML::Mark const &mark, std::string message, std::string hint)
    {
        throw config_error{{{position(mark), std::move(message), std::move(hint)}}};
    }

    source_position position(YAML::Mark const &mark)
    {
        auto const at = cursor_.at(static_cast<std::size_t>(std::max(mark.pos, 0)));
        return {file_, at.line, at.column};
    }

    char byte(YAML::Mark const &mark) const
    {
        auto const at = static_cast<std::size_t>(mark.pos);
        return at < text_.size() ? text_[at] : '\0';
    }

  private:
    struct frame {
        node value;
        node key; // of a map: read, and waiting for its value
        bool has_key = false;
    };

    void report(source_position at, std::string message, std::string hint)
    {
        if (problems_.size() < most_problems) {
            problems_.push_back({std::move(at), std::move(message), std::move(hint)});
        }
    }

    node make(YAML::Mark const &mark, node_kind kind)
    {
        node n;
        auto const at = cursor_.at(static_cast<std::size_t>(std::max(mark.pos, 0)));
        n.kind = kind;
        n.line = at.line;
        n.column = at.column;
        if (kind != node_kind::missing && at.tab != 0 && last_tab_line_ != at.line) {
            last_tab_line_ = at.line;
            report({file_, at.line, at.tab}, "a tab is used for indentation", "indent with blanks");
        }
        return n;
    }

    // The mark of a value with properties is that of the first one.
    void refuse_tag(node const &n, char first)
    {
        if (first == '!') {
            report({file_, n.line, n.column}, "a tag (!) is not allowed here",
                   "write the value without it");
        }
    }

    bool spells_null(YAML::Mark const &mark) const
    {
        auto const rest =
            text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
        for (std::string_view const word : {"~", "null", "Null", "NULL"}) {
            if (rest.substr(0, word.size()) == word &&
                (rest.size() == word.size() || !is_word(rest[word.size()]))) {
                return true;
            }
        }
        return false;
    }

    void open(YAML::Mark const &mark, std::string const & /*tag*/, YAML::anchor_t /*anchor*/,
              node_kind kind)
    {
        if (static_cast<int>(open_.size()) >= deepest_nesting) {
            stop(mark, fmt::format("values are nested deeper than {} levels", deepest_nesting), {});
        }
        frame f;
        f.value = make(mark, kind);
        refuse_tag(f.value, byte(mark));
        open_.push_back(std::move(f));
    }

    void close()
    {
        auto done = std::move(open_.back().value);
        open_.pop_back();
        add(std::move(done));
    }

    void add(node n)
    {
        if (open_.empty()) {
            root_ = std::move(n);
            return;
        }
        auto &into = open_.back();
        if (into.value.kind == node_kind::sequence) {
            into.value.items.push_back(std::move(n));
        } else if (!into.has_key) {
            into.key = std::move(n);
            into.has_key = true;
        } else {
            into.has_key = false;
            add_entry(into.value, std::move(into.key), std::move(n));
        }
    }

    void add_entry(node &map, node key, node value)
    {
        source_position const at{file_, key.line, key.column};
        if (key.kind == node_kind::refused) {
            return;
        }
        if (key.kind != node_kind::scalar) {
            report(at, "a key must be a word",
                   "write `key: value`; quote a key that is not a plain word");
            return;
        }
        if (key.text == "<<" && key.style == node_style::plain) {
            report(at, "a merge key (<<) is not allowed here",
                   "write the keys out; `defaults:` holds what all jobs share");
            return;
        }
        map.entries.push_back({std::move(key), std::move(value)});
    }

    void refuse_duplicates(node &map)
    {
        std::unordered_map<std::string_view, node const *> seen;
        auto const duplicate = [&](map_entry const &entry) {
            auto const [there, fresh] = seen.try_emplace(entry.key.text, &entry.key);
            if (!fresh) {
                report({file_, entry.key.line, entry.key.column},
                       fmt::format("key {} is there twice", shown(entry.key.text)),
                       fmt::format("it is in line {} already; remove one of them",
                                   there->second->line));
            }
            return !fresh;
        };
        // Erased at the end: `seen` points into the entries.
        std::vector<bool> drop;
        bool any = false;
        drop.reserve(map.entries.size());
        if (map.entries.size() <= 12) { // no hash table for what is nearly every map
            for (std::size_t i = 0; i < map.entries.size() && !any; ++i) {
                for (std::size_t j = 0; j < i && !any; ++j) {
                    any = map.entries[i].key.text == map.entries[j].key.text;
                }
            }
            if (!any) {
                return;
            }
        }
        for (auto const &entry : map.entries) {
            drop.push_back(duplicate(entry));
        }
        std::size_t kept = 0;
        for (std::size_t i = 0; i < map.entries.size(); ++i) {
            if (!drop[i]) {
                if (kept != i) {
                    map.entries[kept] = std::move(map.entries[i]);
                }
                ++kept;
            }
        }
        map.entries.resize(kept);
    }

    std::string_view text_;
    text_cursor cursor_;
    std::string const &file_;
    std::vector<diagnostic> &problems_;
    std::vector<frame> open_;
    node root_;
    YAML::Mark last_quote_ = YAML::Mark::null_mark();
    int documents_ = 0;
    int last_tab_line_ = 0;
};

// What the library says is about its own machinery; what helps is to know the trap.
[[noreturn]] void refuse_syntax(builder &made, YAML::Exception const &e, std::string_view text)
{
    auto const first = made.byte(e.mark);
    auto const pos = static_cast<std::size_t>(std::max(e.mark.pos, 0));
    auto const before = pos > 0 && pos <= text.size() ? text[pos - 1] : '\0';
    if (first == '*' || before == '*') {
        auto mark = e.mark;
        if (first != '*') {
            --mark.pos;
        }
        made.stop(mark, "a text that begins with * is an alias in YAML",
                  "quote it: \"*/5 * * * *\"");
    }
    if (first == '@' || first == '`' || first == '%') {
        made.stop(e.mark, fmt::format("a text cannot begin with {} in YAML", first), "quote it");
    }
    if (e.msg.find("EOF in scalar") != std::string::npos) {
        made.stop(e.mark, "a quoted text is not closed before the end of the file", {});
    }
    auto const at = made.position(e.mark);
    auto const line = text.substr(text.substr(0, std::min(pos, text.size())).rfind('\n') + 1);
    auto const lead = line.substr(0, line.find_first_not_of(" \t"));
    if (lead.find('\t') != std::string_view::npos) {
        throw config_error{{{{at.file, at.line, static_cast<int>(lead.find('\t')) + 1},
                             "a tab is used for indentation",
                             "indent with blanks"}}};
    }
    auto const this_line = line.substr(0, line.find('\n'));
    auto const written = [&](std::string_view trap) {
        return this_line.find(trap) != std::string_view::npos;
    };
    std::string hint;
    if (written("${")) {
        hint = "quote a value that has ${...}: braces are YAML's own";
    } else if (written(":[") || written(":{")) {
        hint = "a blank must follow the colon";
    } else if (first == ':') {
        hint = "a value that has a colon and a blank inside needs quotes; the keys of one map "
               "stand in one column";
    } else if (e.msg.find("end of map not found") != std::string::npos ||
               e.msg.find("end of sequence not found") != std::string::npos) {
        hint = "the keys of one map, and the dashes of one list, stand in one column";
    }
    made.stop(e.mark, "this is not YAML: " + printable(e.msg), hint);
}

} // namespace

node const *node::find(std::string_view key) const
{
    for (auto const &entry : entries) {
        if (entry.key.text == key) {
            return &entry.value;
        }
    }
    return nullptr;
}

node parse_yaml(std::string_view text, std::string const &file, std::vector<diagnostic> &problems)
{
    text = check_bytes(text, file, longest_file);
    view_buffer buffer{text};
    std::istream stream{&buffer};
    builder made{text, file, problems};
    try {
        YAML::Parser parser{stream};
        while (parser.HandleNextDocument(made)) {
        }
        made.require_closed_quote();
    } catch (YAML::Exception const &e) {
        refuse_syntax(made, e, text);
    }
    auto root = made.take();
    if (root.line == 0) {
        root.line = root.column = 1;
    }
    return root;
}

} // namespace pgtend::config
