//! A piece of an answer, as it comes.

/// A piece of an answer, as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// What the model says.
    Content(&'a str),
    /// What it thinks before.
    Reasoning(&'a str),
}
