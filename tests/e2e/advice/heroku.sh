#!/bin/sh
# The Heroku CLI in miniature: a login, apps and their config vars are files below $HOME/heroku.
# What it says, and its exit codes, are those of version 11.
state=$HOME/heroku
say() { printf ' ›   Error: %s\n' "$1" >&2; exit "${2:-2}"; }
command=$1; shift
app=$HEROKU_APP remote= names= is_shell=
while [ $# -gt 0 ]; do
    case $1 in
    -a | --app) app=$2; shift ;;
    -r | --remote) remote=$2; shift ;;
    --shell) is_shell=1 ;;
    -*) ;;
    *) names="$names $1" ;;
    esac
    shift
done
case $command in
--version) echo heroku/11.10.0 linux-x64 node-v22.0.0; exit ;;
esac
if [ -e "$state/trouble" ]; then cat "$state/trouble" >&2; exit 1; fi
if [ "$command" = login ]; then
    [ -z "$HEROKU_API_KEY" ] || say 'Cannot log in with HEROKU_API_KEY set'
    touch "$state/login"; exit
fi
if [ -n "$HEROKU_API_KEY" ]; then
    if [ "$HEROKU_API_KEY" != good-token ]; then
        [ "$command" != auth:whoami ] || echo ' ›   Warning: HEROKU_API_KEY is set' >&2
        say 'Invalid credentials provided. Error ID: unauthorized'
    fi
elif [ ! -e "$state/login" ]; then
    [ "$command" != auth:whoami ] || say 'not logged in' 100
    echo 'heroku: Press any key to open up the browser to login or q to exit' >&2; exit 1
fi
case $command in
auth:whoami) echo dev@example.com; exit ;;
apps) ls "$state/apps"; exit ;;
git:remote) exec git remote add heroku "https://git.heroku.com/$app.git" ;;
esac
remotes=$(git remote -v 2>/dev/null |
    sed -n 's#^\(.*\)\thttps://git.heroku.com/\(.*\).git (fetch)$#\2 (\1)#p')
if [ -n "$remote" ]; then
    app=$(echo "$remotes" | sed -n "s/ ($remote)\$//p")
    [ -n "$app" ] || say "remote $remote not found in git remotes"
elif [ -z "$app" ]; then
    case $(printf %s "$remotes" | grep -c .) in
    0) say 'Missing required flag app' ;;
    1) app=${remotes% (*} ;;
    *) printf ' ›   Error: Multiple apps in git remotes\n%s\n' "$remotes" >&2; exit 2 ;;
    esac
fi
vars=$state/apps/$app
[ -e "$vars" ] || say "Couldn't find that app. Error ID: not_found"
case $command in
config) sed 's/"/\\"/g; s/^\([A-Z_]*\)=\(.*\)$/"\1": "\2",/; $s/,$//; 1s/^/{/; $s/$/}/' "$vars" ;;
config:get)
    for name in $names; do
        value=$(sed -n "s/^$name=//p" "$vars")
        if [ -n "$is_shell" ]; then
            [ -z "$value" ] || value="'$value'"
            echo "$name=$value"
        else
            echo "$value"
        fi
    done ;;
addons:create) cat "$state/add-on" >> "$vars" ;;
*) echo "$command is not a heroku command" >&2; exit 127 ;;
esac
