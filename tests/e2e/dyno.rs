//! On a dyno: config vars in the environment, no Heroku CLI, no home that can be relied on, a
//! terminal of unknown width.

use super::support::{Api, Program, Terminal};

fn dyno(api: &Api) -> Program {
    // Nobody can write below /proc, not even root.
    Program::for_service(&api.url())
        .with("DYNO", "run.1234")
        .with("HOME", "/proc/app")
}

#[test]
fn a_dyno_chats_with_what_is_in_its_environment() {
    let api = Api::tokens(&["fine"]);
    let program = dyno(&api);
    program
        .run(&["ask", "how are you?"])
        .expect_code(0)
        .expect_output("fine\n");
    let terminal = Terminal::start(&program, &[], 0, 0);
    terminal.wait_for("no history is kept");
    terminal.wait_for_prompt();
    terminal.send("hello\r");
    terminal.wait_for("this conversation can't be saved");
    terminal.wait_for("fine");
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn a_dyno_without_the_add_on_is_told_to_attach_it() {
    let program = Program::new().with("DYNO", "run.1234");
    let run = program
        .run(&["ask", "hi"])
        .expect_code(1)
        .expect_error("there is none on a dyno");
    run.expect_error("heroku addons:create heroku-inference:standard -a example-app");
    let found = program.run(&["doctor", "--json"]).expect_code(1).stdout;
    assert!(found.contains("there is none on a dyno"), "{found}");
}
