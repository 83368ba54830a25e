# bash; 3.2 of macOS is enough
_heroku_chat() {
    local word
    COMPREPLY=()
    # The words are taken as they are: with compgen -W, bash would expand them, and models are named by a server.
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(heroku-chat completions bash --next -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2>/dev/null)
}
complete -o default -F _heroku_chat heroku-chat
