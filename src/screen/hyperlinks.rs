//! Whether the terminal opens links itself (OSC 8), by what it says of itself in the environment.
//! It isn't asked: one that doesn't answer would hold up the first prompt. If in doubt, targets
//! are shown.

use crate::config::environment::Environment;

/// What terminals put into `TERM`, and what into `TERM_PROGRAM`.
const TERMS: [&str; 6] = [
    "alacritty",
    "contour",
    "foot",
    "wezterm",
    "xterm-ghostty",
    "xterm-kitty",
];
const PROGRAMS: [&str; 8] = [
    "Hyper",
    "Tabby",
    "WezTerm",
    "ghostty",
    "iTerm.app",
    "mintty",
    "rio",
    "vscode",
];

/// What only terminals set that take links.
const OWN: [&str; 3] = ["DOMTERM", "KONSOLE_VERSION", "WT_SESSION"];

/// GNOME's library crashed on links before 0.50.1.
const VTE: u32 = 5001;

/// Whether links are hidden behind their labels.
pub fn are_taken(environment: &Environment) -> bool {
    let get = |name: &str| environment.get(name);
    // The convention of supports-hyperlinks, an npm package and a crate.
    if let Some(wanted) = get("FORCE_HYPERLINK") {
        return wanted != "0";
    }
    let term = get("TERM").unwrap_or_default();
    // They swallow what the terminal around them would take, unless they are told otherwise.
    let is_multiplexed = get("TMUX").is_some()
        || get("STY").is_some()
        || ["tmux", "screen"].iter().any(|name| term.starts_with(name));
    let is_new_vte = || get("VTE_VERSION").and_then(|version| version.parse().ok()) >= Some(VTE);
    !is_multiplexed
        && (TERMS.iter().any(|known| term.starts_with(known))
            || get("TERM_PROGRAM").is_some_and(|program| PROGRAMS.contains(&program))
            || OWN.iter().any(|name| get(name).is_some())
            || is_new_vte())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_that_are_known_take_links() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("TERM", "xterm-256color")], false),
            (&[("TERM", "xterm-kitty")], true),
            (&[("TERM", "foot-extra")], true),
            (&[("TERM_PROGRAM", "Apple_Terminal")], false),
            (&[("TERM_PROGRAM", "iTerm.app")], true),
            (
                &[("TERM_PROGRAM", "iTerm.app"), ("TMUX", "/tmp/x,1,0")],
                false,
            ),
            (
                &[("TERM", "screen.xterm-256color"), ("WT_SESSION", "1")],
                false,
            ),
            (&[("VTE_VERSION", "4600")], false),
            (&[("VTE_VERSION", "7600")], true),
            (&[("VTE_VERSION", "7600"), ("FORCE_HYPERLINK", "0")], false),
            (&[("TERM", "tmux-256color"), ("FORCE_HYPERLINK", "1")], true),
        ] {
            let environment = Environment::from_pairs(variables);
            assert_eq!(are_taken(&environment), expected, "{variables:?}");
        }
    }
}
