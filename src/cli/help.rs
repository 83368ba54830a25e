//! Help in the manner of the Heroku CLI's, from clap's definitions: a page of the common flags for
//! `-h`, all of them for `--help`. Man pages and the plugin's manifest take its pieces. Pure.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Args as ClapArgs, Command};

use super::spelling::Spelling;

/// Where lines end.
const WIDTH: usize = 80;

/// `heroku-chat help`.
#[derive(Clone, Debug, ClapArgs)]
pub struct HelpArgs {
    /// command to explain, such as config pull
    #[arg(value_name = "COMMAND")]
    pub words: Vec<String>,
    /// only the common flags, as -h shows them
    #[arg(long, hide = true)]
    pub short: bool,
}

/// The page of a command that is built.
pub fn page(command: &Command, is_short: bool, spelling: &Spelling) -> String {
    let is_shown = |argument: &&Arg| {
        let is_help = matches!(argument.get_id().as_str(), "help" | "version");
        let is_hidden = argument.is_hide_set() || is_short && argument.is_hide_short_help_set();
        !is_help && !is_hidden
    };
    let (notes, examples) = notes_and_examples(command);
    let mut page = format!("{}\n", text(command.get_about()));
    let mut section = |heading: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let lines = lines.join("\n  ");
            page.push_str(&format!("\n{}\n  {lines}\n", heading.to_uppercase()));
        }
    };
    section("usage", vec![format!("$ {}", usage(command, spelling))]);
    let below = command.get_subcommands();
    section("commands", columns(below.map(|it| row(it, spelling))));
    let positionals = command.get_positionals().filter(is_shown);
    section(
        "arguments",
        columns(positionals.map(|it| (value_name(it), about(it, is_short)))),
    );
    let mut flags: Vec<(String, Vec<&Arg>)> = Vec::new();
    for flag in command.get_arguments().filter(is_shown) {
        let heading = match flag.get_help_heading().filter(|_| !is_short) {
            Some(group) => format!("{group} flags"),
            None => "flags".to_owned(),
        };
        match flags.iter_mut().find(|(other, _)| *other == heading) {
            _ if flag.is_positional() => {}
            Some((_, group)) => group.push(flag),
            None => flags.push((heading, vec![flag])),
        }
    }
    for (heading, group) in flags {
        section(
            &heading,
            columns(group.into_iter().map(|it| (label(it), about(it, is_short)))),
        );
    }
    if !is_short {
        let lines = notes
            .lines()
            .flat_map(|line| wrapped(&spelling.of(line), WIDTH - 2));
        section("description", lines.collect());
    }
    let examples = examples.into_iter().map(|line| spelling.of(&line));
    section(
        "examples",
        examples
            .take(if is_short { 2 } else { usize::MAX })
            .collect(),
    );
    if is_short {
        let name = spelling.of(command.get_bin_name().unwrap_or(command.get_name()));
        page.push_str(&format!("\nAll of it: {name} --help\n"));
    }
    page
}

/// The first line of clap's usage in the Heroku CLI's form: `heroku ai:ask [FLAGS] [PROMPT...]`.
pub fn usage(command: &Command, spelling: &Spelling) -> String {
    let usage = command.clone().render_usage().to_string();
    in_form(usage.lines().next().unwrap_or_default(), spelling)
}

/// A line of usage in that form.
pub fn in_form(usage: &str, spelling: &Spelling) -> String {
    let usage = spelling.of(usage.trim_start_matches("Usage: "));
    let forms = [("[OPTIONS]", "[FLAGS]"), ("]...", "...]"), (">...", "...>")];
    forms
        .iter()
        .fold(usage, |usage, (clap, ours)| usage.replace(clap, ours))
}

/// What stands behind the flags: notes, and lines of examples.
pub fn notes_and_examples(command: &Command) -> (String, Vec<String>) {
    let after = text(command.get_after_help());
    let (notes, examples) = after.split_once("EXAMPLES\n").unwrap_or((&after, ""));
    let examples = examples.lines().map(|line| line.trim().to_owned());
    (notes.trim().to_owned(), examples.collect())
}

/// The name of an argument's value, as it stands in a page: `PROMPT`, `APP`.
pub fn value_name(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some([name, ..]) => name.to_string(),
        _ => argument.get_id().as_str().to_uppercase(),
    }
}

/// The values that can be listed.
pub fn options(argument: &Arg) -> Vec<String> {
    let values = argument.get_possible_values();
    let shown = values.iter().filter(|_| takes_value(argument));
    shown
        .map(PossibleValue::get_name)
        .map(str::to_owned)
        .collect()
}

