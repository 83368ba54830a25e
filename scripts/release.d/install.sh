#!/bin/sh
# Installs heroku-chat from a release, for this user: the program for this machine, man pages and completion; or removes
# all that again. Conversations and history are not touched.
#
#   sh install.sh [--prefix DIR] [--uninstall]
#
# DIR is ~/.local if it isn't given. What is downloaded is compared with its checksum before anything is written.
# HEROKU_CHAT_RELEASE names another place of the assets, such as a mirror.
set -eu

main() {
    release=${HEROKU_CHAT_RELEASE:-https://github.com/@REPOSITORY@/releases/download/v@VERSION@}
    prefix='' uninstall=''
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix) [ $# -gt 1 ] || fail "--prefix takes a folder"; prefix=$2; shift 2 ;;
        --uninstall) uninstall=yes; shift ;;
        *) fail "usage: install.sh [--prefix DIR] [--uninstall]" ;;
        esac
    done
    [ -n "$prefix" ] || prefix=${HOME:?}/.local
    [ -z "$uninstall" ] || { uninstall && exit; }
    case $(uname -s)-$(uname -m) in
    # The static one runs on every Linux.
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    *) fail "there is no program for $(uname -s) on $(uname -m); build it from its source" ;;
    esac
    archive=heroku-chat-$target.tar.gz
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM HUP
    fetch "$archive"
    fetch "$archive.sha256"
    wanted=$(cut -d ' ' -f 1 "$folder/$archive.sha256")
    found=$(sum "$folder/$archive")
    [ -n "$wanted" ] && [ "$wanted" = "$found" ] ||
        fail "$archive is not what was released: its checksum is $found, and should be $wanted. Nothing is installed."
    tar -xzf "$folder/$archive" -C "$folder"
    from=$folder/heroku-chat-$target
    "$from/heroku-chat" --version >/dev/null || fail "the program does not run on this machine. Nothing is installed."

    for place in bin share; do
        mkdir -p "$prefix/$place" 2>/dev/null && [ -w "$prefix/$place" ] ||
            fail "$prefix/$place can't be written. Nothing is installed. Name another folder: --prefix DIR"
    done
    put "$from/heroku-chat" bin/heroku-chat
    for page in "$from"/man/*.1; do put "$page" "share/man/man1/${page##*/}"; done
    put "$from/completions/heroku-chat.bash" share/bash-completion/completions/heroku-chat
    put "$from/completions/heroku-chat.zsh" share/zsh/site-functions/_heroku-chat
    put "$from/completions/heroku-chat.fish" share/fish/vendor_completions.d/heroku-chat.fish
    put "$from/THIRD-PARTY-LICENSES" share/doc/heroku-chat/THIRD-PARTY-LICENSES
    printf 'installed %s\n' "$prefix/bin/heroku-chat"
    case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) printf '%s is not on PATH. Add it: export PATH="%s:$PATH"\n' "$prefix/bin" "$prefix/bin" ;;
    esac
}

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL -o "$folder/$1" "$release/$1" || fail "$release/$1 can't be downloaded. Nothing is installed."
    elif command -v wget >/dev/null 2>&1; then
        wget -q -O "$folder/$1" "$release/$1" || fail "$release/$1 can't be downloaded. Nothing is installed."
    else
        fail "curl or wget is needed"
    fi
}

sum() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    else
        fail "sha256sum or shasum is needed"
    fi
}

# In one step: a program that runs can't be written to.
put() {
    mkdir -p "$prefix/$(dirname "$2")"
    cp "$1" "$prefix/$2.new"
    mv "$prefix/$2.new" "$prefix/$2"
}

# Removes what was put, and the folders that are empty without it.
uninstall() {
    cd "$prefix" 2>/dev/null || exit 0
    for file in bin/heroku-chat share/man/man1/heroku-chat.1 share/man/man1/heroku-chat-*.1 \
        share/bash-completion/completions/heroku-chat share/zsh/site-functions/_heroku-chat \
        share/fish/vendor_completions.d/heroku-chat.fish share/doc/heroku-chat/THIRD-PARTY-LICENSES; do
        rm -f "$file.new"
        [ -e "$file" ] || continue
        rm "$file"
        printf 'removed %s\n' "$prefix/$file"
        rmdir -p "$(dirname "$file")" 2>/dev/null || true
    done
}

# Last, so that half a download runs nothing.
main "$@"
