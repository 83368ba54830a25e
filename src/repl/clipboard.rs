//! The clipboard of this machine, for terminals that may not hand a text to theirs (OSC 52).

use crate::config::child;
use crate::config::environment::Environment;

/// Programs that put what they read into the clipboard, and the variable that names the display
/// each needs. On macOS there is always one.
const TOOLS: &[(&str, Option<&str>)] = &[
    ("pbcopy", None),
    ("wl-copy", Some("WAYLAND_DISPLAY")),
    ("xclip -selection clipboard", Some("DISPLAY")),
];

/// Terminals that take OSC 52 as they come, by the variables that they set.
const TAKES_OSC_52: &[(&str, &[&str])] = &[
    (
        "TERM",
        &["alacritty", "foot", "xterm-ghostty", "xterm-kitty"],
    ),
    ("TERM_PROGRAM", &["WezTerm", "ghostty", "vscode"]),
];

/// Whether the terminal is known to put a text into its clipboard.
pub fn is_terminals(environment: &Environment) -> bool {
    let is_one = |(variable, values): &(&str, &[&str])| {
        let value = environment.get(variable);
        value.is_some_and(|value| values.contains(&value))
    };
    TAKES_OSC_52.iter().any(is_one)
}

/// Hands a text to the first of the programs that takes it. Says whether one did.
pub fn copy(text: &str, environment: &Environment) -> bool {
    let has_display = |display: &Option<&str>| match display {
        Some(display) => environment.get(display).is_some(),
        None => cfg!(target_os = "macos"),
    };
    let mut tools = TOOLS.iter().filter(|(_, display)| has_display(display));
    tools.any(|(command, _)| {
        child::feed(command, text, child::Output::Nowhere, environment)
            .is_ok_and(|status| status.success())
    })
}
