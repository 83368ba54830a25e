#compdef heroku-chat
_heroku-chat() {
    local -a found
    found=("${(@f)$(heroku-chat completions zsh --next -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found ]]; then
        _describe -V heroku-chat found
    else
        _files
    fi
}
if [[ $funcstack[1] == _heroku-chat ]]; then
    _heroku-chat "$@"
else
    compdef _heroku-chat heroku-chat
fi
