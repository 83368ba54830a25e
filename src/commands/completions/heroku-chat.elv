set edit:completion:arg-completer[heroku-chat] = {|@words|
    var found = [(try { heroku-chat completions elvish --next -- (all $words[1..]) 2>/dev/null } catch { nop } | from-lines)]
    if (> (count $found) 0) {
        all $found
    } else {
        edit:complete-filename $words[-1]
    }
}
