//! The program as process 1 of a container, which needs namespaces of the system's.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::support::{Signal, signal};

/// The kernel drops a signal that process 1 doesn't handle.
#[test]
fn process_1_of_a_container_ends_on_sigterm_and_sighup() {
    let namespace = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(namespace).stdin(Stdio::null());
        unshare
    };
    for (name, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut process = unshare();
        process
            .arg(assert_cmd::cargo::cargo_bin!("heroku-chat"))
            .arg("sandbox");
        let mut child = process
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the sandbox serves");
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let children = std::fs::read_to_string(children).expect("its children");
        signal(children.trim().parse().expect("one process"), name);
        assert_eq!(
            child.wait().expect("it ends").code(),
            Some(code),
            "{name:?}"
        );
    }
}
