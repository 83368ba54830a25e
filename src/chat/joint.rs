//! Where an answer that was cut goes on: its last word, which may be half a word, is said again, in
//! code its last line. Models begin there or go on behind it; here both become the same text. Pure.

use crate::conversation::GO_ON;
use crate::markdown::opening_line;

/// The most that is said again, in bytes; more of it is no word.
const AGAIN_LIMIT: usize = 200;

/// The place between what was said and what comes.
#[derive(Debug, Default)]
pub struct Joint {
    /// The end of what was said, to be replaced by the beginning of what comes.
    again: String,
    /// The line that opened the block of code in which it ended, if it did.
    opening: Option<String>,
    /// What came, until it is known how it begins.
    held: Option<String>,
}

impl Joint {
    /// The end of an answer, if that was cut.
    pub fn at_end_of(text: &str) -> Self {
        let (lines, line) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
        let opening = opening_line(lines).map(str::to_owned);
        let again = match opening {
            Some(_) => line,
            None => line.rsplit(char::is_whitespace).next().unwrap_or_default(),
        };
        let again = Some(again).filter(|it| it.len() <= AGAIN_LIMIT);
        Joint {
            again: again.unwrap_or_default().to_owned(),
            opening,
            held: Some(String::new()),
        }
    }

    /// Asks for the rest.
    pub fn request(&self) -> String {
        let (unit, place) = match self.opening {
            Some(_) => ("line", " It ends in a block of code, which is still open."),
            None => ("word", ""),
        };
        let again = match self.again.trim() {
            "" => String::new(),
            again => format!(
                " First say its last {unit} again, which may be incomplete, and nothing that stands \
                 before it:\n{again}"
            ),
        };
        format!(
            "{GO_ON} Go on exactly where it ends, without repeating any \
             more of it and without a word about this.{place}{again}"
        )
    }

    /// How much at the end of what was said is said again, in bytes.
    pub fn length(&self) -> usize {
        self.again.len()
    }

    /// What to show of the next piece.
    pub fn push(&mut self, piece: String) -> Option<String> {
        match &mut self.held {
            None => Some(piece),
            Some(held) => {
                held.push_str(&piece);
                self.show(false)
            }
        }
    }

    /// What to show at the end, if it never was known how it begins.
    pub fn end(&mut self) -> Option<String> {
        self.held.as_ref().filter(|held| !held.is_empty())?;
        self.show(true)
    }

    /// All that came, as it follows what was said before the joint.
    pub fn whole(&self, came: &str) -> String {
        self.joined(came, true).unwrap_or_default()
    }

    /// A block of code goes on as one.
    fn show(&mut self, is_whole: bool) -> Option<String> {
        let joined = self.joined(self.held.as_deref()?, is_whole)?;
        self.held = None;
        let opening = self.opening.iter().map(|line| format!("{line}\n"));
        Some(opening.collect::<String>() + &joined)
    }

    /// None if more has to come to know.
    fn joined(&self, came: &str, is_whole: bool) -> Option<String> {
        let (mut rest, mut indent) = (came, "");
        let mut again = self.again.as_str();
        if self.opening.is_some() {
            rest = match opened_again(came) {
                Some(line) if !line.ends_with('\n') && !is_whole => return None,
                Some(line) => &came[line.len()..],
                None => came,
            };
            let bare = again.trim_start();
            indent = &again[..again.len() - bare.len()];
            again = bare;
        }
        let bare = match again {
            "" => return Some(format!("{indent}{rest}")),
            _ if self.opening.is_some() => rest.trim_start_matches([' ', '\t']),
            _ => rest,
        };
        if bare.starts_with(again) {
            return Some(format!("{indent}{bare}"));
        }
        match again.starts_with(bare) {
            true if !is_whole => None,
            true => Some(self.again.clone()),
            false => Some(format!("{}{rest}", self.again)),
        }
    }
}

/// The first line, if it opens a block of code that is open: one that closes it names no language.
fn opened_again(came: &str) -> Option<&str> {
    let line = came.split_inclusive('\n').next().unwrap_or_default();
    let marks = line.trim_start();
    let info = marks.trim_start_matches(['`', '~']);
    let is_begun = marks.len() - info.len() >= 3 || "```".starts_with(marks.trim_end());
    let may_open = !line.ends_with('\n') || !info.trim().is_empty();
    (is_begun && may_open).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_and_a_line_of_code_are_said_once_whether_or_not_the_model_repeats_them() {
        for (said, came, whole) in [
            ("The inter", "national law", "The international law"),
            ("The inter", "international law", "The international law"),
            ("The inter", "inter", "The inter"),
            ("The answer is", " forty-two", "The answer is forty-two"),
            ("The answer is", " island", "The answer is island"),
            ("The answer ", "is", "The answer is"),
            ("", "all", "all"),
            ("```rb\n  puts \"a", "b\"\n```", "```rb\n  puts \"ab\"\n```"),
            ("```rb\n  puts 1", "puts 12\n", "```rb\n  puts 12\n"),
            ("```rb\n  puts 1", "    puts 12\n", "```rb\n  puts 12\n"),
            ("```rb\nputs 1", "```rb\nputs 12\n", "```rb\nputs 12\n"),
            (
                "```rb\nputs 1\n",
                "```ruby\nputs 2",
                "```rb\nputs 1\nputs 2",
            ),
            ("```rb\nputs 1\n", "```\nDone", "```rb\nputs 1\n```\nDone"),
            ("```rb\nputs 1", "\n```\nDone", "```rb\nputs 1\n```\nDone"),
        ] {
            let joint = Joint::at_end_of(said);
            let before = &said[..said.len() - joint.length()];
            assert_eq!(format!("{before}{}", joint.whole(came)), whole, "{came:?}");
            // Whatever the pieces were, the same is shown.
            for cut in 0..=came.len() {
                let mut joint = Joint::at_end_of(said);
                let pieces = [&came[..cut], &came[cut..]].map(str::to_owned);
                let mut shown: String =
                    pieces.into_iter().filter_map(|it| joint.push(it)).collect();
                shown.extend(joint.end());
                let opening = if said.starts_with("```") {
                    "```rb\n"
                } else {
                    ""
                };
                let rest = joint.whole(came);
                assert_eq!(shown, format!("{opening}{rest}"), "{came:?} at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_word_is_not_said_again() {
        assert_eq!(Joint::at_end_of(&"字".repeat(100)).length(), 0);
        let request = Joint::at_end_of("done.\n").request();
        assert!(request.ends_with("a word about this."), "{request}");
        let request = Joint::at_end_of("```sh\ngit pu").request();
        assert!(
            request.ends_with(":\ngit pu") && request.contains("open"),
            "{request}"
        );
    }
}
