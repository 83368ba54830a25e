//! Calls the user back to the window, by a bell or a notification; and how often somebody who
//! can't see a wait pass is told of it.

use std::time::Duration;

use crate::config::environment::Environment;

/// When something began, since the program did, and how much was typed and not read by then.
#[derive(Clone, Copy)]
pub struct Moment(Duration, u64);

impl Moment {
    pub fn at(age: Duration, unread: u64) -> Self {
        Moment(age, unread)
    }

    /// Whether so much time has passed until now that the user may look elsewhere, without a key.
    pub fn was_left_alone(self, now: Moment) -> bool {
        now.0 - self.0 > LONG && now.1 == self.1
    }
}

/// A turn that takes longer may have the user look elsewhere.
const LONG: Duration = Duration::from_secs(10);

/// What a terminal rings, or shows as a notification.
pub fn sound(environment: &Environment, is_accessible: bool) -> &'static str {
    match !is_accessible && takes_notifications(|name| environment.get(name)) {
        true => "\x1b]9;heroku-chat: the answer is there\x07",
        false => "\x07",
    }
}

/// Whether the terminal shows OSC 9 as a notification. Others take it as something else, or not at
/// all, as Windows Terminal does (microsoft/terminal#7718) and what runs inside of tmux.
fn takes_notifications<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> bool {
    let programs = ["iTerm.app", "WezTerm", "ghostty", "kitty"];
    let terminals = ["xterm-kitty", "xterm-ghostty", "wezterm"];
    let term = variable("TERM").unwrap_or_default();
    let is_program = variable("TERM_PROGRAM").is_some_and(|name| programs.contains(&name));
    // Old versions of both leave the variable of the terminal around them as it is.
    let is_inside = ["screen", "tmux", "dumb"]
        .iter()
        .any(|name| term.starts_with(name));
    !is_inside && (is_program || terminals.contains(&term))
}

/// When a wait is told of: after 5, 10, 20, 40 s and so on; in the log of a script from 30 s on.
#[derive(Default)]
pub struct Pace {
    next: Duration,
    /// How long a pause was to be.
    pub pause: Duration,
}

impl Pace {
    /// Whether it is told of now. Waits are asked about often, from their beginning on.
    pub fn is_due(&mut self, elapsed: Duration, is_terminal: bool) -> bool {
        let first = Duration::from_secs(if is_terminal { 5 } else { 30 });
        if elapsed < first || self.next.is_zero() {
            self.next = first;
        }
        let is_due = elapsed >= self.next;
        while elapsed >= self.next {
            self.next *= 2;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_go_to_terminals_that_show_them() {
        for (term, program, takes) in [
            ("xterm-256color", Some("iTerm.app"), true),
            ("xterm-kitty", None, true),
            ("xterm-256color", Some("Apple_Terminal"), false),
            ("xterm-256color", None, false),
            ("tmux-256color", Some("WezTerm"), false),
            ("dumb", Some("ghostty"), false),
        ] {
            let variable = |name: &str| match name {
                "TERM" => Some(term),
                _ => program,
            };
            assert_eq!(takes_notifications(variable), takes, "{term} {program:?}");
        }
    }

    #[test]
    fn a_wait_is_told_of_at_growing_intervals_and_the_next_one_anew() {
        let mut pace = Pace::default();
        let mut told = |seconds: &mut dyn Iterator<Item = u64>, is_terminal| {
            let is_due = |second: &u64| pace.is_due(Duration::from_secs(*second), is_terminal);
            seconds.filter(is_due).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&mut (0..50).chain(0..12), true),
            [5, 10, 20, 40, 5, 10]
        );
        assert_eq!(told(&mut (0..130), false), [30, 60, 120]);
    }
}