pub fn takes_value(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The texts of clap are styled; ours are not.
pub fn text(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

/// A command and what it is for. Below a topic of the Heroku CLI its name is that.
fn row(command: &Command, spelling: &Spelling) -> (String, String) {
    let typed = command.get_bin_name().unwrap_or_default();
    let spelled = spelling.of(typed);
    let name = spelled
        .strip_prefix("heroku ")
        .unwrap_or(command.get_name());
    (name.to_owned(), text(command.get_about()))
}

/// `-a, --app=<app>`
fn label(flag: &Arg) -> String {
    let short = flag
        .get_short()
        .map_or("    ".to_owned(), |short| format!("-{short}, "));
    let value = format!("=<{}>", value_name(flag).to_lowercase());
    let value = match takes_value(flag) {
        true if flag
            .get_num_args()
            .is_some_and(|count| count.min_values() == 0) =>
        {
            format!("[{value}]")
        }
        true => value,
        false => String::new(),
    };
    format!("{short}--{}{value}", flag.get_long().unwrap_or_default())
}

/// What an argument is for; on a short page without what follows the first part of its help.
fn about(argument: &Arg, is_short: bool) -> String {
    let mut about = text(argument.get_help());
    if is_short {
        let first = about.split([';', ':']).next();
        return first.unwrap_or_default().to_owned();
    }
    if let ([default], true) = (argument.get_default_values(), takes_value(argument)) {
        about = format!("[default: {}] {about}", default.to_string_lossy());
    }
    if argument.is_required_set() {
        about = format!("(required) {about}");
    }
    let options = options(argument);
    match options.is_empty() {
        true => about,
        false => format!("{about}\n<options: {}>", options.join("|")),
    }
}

/// Rows of two columns, the second in lines.
fn columns(rows: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let rows: Vec<_> = rows.collect();
    let left = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let line = |(name, about): &(String, String)| {
        let lines = about
            .lines()
            .flat_map(|line| wrapped(line, WIDTH - 4 - left));
        let about = lines
            .collect::<Vec<_>>()
            .join(&format!("\n{:left$}", "", left = left + 4));
        format!("{name:left$}  {about}")
    };
    rows.iter().map(line).collect()
}

fn wrapped(line: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    let lines = textwrap::wrap(line, options).into_iter();
    lines.map(|line| line.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Args;
    use clap::CommandFactory;

    fn pages(spelling: &Spelling) -> Vec<(Command, String, String)> {
        fn add(command: &Command, all: &mut Vec<Command>) {
            all.push(command.clone());
            command.get_subcommands().for_each(|below| add(below, all));
        }
        let mut root = Args::command();
        root.build();
        let mut all = Vec::new();
        add(&root, &mut all);
        let pages = all.into_iter().map(|it| {
            let (short, long) = (page(&it, true, spelling), page(&it, false, spelling));
            (it, short, long)
        });
        pages.collect()
    }

    #[test]
    fn a_short_page_is_a_screen_and_a_long_one_has_all_flags_in_80_columns() {
        for (command, short, long) in pages(&Spelling::default()) {
            let name = command.get_bin_name().unwrap_or_default();
            let rows = if command.has_subcommands() { 32 } else { 24 };
            assert!(short.lines().count() <= rows, "{name}\n{short}");
            for line in short.lines().chain(long.lines()) {
                assert!(line.chars().count() <= WIDTH, "{name}: {line}");
            }
            for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
                let long_name = flag.get_long().unwrap_or("help");
                let is_named = long.contains(&format!("--{long_name}"));
                assert!(
                    is_named || matches!(long_name, "help" | "version"),
                    "{name}: {long_name}"
                );
            }
        }
    }

    #[test]
    fn a_page_looks_like_the_heroku_clis() {
        let spelling = Spelling::below("ai", &Args::command());
        let pages = pages(&spelling);
        let of = |name: &str| {
            let found = pages
                .iter()
                .find(|(it, ..)| it.get_bin_name() == Some(name));
            found.unwrap()
        };
        let (_, short, long) = of("heroku-chat ask");
        assert!(
            long.starts_with(
                "answer one prompt, for scripts and pipes\n\n\
             USAGE\n  $ heroku ai:ask [FLAGS] [PROMPT...]\n\n\
             ARGUMENTS\n  PROMPT  the prompt; several words are joined by spaces; "
            ),
            "{long}"
        );
        for words in [
            "\n\nFLAGS\n  -f, --file=<path> ",
            "\nSERVICE FLAGS\n  -a, --app=<app>  ",
            "--thinking[=<budget>]  ",
            "<options: auto|always|never>\n",
            "\nEXAMPLES\n  $ heroku ai:ask \"",
        ] {
            assert!(long.contains(words), "{words}\n{long}");
        }
        assert!(
            short.ends_with("\nAll of it: heroku ai:ask --help\n"),
            "{short}"
        );
        let (_, _, config) = of("heroku-chat config");
        assert!(
            config.contains("\nCOMMANDS\n  ai:config:pull   write"),
            "{config}"
        );
        for (_, short, long) in &pages[1..] {
            let own = [short, long].map(|page| page.contains("heroku-chat c"));
            assert!(own == [false; 2] || long.contains("completions"), "{long}");
        }
    }
}
