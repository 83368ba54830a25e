//! Command lines that are taken, and the words of those that are refused.

use clap::CommandFactory;

use super::kept::Kept;
use super::parse::{misplaced_flag, read, with_fitting_tips};
use super::*;

#[test]
fn free_text_may_begin_with_a_dash_and_prose_is_taken_for_no_flag() {
    let parse = |words: &[&str]| Args::try_parse_from([&["heroku-chat"], words].concat());
    for text in ["- one line", "-", "---", "--- a", "-x"] {
        assert!(parse(&["ask", "--system", text, "hi"]).is_ok(), "{text}");
        assert!(parse(&["ask", "--stop", text, "hi"]).is_ok(), "{text}");
    }
    for prompt in ["--- a/file", "--modle x", "- one", "-- two"] {
        let error = parse(&["ask", prompt]).map(|_| ()).unwrap_err();
        let told = with_fitting_tips(error).to_string();
        assert!(told.contains("behind '--'"), "{told}");
        assert!(
            !told.contains("--key-file") && !told.contains("--model"),
            "{told}"
        );
    }
    let error = parse(&["ask", "--modle"]).map(|_| ()).unwrap_err();
    assert!(with_fitting_tips(error).to_string().contains("'--model'"));
}

#[test]
fn a_flag_before_a_command_is_used_or_refused() {
    let misplaced = |words: &[&str]| {
        let matches = Args::definition().try_get_matches_from(words).unwrap();
        misplaced_flag(&matches).map(|error| error.to_string())
    };
    assert_eq!(
        misplaced(&["heroku-chat", "--debug", "--color", "never", "ask", "hi"]),
        None
    );
    assert_eq!(misplaced(&["heroku-chat", "-m", "x"]), None);
    let listed = ["heroku-chat", "sessions", "list", "--sandbox"];
    assert_eq!(misplaced(&listed), None);
    let message = misplaced(&["heroku-chat", "-m", "x", "ask", "hi"]).unwrap();
    assert!(message.contains("heroku-chat ask --model"), "{message}");
}

#[test]
fn what_names_no_command_is_a_prompt() {
    let read = |line: &str| {
        let words = shlex::split(&format!("heroku-chat {line}")).unwrap();
        let words: Vec<_> = words.iter().map(Into::into).collect();
        read(&words, &|_, _| Kept::default()).map(|(args, _)| args)
    };
    for (line, prompt) in [
        ("'What is a dyno?'", "What is a dyno?"),
        ("please ask him", "please ask him"),
        ("-f Procfile 'Is this right?'", "Is this right?"),
        ("-m x --json tell me", "tell me"),
        ("-c 'and now?'", "and now?"),
        ("-- -v is what", "-v is what"),
    ] {
        let args = read(line).unwrap();
        assert!(args.is_bare_prompt, "{line}");
        let Some(Command::Ask(ask)) = args.command else {
            panic!("{line}: {:?}", args.command);
        };
        assert_eq!(ask.prompt.join(" "), prompt);
    }
    for line in ["", "-c", "-m x", "chat hello", "--lines", "ask hi"] {
        assert!(!read(line).unwrap().is_bare_prompt, "{line}");
    }
    for (line, told) in [
        ("why is my app slow", "a question goes in quotes"),
        ("--contine", "'--continue'"),
        ("hello --modle x", "'--model'"),
        ("-p hello", "heroku-chat ask"),
        ("config pul", "'pull'"),
    ] {
        let error = with_fitting_tips(read(line).unwrap_err()).to_string();
        assert!(error.contains(told), "{line}: {error}");
    }
}

#[test]
fn definition_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn every_description_is_a_lower_case_fragment_without_period() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments() {
            let help = argument
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            if matches!(argument.get_id().as_str(), "help" | "version") {
                continue;
            }
            assert!(
                help.starts_with(char::is_lowercase),
                "{}: {help:?}",
                argument.get_id()
            );
            assert!(!help.ends_with('.'), "{}: {help:?}", argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Args::command());
}
