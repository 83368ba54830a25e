//! The command line as people type it: help, and what isn't understood.

use super::support::Program;

#[test]
fn help_is_there_under_each_of_its_names() {
    let program = Program::new();
    let shown = |words: &[&str]| program.run(words).expect_code(0).stdout;
    let long = shown(&["help", "config", "pull"]);
    assert!(
        long.starts_with(
            "write the variables of an app into .env\n\nUSAGE\n  $ heroku-chat config pull [FLAGS]\n"
        ),
        "{long}"
    );
    assert_eq!(shown(&["config", "pull", "--help"]), long);
    assert_eq!(shown(&["--help"]), shown(&["help"]));
    assert_eq!(shown(&["help", "-h"]), shown(&["-h"]));
    let short = shown(&["ask", "-f", "pull", "-jh"]);
    assert!(
        short.contains("--file=<path>") && !short.contains("--timeout"),
        "{short}"
    );
    assert_eq!(shown(&["ask", "-h"]), short);
    let plugin = Program::new().with("HEROKU_CHAT_TOPIC", "ai");
    let page = plugin.run(&["config", "--help"]).expect_code(0).stdout;
    assert!(
        page.contains("  $ heroku ai:config [FLAGS]\n\nCOMMANDS\n  ai:config:pull "),
        "{page}"
    );
    program
        .run(&["help", "config", "pul"])
        .expect_code(2)
        .expect_error("Did you mean `heroku-chat config pull`?");
    program
        .run(&["help", "zebra"])
        .expect_code(2)
        .expect_error("there is no command \"zebra\"");
    program
        .run(&["ask", "--modle", "x"])
        .expect_code(2)
        .expect_error("'--model'")
        .expect_error("Usage: heroku-chat ask");
}
