// SPDX-License-Identifier: Apache-2.0
// completion: the scripts that make a shell ask `pgtend __complete`.
#include <memory>
#include <ostream>

#include "tools/command_files.hpp"
#include "tools/completion_scripts.hpp"

namespace pgtend::tools {

action declare_completion(options &o)
{
    auto shell = std::make_shared<std::string>();
    o.positional_choice("shell", *shell, {"bash", "zsh", "fish"}, "bash, zsh or fish");
    o.example("completion bash >~/.local/share/bash-completion/completions/pgtend",
              "for yourself; an installed pgtend has it already");
    o.example("completion zsh >~/.zsh/_pgtend", "in a directory of $fpath, before compinit");
    o.example("completion fish >~/.config/fish/completions/pgtend.fish", "from the next shell on");
    return [shell](context &c) {
        c.outside.out << (*shell == "bash"  ? completion_scripts::bash
                          : *shell == "zsh" ? completion_scripts::zsh
                                            : completion_scripts::fish);
        return exit_code::ok;
    };
}

} // namespace pgtend::tools
