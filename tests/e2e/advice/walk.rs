//! Follows advice: a shell in the setup, whose variables stay from command to command.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::super::support::{KEY, Program, Run, SERVICE, Setup};
use super::cases::{Broken, HEROKU};

/// What is executed in one setup at most.
const MOST: usize = 12;

/// A command that was printed and executed.
pub struct Step {
    /// The check of doctor, or `ask`.
    pub from: String,
    pub command: String,
    pub verdict: Verdict,
}

pub enum Verdict {
    Mends,
    /// It was marked as something to look at, and could be executed.
    Look,
    /// With what was wrong after it.
    InVain(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Mends => f.pad("mends"),
            Verdict::Look => f.pad("look"),
            Verdict::InVain(why) => write!(f, "IN VAIN ({why})"),
        }
    }
}

/// Takes the next command that was not executed yet, as long as there is one: those of the first
/// failure first, as doctor's last line has them; then those of `ask`.
pub fn walk(case: &Broken) -> Vec<Step> {
    thread::scope(|scope| {
        let asked = scope.spawn(|| of_ask(case));
        let mut steps = of_doctor(case);
        steps.extend(asked.join().unwrap());
        steps
    })
}

fn of_doctor(case: &Broken) -> Vec<Step> {
    let Setup(program, _servers) = (case.set_up)();
    let mut shell = Shell::of(&program, case.flags);
    let (mut steps, mut done) = (Vec::new(), HashSet::new());
    let mut before = shell.doctor();
    while steps.len() < MOST {
        let printed = before.commands();
        let Some(next) = printed.into_iter().find(|it| !done.contains(&it.command)) else {
            break;
        };
        done.insert(next.command.clone());
        let after = shell.follow(&next.command);
        let verdict = match &after {
            Ok(after) if after.is_better_than(&before, &next) => Verdict::Mends,
            Err(127) => Verdict::InVain("there is no such command".to_owned()),
            _ if next.is_look => Verdict::Look,
            Err(0) if is_use(&next.command) => Verdict::Mends,
            Err(0) => Verdict::InVain("it only shows something".to_owned()),
            Ok(after) => Verdict::InVain(after.first()),
            Err(code) => Verdict::InVain(format!("exit code {code}")),
        };
        let (from, command) = (next.from, next.command);
        steps.push(Step {
            from,
            command,
            verdict,
        });
        before = after.unwrap_or_else(|_| shell.doctor());
    }
    steps
}

/// The same with the commands of `ask`, in the same setup anew. What stands between here and the
/// service `ask` tells in doctor's words, and tries for a minute.
fn of_ask(case: &Broken) -> Vec<Step> {
    const NETWORK: [&str; 6] = ["dns", "tcp", "tls", "catalogue", "request", "live"];
    let (mut steps, mut done) = (Vec::new(), HashSet::new());
    let Setup(program, _servers) = (case.set_up)();
    let mut shell = Shell::of(&program, case.flags);
    let mut before = shell.doctor();
    let is_of_network = |outcome: &Outcome| {
        let first = outcome.checks().get(outcome.at());
        first.is_some_and(|it| NETWORK.iter().any(|id| it["id"] == *id))
    };
    if is_of_network(&before) {
        return steps;
    }
    let mut said = shell.ask();
    while steps.len() < MOST && !is_of_network(&before) {
        let mut new = commands_of(&said.stderr).into_iter();
        let Some((command, is_look)) = new.find(|(command, _)| !done.contains(command)) else {
            break;
        };
        done.insert(command.clone());
        let after = shell.follow(&command);
        let then = shell.ask();
        let title = |run: &Run| run.stderr.lines().next().unwrap_or_default().to_owned();
        let is_repeated = commands_of(&then.stderr)
            .iter()
            .any(|(it, _)| *it == command);
        let is_other = then.stderr != said.stderr && !is_repeated;
        let verdict = match &after {
            _ if then.code == 0 && said.code != 0 => Verdict::Mends,
            Ok(after) if is_other && after.at() >= before.at() => Verdict::Mends,
            // What shows a failure fails.
            Err(127) => Verdict::InVain("there is no such command".to_owned()),
            _ if is_look => Verdict::Look,
            Err(0) if is_use(&command) => Verdict::Mends,
            Ok(_) | Err(0) => Verdict::InVain(title(&then)),
            Err(code) => Verdict::InVain(format!("exit code {code}")),
        };
        steps.push(Step {
            from: "ask".to_owned(),
            command,
            verdict,
        });
        (said, before) = (then, after.unwrap_or(before));
    }
    steps
}

/// The commands of a failure in words, and whether the sentence above each says to look.
fn commands_of(message: &str) -> Vec<(String, bool)> {
    let (mut commands, mut words, mut is_look) = (Vec::new(), String::new(), false);
    for line in message.lines() {
        match line.strip_prefix("       ") {
            Some(command) => {
                // The sentence stands above all of its commands.
                is_look = if words.is_empty() {
                    is_look
                } else {
                    words.contains("Look ")
                };
                words.clear();
                commands.push((command.to_owned(), is_look));
            }
            None => words += &format!(" {}", line.trim_start_matches([' ', '›'])),
        }
    }
    commands
}

/// Whether a command gets an answer from a model, or a chat: that it ended well is the outcome.
fn is_use(command: &str) -> bool {
    ["heroku-chat ask ", "heroku-chat -"]
        .iter()
        .any(|it| command.starts_with(it))
}

struct Shell<'a> {
    program: &'a Program,
    flags: Vec<String>,
    session: PathBuf,
}

