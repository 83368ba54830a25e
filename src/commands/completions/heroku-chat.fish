function __heroku_chat_next
    set -l found (heroku-chat completions fish --next -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c heroku-chat -f -k -a '(__heroku_chat_next)'
