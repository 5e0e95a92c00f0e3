#compdef pgtend
# zsh completion of pgtend, printed by `pgtend completion zsh`
# SPDX-License-Identifier: Apache-2.0
_pgtend() {
    local line prefix=
    local -a lines candidates
    lines=("${(@f)$(${(Q)words[1]/#\~\//$HOME/} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        if [[ $line == ':files' ]]; then
            if [[ $PREFIX == --*=* ]]; then compset -P 1 '*='; fi
            _files
            return
        fi
        candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if [[ $PREFIX == --*=* ]]; then compset -P 1 '*='; fi
    _describe pgtend candidates
}
if [[ ${funcstack[1]} == _pgtend ]]; then
    _pgtend "$@"
else
    compdef _pgtend pgtend
fi
