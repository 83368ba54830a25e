# bash; 3.2 of macOS is enough
_heroku_chat() {
    local word
    COMPREPLY=()
    # The line goes as it is typed, since COMP_WORDS is cut at every colon and equals sign; only what stands behind the
    # last of them, $2, is replaced. The words are taken as they are: with compgen -W, bash would expand them, and models are named by a server.
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(heroku-chat completions bash --next -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
complete -o default -F _heroku_chat heroku-chat