impl<'a> Shell<'a> {
    fn of(program: &'a Program, flags: &[&str]) -> Self {
        let (folder, home) = (program.folder.path(), program.home());
        let bin = folder.join("bin");
        std::fs::create_dir_all(home.join("heroku/apps")).unwrap();
        std::fs::write(home.join("heroku/cli"), HEROKU).unwrap();
        // What the user has at Heroku, whatever is broken here.
        let url = program
            .variables()
            .get("INFERENCE_URL")
            .map_or(SERVICE, String::as_str);
        let values = format!("INFERENCE_URL={url}\nINFERENCE_KEY={KEY}\n");
        for file in ["add-on", "apps/good"].map(|file| home.join("heroku").join(file)) {
            if !file.exists() {
                std::fs::write(file, &values).unwrap();
            }
        }
        let install = format!(
            "echo 'cp {home}/heroku/cli {bin}/heroku; chmod 755 {bin}/heroku'",
            home = home.display(),
            bin = bin.display()
        );
        program.command("curl", &install);
        let ours = assert_cmd::cargo::cargo_bin!("heroku-chat");
        let _ = std::os::unix::fs::symlink(ours, bin.join("heroku-chat"));
        let mut variables = program.variables().clone();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
        variables.insert("PATH".to_owned(), path);
        let export = |(name, value): (&String, &String)| {
            format!("export {name}='{}'\n", value.replace('\'', "'\\''"))
        };
        let session = folder.join("session");
        std::fs::write(&session, variables.iter().map(export).collect::<String>()).unwrap();
        let flags = flags.iter().map(|it| (*it).to_owned()).collect();
        Shell {
            program,
            flags,
            session,
        }
    }

    /// Runs a command with the variables of the session, and keeps those it sets.
    fn run(&self, command: &str) -> Run {
        let session = self.session.display();
        let script =
            format!(". '{session}'\n{command}\ncode=$?\nexport -p > '{session}'\nexit $code");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &script])
            .env_clear()
            .current_dir(self.program.work())
            .stdin(Stdio::null());
        Run::of(shell, "")
    }

    fn words(&self) -> String {
        let words = self.flags.iter().map(|flag| format!(" '{flag}'"));
        words.collect()
    }

    fn doctor(&self) -> Outcome {
        Outcome::of(&self.run(&format!("heroku-chat doctor --json{}", self.words())))
    }

    fn ask(&self) -> Run {
        // What only doctor knows.
        let words = self.words().replace(" '--live'", "");
        self.run(&format!("heroku-chat ask hi{words}"))
    }

    /// Executes a command as it was printed, with the case's app and certificate in place of the
    /// placeholders. What comes of it is what doctor says then; of a command that is heroku-chat
    /// itself and changes nothing, its exit code.
    fn follow(&mut self, printed: &str) -> Result<Outcome, i32> {
        let ca = self.program.work().join("ca.pem").display().to_string();
        let command = printed
            .replace("example-app", "good")
            .replace("/path/to/company-ca.pem", &ca);
        if let Some(flags) = command.strip_prefix("heroku-chat doctor") {
            self.flags = shlex::split(flags).unwrap();
            return Ok(self.doctor());
        }
        let run = self.run(&command);
        let changes = ["config pull", "config set"];
        let is_use = !changes.iter().any(|it| command.contains(it));
        if command.starts_with("heroku-chat") && is_use {
            return Err(run.code);
        }
        match run.code {
            0 => Ok(self.doctor()),
            code => Err(code),
        }
    }
}

/// What doctor found.
struct Outcome(Value);

/// A command that a check printed.
struct Printed {
    from: String,
    command: String,
    is_look: bool,
}

impl Outcome {
    fn of(run: &Run) -> Self {
        let json = serde_json::from_str(&run.stdout);
        Outcome(json.unwrap_or_else(|_| panic!("no JSON: {}{}", run.stdout, run.stderr)))
    }

    fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().unwrap()
    }

    fn entry(&self, id: &str) -> &Value {
        self.checks().iter().find(|it| it["id"] == id).unwrap()
    }

    /// Where the first failure is.
    fn at(&self) -> usize {
        let all = self.checks();
        all.iter()
            .position(|it| it["status"] == "fail")
            .unwrap_or(all.len())
    }

    fn first(&self) -> String {
        let entry = self.checks().get(self.at());
        entry.map_or("no failure".to_owned(), |it| {
            format!("{}: {}", it["id"], it["found"])
        })
    }

    /// All commands, those of the first failure first.
    fn commands(&self) -> Vec<Printed> {
        let all = self.checks();
        let (before, from) = all.split_at(self.at());
        let printed = |entry: &Value, field: &str| {
            let commands = entry[field].as_array().cloned().unwrap_or_default();
            let of = |it: &Value| Printed {
                from: entry["id"].as_str().unwrap().to_owned(),
                command: it.as_str().unwrap().to_owned(),
                is_look: field == "looks",
            };
            commands.iter().map(of).collect::<Vec<_>>()
        };
        let entries = from.iter().chain(before);
        entries
            .flat_map(|it| {
                printed(it, "commands")
                    .into_iter()
                    .chain(printed(it, "looks"))
            })
            .collect()
    }

    /// Whether a command mended something: the first failure is a later one; or what printed it is
    /// well; or that has something else to say, and not this command again.
    fn is_better_than(&self, before: &Outcome, printed: &Printed) -> bool {
        let (then, now) = (before.entry(&printed.from), self.entry(&printed.from));
        let repeats = |it: &Value| it.as_str() == Some(&printed.command);
        let is_repeated = now["commands"]
            .as_array()
            .is_some_and(|all| all.iter().any(repeats));
        let rank = |it: &Value| match it["status"].as_str() {
            Some("fail") => 0,
            Some("warn") => 1,
            _ => 2,
        };
        let is_other = then["found"] != now["found"] && !is_repeated;
        self.at() > before.at()
            || (self.at() == before.at() && (rank(now) > rank(then) || is_other))
    }
}
