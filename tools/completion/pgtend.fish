# fish completion of pgtend, printed by `pgtend completion fish`
# SPDX-License-Identifier: Apache-2.0
function __pgtend_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # Of --option=value only the value is completed; fish wants all of the word.
    set -l before (string match -r -- '^--[^=]*=' "$current")
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            printf '%s\n' "$before"(__fish_complete_path (string replace -- "$before" '' "$current"))
        else
            printf '%s\n' "$before$line"
        end
    end
end
complete -c pgtend -f -a '(__pgtend_complete)'
